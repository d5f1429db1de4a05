//! Requests of a log that names none: the server writes its line when a request is over, so the statements before it
//! are that request's.

use super::super::{Record, Sink};
use super::line::Access;

/// Statements of one request; beyond this the log is taken to have no request lines.
const MOST_HELD: usize = 20_000;

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
