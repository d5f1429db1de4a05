//! Requests of a log that names none: the server writes its line when a request is over, so the statements before it
//! are that request's.

use super::{Record, Sink};

/// Statements of one request; beyond this the log is taken to have no request lines.
const MOST_HELD: usize = 20_000;

/// A server has answered a request.
#[derive(Debug, PartialEq)]
pub(super) struct Access {
    /// `GET /forum/?page=2`
    pub name: String,
}

/// `… "GET /x HTTP/1.1" 200 123 …`, of runserver, gunicorn, uvicorn, nginx.
pub(super) fn access(text: &str) -> Option<Access> {
    let protocol = memchr::memmem::find(text.as_bytes(), b" HTTP/")?;
    let (before, after) = text.split_at_checked(protocol)?;
    let (_, request) = before.rsplit_once('"')?;
    let (method, path) = request.split_once(' ')?;
    let is_method = (3..=7).contains(&method.len()) && method.bytes().all(|byte| byte.is_ascii_uppercase());
    let (_, status) = after.split_once("\" ")?;
    let is_status = status.len() >= 3 && status.bytes().take(3).all(|byte| byte.is_ascii_digit());
    let is_path = path.starts_with(['/', '*']) || path.starts_with("http");
    (is_method && is_status && is_path).then(|| Access { name: request.to_string() })
}

/// Held until the line that names their request.
#[derive(Default)]
pub(super) struct Requests {
    held: Vec<Record>,
    /// Requests given so far.
    ended: u64,
    /// A request without bounds is open: its statements are handed on as they come.
    unbounded: bool,
    /// Statements that stood before the line of a file, which sends none.
    overlaps: u64,
}

impl Requests {
    pub fn statement(&mut self, record: Record, sink: &mut dyn Sink) {
        if self.unbounded {
            sink.statement(record);
            return;
        }
        self.held.push(record);
        if self.held.len() > MOST_HELD {
            self.begin_unbounded(sink);
        }
    }

    /// The server's line of a request.
    pub fn end(&mut self, access: &Access, sink: &mut dyn Sink) {
        if is_file(&access.name) {
            self.overlaps += u64::from(!self.held.is_empty());
            return;
        }
        if self.unbounded {
            self.end_unbounded(sink);
            return;
        }
        self.ended += 1;
        sink.begin_request(&self.ended.to_string(), &access.name, true);
        self.held.drain(..).for_each(|record| sink.statement(record));
        sink.end_request(None);
    }

    pub fn finish(mut self, sink: &mut dyn Sink) {
        if !self.unbounded && !self.held.is_empty() {
            self.begin_unbounded(sink);
        }
        if self.unbounded {
            self.end_unbounded(sink);
        }
        if self.ended == 0 {
            sink.note("the log has no request boundaries: everything in it counts as one run".to_string());
        } else {
            let overlaps = if self.overlaps == 0 {
                String::new()
            } else {
                format!(", as {} of them seem to have done", self.overlaps)
            };
            sink.note(format!(
                "requests end at the server's own lines; where requests ran at the same time{overlaps}, their statements \
                 are mixed"
            ));
        }
    }

    fn begin_unbounded(&mut self, sink: &mut dyn Sink) {
        let name = if self.ended == 0 { "the whole log" } else { "outside of requests" };
        sink.begin_request(&format!("rest{}", self.ended), name, false);
        self.held.drain(..).for_each(|record| sink.statement(record));
        self.unbounded = true;
    }

    fn end_unbounded(&mut self, sink: &mut dyn Sink) {
        sink.end_request(None);
        self.unbounded = false;
    }
}

/// Static files are served without a statement.
fn is_file(name: &str) -> bool {
    let path = name.split_once(' ').map_or(name, |(_, path)| path);
    let path = path.split(['?', '#']).next().unwrap_or(path);
    ["/static/", "/media/"].iter().any(|folder| path.starts_with(folder)) || path == "/favicon.ico"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_access_line_names_its_request() {
        let Access { name, .. } = access(r#"[21/Nov/2026 02:16:53] "GET /topics/?a=1 HTTP/1.1" 200 534"#).unwrap();
        assert_eq!(name, "GET /topics/?a=1");
        assert!(access(r#"SELECT "GET /x HTTP/1.1" FROM t"#).is_none());
    }
}
