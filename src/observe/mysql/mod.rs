//! The slow query log and the general query log of MySQL and MariaDB.
//!
//! Seen: MariaDB 10.11, with `log_slow_verbosity` off and on. MySQL 5.7 and 8 write the same with other times and with
//! the thread's number on another line.
//! <https://mariadb.com/kb/en/slow-query-log-overview/> <https://dev.mysql.com/doc/refman/8.4/en/slow-query-log.html>

mod general;
mod slow;

pub(super) use general::FORMAT as GENERAL;
pub(super) use slow::FORMAT as SLOW;

/// Longer statements are cut, so that memory stays bounded.
const LONGEST_STATEMENT: usize = 8 * 1024 * 1024;

/// `user@database`, as far as both are known.
fn who(user: &str, database: &str) -> String {
    match (user, database) {
        ("", _) => String::new(),
        (_, "") => user.to_string(),
        _ => format!("{user}@{database}"),
    }
}
