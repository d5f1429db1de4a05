//! Statements of a server's log, in which sessions run side by side, put together by session.
//!
//! A session that goes on after a pause, or for long, is a connection that several requests use: what is between two
//! pauses counts as one, what goes on without a pause as nobody's.

use rustc_hash::FxHashMap;
use smol_str::SmolStr;

use super::{Record, Sink, noise};

/// A pause of this length ends a request.
const PAUSE_US: i64 = 2_000_000;
/// What goes on for longer without a pause is more than one request.
const LONGEST_US: i64 = 30_000_000;
/// Text of all statements that are held; beyond this the session that holds most is handed on as it is.
const MOST_BYTES: usize = 64 << 20;
/// Statements between two looks for sessions that are over.
const SWEEP: u64 = 4096;

/// A statement whose session is not over.
pub(super) struct Held {
    pub record: Record,
    pub start_us: Option<i64>,
    /// Its time comes on a line of its own.
    pub awaits_time: bool,
    /// A plan told of it, and it may be told of once more.
    pub planned: bool,
}

#[derive(Default)]
struct Session {
    /// In the order of first lines.
    order: u64,
    name: String,
    held: Vec<Held>,
    bytes: usize,
    first_us: Option<i64>,
    last_us: Option<i64>,
    /// It went on for longer than a request does, and had no pause since.
    shared: bool,
    /// A piece of it was handed on.
    divided: bool,
}

#[derive(Default)]
pub(super) struct Sessions {
    by_key: FxHashMap<SmolStr, Session>,
    bytes: usize,
    seen: u64,
    given: u64,
    /// Times are finer than seconds.
    precise: bool,
    /// Statements stand in no session: the log names none.
    unkeyed: bool,
    shared: u64,
    unheld: u64,
    noise: u64,
}

impl Sessions {
    /// The times of the log tell the order of statements within a second.
    pub fn set_precise(&mut self) {
        self.precise = true;
    }

    /// Statements given so far, those that tools sent included.
    pub fn statements(&self) -> u64 {
        self.seen
    }

    /// `key`: what tells sessions apart; empty where the log has nothing that does. `who`: asked once per session.
    pub fn statement(&mut self, key: &str, who: impl FnOnce() -> String, held: Held, sink: &mut dyn Sink) {
        self.seen += 1;
        if noise::is_tool(&held.record.sql) {
            self.noise += 1;
            return;
        }
        if key.is_empty() && !self.unkeyed {
            self.unkeyed = true;
            sink.begin_request("all", "the whole log", false);
        }
        if self.unkeyed {
            self.in_order(held, sink);
            return;
        }
        if self.seen.is_multiple_of(SWEEP)
            && let Some(now) = held.start_us
        {
            self.sweep(now, sink);
        }
        let new = || Session { order: self.seen, ..Session::default() };
        let session = self.by_key.entry(SmolStr::new(key)).or_insert_with(new);
        if session.name.is_empty() {
            session.name = who();
        }
        if let (Some(start), Some(first), Some(last)) = (held.start_us, session.first_us, session.last_us) {
            let paused = start - last >= PAUSE_US;
            if paused || start - first >= LONGEST_US {
                let bounded = paused && !session.shared;
                self.shared += u64::from(!paused && !session.shared);
                self.bytes -= session.bytes;
                session.shared = !paused;
                give(session, bounded, None, self.precise, &mut self.given, sink);
                session.divided = true;
            }
        }
        let weight = held.record.sql.len() + size_of::<Held>();
        let end = held.start_us.map(|start| start + held.record.duration_us.unwrap_or(0) as i64);
        session.first_us = session.first_us.or(held.start_us);
        session.last_us = end.max(session.last_us);
        session.bytes += weight;
        session.held.push(held);
        self.bytes += weight;
        if self.bytes > MOST_BYTES {
            self.make_room(sink);
        }
    }

    /// The last statement of a session, while it is held.
    pub fn last_of(&mut self, key: &str) -> Option<&mut Held> {
        let key = if self.unkeyed { "" } else { key };
        self.by_key.get_mut(key)?.held.last_mut()
    }

    /// Something of the session, other than a statement, stands in the log.
    pub fn lives(&mut self, key: &str, at_us: Option<i64>) {
        if let Some(session) = self.by_key.get_mut(key) {
            session.last_us = session.last_us.max(at_us);
        }
    }

    /// The session is over; `took_us`: from connecting on.
    pub fn end(&mut self, key: &str, took_us: Option<u64>, sink: &mut dyn Sink) {
        if self.unkeyed {
            return;
        }
        if let Some(mut session) = self.by_key.remove(key) {
            self.bytes -= session.bytes;
            let took_us = took_us.filter(|_| !session.divided);
            let bounded = !session.shared;
            give(&mut session, bounded, took_us, self.precise, &mut self.given, sink);
        }
    }

    /// Hands on what is held, and says what sessions are here.
    pub fn finish(mut self, sink: &mut dyn Sink) {
        if self.unkeyed {
            self.by_key.into_values().flat_map(|session| session.held).for_each(|held| sink.statement(held.record));
            sink.end_request(None);
            sink.note(
                "the log names no sessions, hence has no request boundaries: everything in it counts as one run"
                    .to_string(),
            );
        } else {
            // Without times, nothing tells a session that is over from a connection that goes on.
            self.give_all(|session| session.last_us.is_some(), sink);
            sink.note(
                "a session counts as a request, and so does what follows a pause of 2 s: right for connections that are \
                 closed after each request (Django's CONN_MAX_AGE = 0), too long where requests share one"
                    .to_string(),
            );
        }
        if self.shared > 0 {
            let sessions = if self.shared == 1 { "1 session" } else { &format!("{} sessions", self.shared) };
            sink.note(format!(
                "{sessions} went on for 30 s without a pause: connections that requests share, whose statements are \
                 nobody's request"
            ));
        }
        if self.unheld > 0 {
            sink.note("more sessions ran at the same time than can be held: the longest were divided".to_string());
        }
        if let Some(note) = noise::note(self.noise) {
            sink.note(note);
        }
    }

    /// Of a log without sessions: a statement waits for the next line only.
    fn in_order(&mut self, held: Held, sink: &mut dyn Sink) {
        let session = self.by_key.entry(SmolStr::default()).or_default();
        session.held.drain(..).for_each(|held| sink.statement(held.record));
        session.held.push(held);
    }

    /// Hands on the sessions that nothing was heard of for long.
    fn sweep(&mut self, now: i64, sink: &mut dyn Sink) {
        let over = |session: &Session| {
            let waits = session.held.last().is_some_and(|held| held.awaits_time);
            let patience = if waits { 1800 * PAUSE_US } else { PAUSE_US };
            session.last_us.is_some_and(|last| now - last >= patience)
        };
        let mut ended: Vec<Session> = self.by_key.extract_if(|_, session| over(session)).map(|(_, one)| one).collect();
        ended.sort_by_key(|session| session.order);
        for mut session in ended {
            self.bytes -= session.bytes;
            let bounded = !session.shared;
            give(&mut session, bounded, None, self.precise, &mut self.given, sink);
        }
    }

    fn make_room(&mut self, sink: &mut dyn Sink) {
        self.unheld += 1;
        if let Some(session) = self.by_key.values_mut().max_by_key(|session| (session.bytes, session.order)) {
            self.bytes -= session.bytes;
            session.divided = true;
            session.shared = true;
            give(session, false, None, self.precise, &mut self.given, sink);
        }
    }

    fn give_all(&mut self, bounded: impl Fn(&Session) -> bool, sink: &mut dyn Sink) {
        let mut sessions: Vec<Session> = self.by_key.drain().map(|(_, session)| session).collect();
        sessions.sort_by_key(|session| session.order);
        for mut session in sessions {
            let bounded = bounded(&session) && !session.shared;
            give(&mut session, bounded, None, self.precise, &mut self.given, sink);
        }
    }
}

/// Hands on what is held of a session.
fn give(
    session: &mut Session,
    bounded: bool,
    took_us: Option<u64>,
    precise: bool,
    given: &mut u64,
    sink: &mut dyn Sink,
) {
    session.bytes = 0;
    let first = session.first_us.take().filter(|_| precise);
    if session.held.is_empty() {
        return;
    }
    *given += 1;
    let name = if session.name.is_empty() { "session" } else { &session.name };
    sink.begin_request(&given.to_string(), name, bounded);
    for held in session.held.drain(..) {
        let start_us = first.zip(held.start_us).map(|(first, start)| (start - first).max(0) as u64);
        sink.statement(Record { start_us, ..held.record });
    }
    sink.end_request(took_us);
}

#[cfg(test)]
mod tests {
    use std::ops::ControlFlow;
    use std::sync::Arc;

    use super::*;

    /// Each request as it was given: whether it is bounded, and its statements.
    #[derive(Default)]
    struct Given(Vec<(bool, Vec<String>)>, Vec<String>);

    impl Sink for Given {
        fn begin_request(&mut self, _: &str, _: &str, bounded: bool) {
            self.0.push((bounded, Vec::new()));
        }
        fn statement(&mut self, record: Record) {
            self.0.last_mut().unwrap().1.push(record.sql.to_string());
        }
        fn end_request(&mut self, _: Option<u64>) {}
        fn note(&mut self, note: String) {
            self.1.push(note);
        }
        fn error(&mut self, _: Option<u32>, _: String) {}
        fn progress(&mut self, _: u64) -> ControlFlow<()> {
            ControlFlow::Continue(())
        }
    }

    /// Milliseconds, session and text of statements; how each ends is left to what follows.
    fn given(statements: &[(i64, &str, &str)]) -> Given {
        let (mut sessions, mut given) = (Sessions::default(), Given::default());
        for (ms, key, sql) in statements {
            let record = Record { sql: Arc::from(*sql), repeat: 1, ..Record::default() };
            let held = Held { record, start_us: Some(ms * 1000), awaits_time: false, planned: false };
            sessions.statement(key, String::new, held, &mut given);
        }
        sessions.finish(&mut given);
        given
    }

    fn request(bounded: bool, statements: &[&str]) -> (bool, Vec<String>) {
        (bounded, statements.iter().map(|sql| (*sql).to_string()).collect())
    }

    #[test]
    fn sessions_come_apart_and_pauses_end_a_request() {
        let all = given(&[(0, "7", "a"), (1, "8", "x"), (2, "7", "b"), (900, "8", "y"), (5000, "7", "c")]);
        assert_eq!(all.0, [request(true, &["a", "b"]), request(true, &["c"]), request(true, &["x", "y"])]);
    }

    #[test]
    fn what_goes_on_without_a_pause_is_no_request() {
        let busy: Vec<(i64, &str, &str)> = (0..50).map(|second| (second * 1000, "7", "a")).collect();
        let all = given(&busy);
        assert_eq!(all.0.iter().map(|(_, statements)| statements.len()).sum::<usize>(), 50);
        assert!(all.0.len() > 1 && all.0.iter().all(|(bounded, _)| !bounded));
        assert!(all.1.iter().any(|note| note.contains("without a pause")), "{:?}", all.1);
        // After a pause it may be a request again.
        let all = given(&[&busy[..], &[(90_000, "7", "b")]].concat());
        assert_eq!(all.0.last(), Some(&request(true, &["b"])));
    }

    #[test]
    fn sessions_that_are_over_are_not_held() {
        let many: Vec<String> = (0..20_000).map(|pid| pid.to_string()).collect();
        let (mut sessions, mut all) = (Sessions::default(), Given::default());
        for (at, key) in many.iter().enumerate() {
            let record = Record { sql: Arc::from("a"), repeat: 1, ..Record::default() };
            let held = Held { record, start_us: Some(at as i64 * 10_000), awaits_time: false, planned: false };
            sessions.statement(key, String::new, held, &mut all);
            assert!(sessions.by_key.len() < 6000);
        }
        sessions.finish(&mut all);
        assert_eq!(all.0.len(), 20_000);
    }

    #[test]
    fn a_log_without_sessions_is_one_run() {
        let all = given(&[(0, "", "a"), (5000, "", "b")]);
        assert_eq!(all.0, [request(false, &["a", "b"])]);
    }
}
