//! The ways that lead to executions of one request: where they part, and which lines send.

use crate::rules::DraftEvidence;
use crate::trace::{Frame, Observed};

/// Sites that the evidence names.
const MOST_SITES: usize = 6;
/// Lines that lead to a single way, as far as the evidence names them.
const MOST_CALLERS: usize = 2;
/// Different ways that are told apart.
const MOST_WAYS: usize = 64;

/// One way: the line that sends, and the line at which the way leaves those of the others, where that is another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Site<'t> {
    pub sent: &'t Frame,
    pub called: Option<&'t Frame>,
}

impl<'t> Site<'t> {
    /// Where somebody would mend it: no line is the way's own before this one.
    fn parting(&self) -> &'t Frame {
        self.called.unwrap_or(self.sent)
    }
}

/// Different ways to one or several shapes, in the order in which they were first gone.
#[derive(Debug, Default)]
pub struct Ways<'t> {
    pub sites: Vec<Site<'t>>,
    /// Lines of the longest way behind the last one that all have in common.
    pub apart: usize,
    /// Behind where they part, each leads through a function that sends something to people.
    pub delivers: bool,
    /// Where there is one way only: the lines that lead to it, the nearest first.
    callers: Vec<&'t Frame>,
}

impl<'t> Ways<'t> {
    pub fn of(sent: impl Iterator<Item = &'t Observed>) -> Self {
        let mut ways: Vec<Vec<&Frame>> = Vec::new();
        for observed in sent {
            let way = own(observed);
            if !way.is_empty() && ways.len() < MOST_WAYS && !ways.contains(&way) {
                ways.push(way);
            }
        }
        let Some(first) = ways.first().cloned() else { return Self::default() };
        let same = |at: &usize| ways.iter().all(|way| way.get(*at) == first.get(*at));
        let common = if ways.len() > 1 { (0..first.len()).take_while(same).count() } else { first.len() - 1 };
        let behind = |way: &Vec<&Frame>| way.iter().skip(common + 1).any(|frame| delivers(&frame.function));
        let mut out = Self { delivers: ways.len() > 1 && ways.iter().all(behind), ..Self::default() };
        if ways.len() == 1 {
            out.callers = first.iter().rev().skip(1).take(MOST_CALLERS).copied().collect();
        }
        for way in &ways {
            let Some(sent) = way.last().copied() else { continue };
            let site = Site { sent, called: way.get(common).copied().filter(|_| way.len() > common + 1) };
            if !out.sites.contains(&site) {
                out.sites.push(site);
            }
            out.apart = out.apart.max(way.len().saturating_sub(common));
        }
        out
    }

    /// One line calls on each way what sends: the calls are at fault, whatever else they send.
    pub fn calls(&self) -> Option<Vec<&'t Frame>> {
        let calls: Option<Vec<&Frame>> = self.sites.iter().map(|site| site.called).collect();
        calls.filter(|calls| calls.len() > 1)
    }

    /// Each line that sends stands in another function: what one has read would have to be handed to the other. What a
    /// template reads, its view can hand it.
    pub fn is_of_different_code(&self) -> bool {
        let mut functions: Vec<_> = self.sites.iter().map(|site| (&site.sent.path, &site.sent.function)).collect();
        functions.sort_unstable();
        functions.dedup();
        let is_code = |site: &Site<'_>| !is_template(site.sent);
        self.sites.len() > 1 && functions.len() == self.sites.len() && self.sites.iter().all(is_code)
    }

    /// All lines that send are templates'.
    pub fn is_of_templates(&self) -> bool {
        !self.sites.is_empty() && self.sites.iter().all(|site| is_template(site.sent))
    }

    /// ` by views.py:30 and row.html:4`: the lines at which the ways part; nothing for one way.
    pub fn told(&self) -> String {
        let mut lines: Vec<String> = Vec::new();
        for site in self.sites.iter().take(MOST_SITES) {
            let Frame { path, line, .. } = site.parting();
            let name = format!("{}:{line}", path.rsplit(['/', '\\']).next().unwrap_or(path));
            if !lines.contains(&name) {
                lines.push(name);
            }
        }
        match lines.as_slice() {
            [] | [_] => String::new(),
            [first @ .., last] => format!(" by {} and {last}", first.join(", ")),
        }
    }

    /// The sites but for the first one's line that sends, which the evidence begins with.
    pub fn evidence(&self) -> Vec<DraftEvidence> {
        let mut told: Vec<&Frame> = self.sites.first().map(|site| site.sent).into_iter().collect();
        let mut out = Vec::new();
        for site in self.sites.iter().take(MOST_SITES) {
            for (frame, what) in
                site.called.map(|called| (called, "called in")).into_iter().chain([(site.sent, "sent in")])
            {
                if !told.contains(&frame) {
                    told.push(frame);
                    let message = format!("{what} {}", frame.function);
                    out.push(DraftEvidence::Frame { frame: frame.clone(), message });
                }
            }
        }
        out.extend(self.callers.iter().map(|frame| DraftEvidence::Frame {
            frame: (*frame).clone(),
            message: format!("called in {}", frame.function),
        }));
        out
    }
}

fn is_template(frame: &Frame) -> bool {
    frame.function == "<template>"
}

/// `Ticket.send`, `notify_owner`: beside what it takes to send a mail, a read is nothing.
fn delivers(function: &str) -> bool {
    let name = function.rsplit('.').next().unwrap_or(function);
    name.split('_').any(|word| matches!(word, "send" | "mail" | "mails" | "email" | "emails" | "notify" | "deliver"))
}

/// The program's own lines behind those of a test, outermost first.
fn own(observed: &Observed) -> Vec<&Frame> {
    let inside = observed.stack.iter().rev().filter(|frame| frame.is_own()).take_while(|frame| !frame.is_test());
    let mut way: Vec<&Frame> = inside.collect();
    way.reverse();
    way
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(lines: &[(&str, u32)]) -> Observed {
        let frame = |(path, line): &(&str, u32)| Frame { path: (*path).into(), line: *line, function: "f".into() };
        Observed { stack: lines.iter().map(frame).collect(), ..Observed::default() }
    }

    fn told(all: &[&[(&str, u32)]]) -> (String, usize, bool) {
        let sent: Vec<Observed> = all.iter().map(|lines| sent(lines)).collect();
        let ways = Ways::of(sent.iter());
        (ways.told(), ways.apart, ways.calls().is_some())
    }

    #[test]
    fn ways_part_at_the_first_line_that_differs() {
        let view = ("app/views.py", 9);
        let helper = ("app/user.py", 24);
        let calls = told(&[&[view, ("app/forms.py", 3), helper], &[view, ("app/forms.py", 5), helper]]);
        assert_eq!(calls, (" by forms.py:3 and forms.py:5".to_owned(), 2, true));
        let lines = told(&[&[view, ("app/forms.py", 3)], &[view, ("page.html", 5)]]);
        assert_eq!(lines, (" by forms.py:3 and page.html:5".to_owned(), 1, false));
        let deeper = told(&[&[view, ("app/forms.py", 3)], &[view, ("app/forms.py", 5), helper]]);
        assert_eq!(deeper, (" by forms.py:3 and forms.py:5".to_owned(), 2, false));
    }

    #[test]
    fn a_delivery_is_between_the_parting_and_the_statement() {
        let frame = |(path, line, function): &(&str, u32, &str)| Frame {
            path: (*path).into(),
            line: *line,
            function: (*function).into(),
        };
        let delivers = |all: &[&[(&str, u32, &str)]]| {
            let stacks = all.iter().map(|lines| lines.iter().map(frame).collect());
            let sent: Vec<Observed> = stacks.map(|stack| Observed { stack, ..Observed::default() }).collect();
            Ways::of(sent.iter()).delivers
        };
        let view = |line| ("views.py", line, "send_all");
        let (send, helper) = (("models.py", 90, "Ticket.send"), ("user.py", 24, "sender_queues"));
        assert!(delivers(&[&[view(3), send], &[view(5), send]]));
        assert!(!delivers(&[&[view(3), helper], &[view(5), helper]]), "within one delivery");
        assert!(!delivers(&[&[view(3), send], &[view(5), helper]]), "one of them");
        assert!(!delivers(&[&[view(3), send], &[view(3), send]]), "one way");
    }

    #[test]
    fn one_way_names_no_other() {
        let way: &[(&str, u32)] = &[("tests/test_a.py", 1), ("app/views.py", 9), ("row.html", 2)];
        assert_eq!(told(&[way, way]), (String::new(), 1, false));
        assert_eq!(told(&[&[("tests/test_a.py", 1)]]), (String::new(), 0, false), "a test's own");
        assert_eq!(told(&[]), (String::new(), 0, false));
    }
}
