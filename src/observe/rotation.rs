//! Rotated logs in the order in which they were written: `app.log.2.gz`, `app.log.1`, `app.log`.

use std::cmp::Reverse;
use std::collections::HashMap;

use super::packed::inner_name;

/// When a part of a log was written, among those of the same name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Age<'a> {
    /// `app.log-20240102`, `app.log.2024-01-02`
    Dated(&'a str),
    /// `app.log.2`: the higher, the older.
    Numbered(Reverse<u32>),
    /// The one that is written to.
    Current,
}

/// The order in which to read the files: indexes into `names`. Parts of one log stand together, the oldest first, in
/// the place of the first of them; other files stay where they are.
pub fn in_order<S: AsRef<str>>(names: &[S]) -> Vec<usize> {
    let mut first: HashMap<&str, usize> = HashMap::new();
    let keyed: Vec<(usize, Age<'_>)> = names
        .iter()
        .enumerate()
        .map(|(index, name)| {
            let (log, age) = part(name.as_ref());
            (*first.entry(log).or_insert(index), age)
        })
        .collect();
    let mut order: Vec<usize> = (0..names.len()).collect();
    order.sort_by_key(|index| keyed.get(*index));
    order
}

/// The log that a file is a part of.
fn part(name: &str) -> (&str, Age<'_>) {
    let name = inner_name(name);
    if let Some((log, ending)) = name.rsplit_once('.') {
        let number = Some(ending).filter(|digits| is_digits(digits) && digits.len() <= 4);
        if let Some(number) = number.and_then(|digits| digits.parse().ok()) {
            return (log, Age::Numbered(Reverse(number)));
        }
    }
    let marks = name.match_indices(['.', '-']).filter_map(|(at, _)| name.split_at_checked(at));
    let dated = marks.filter_map(|(log, rest)| Some((log, rest.get(1..).filter(|date| is_date(date))?))).next();
    dated.map_or((name, Age::Current), |(log, date)| (log, Age::Dated(date)))
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// `20240102`, `2024-01-02`, with a time behind it.
fn is_date(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let only = text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'_'));
    only && digits >= 8 && text.starts_with(['1', '2'])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ordered<'a>(names: &[&'a str]) -> Vec<&'a str> {
        in_order(names).into_iter().map(|index| names[index]).collect()
    }

    #[test]
    fn the_oldest_part_is_read_first() {
        let names = ["app.log", "app.log.1", "app.log.10.gz", "app.log.2.gz"];
        assert_eq!(ordered(&names), ["app.log.10.gz", "app.log.2.gz", "app.log.1", "app.log"]);
        let names =
            ["db.log", "a/x.log-2024-01-03.zst", "b.json", "a/x.log", "a/x.log-2024-01-02.zst", "db.log.20240102-0300"];
        let expected =
            ["db.log.20240102-0300", "db.log", "a/x.log-2024-01-02.zst", "a/x.log-2024-01-03.zst", "a/x.log", "b.json"];
        assert_eq!(ordered(&names), expected);
    }

    #[test]
    fn other_files_stay_where_they_are() {
        let names = ["views.py", "b.log", "a.log", "x-2.json", "x-1.json", "postgresql-15.log", "postgresql-14.log"];
        assert_eq!(ordered(&names), names);
    }
}
