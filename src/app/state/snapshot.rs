//! A workspace as text, without the contents of its files: what the browser keeps beside them, and what stands in front
//! of them in a link.

use super::triage::{self, Decisions};
use super::{Entry, Standing, settings};
use crate::protocol::Options;

/// The version of this spelling. A text of another one is not read.
const VERSION: &str = "roundtrip 1";

#[derive(Debug, Clone, PartialEq, Default)]
pub struct Snapshot {
    /// The address's hash.
    pub route: String,
    pub options: Options,
    pub entries: Vec<Listed>,
    /// Only in a link: the browser keeps them for all workspaces together.
    pub decisions: Decisions,
}

/// An entry of the workspace.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Listed {
    /// What the browser keeps its content by; a link numbers them anew.
    pub id: u32,
    pub name: String,
    pub format: Option<String>,
    pub sample: bool,
    /// Of before the change.
    pub before: bool,
    /// Why reviews leave it out.
    pub aside: Option<String>,
    /// Name and bytes of each part, in the order in which they stand in the content.
    pub parts: Vec<(String, u64)>,
}

impl Listed {
    pub fn of(entry: &Entry) -> Self {
        Self {
            id: entry.id,
            name: entry.name.clone(),
            format: entry.format.clone(),
            sample: entry.sample,
            before: entry.before,
            aside: match &entry.standing {
                Standing::SetAside(why) => Some(why.clone()),
                Standing::Waiting | Standing::Done => None,
            },
            parts: entry.parts.iter().map(|part| (part.name.clone(), part.size())).collect(),
        }
    }

    /// Bytes of all parts.
    pub fn size(&self) -> u64 {
        self.parts.iter().fold(0, |sum, (_, size)| sum.saturating_add(*size))
    }
}

impl Snapshot {
    /// A line each, fields parted by tabs.
    pub fn write(&self) -> String {
        let mut out = String::from(VERSION);
        out.push('\n');
        line(&mut out, &["route", &self.route]);
        for setting in settings::write(&self.options).split_terminator('\n') {
            line(&mut out, &["setting", setting]);
        }
        for entry in &self.entries {
            let flags = match (entry.sample, entry.before) {
                (true, true) => "sample before",
                (true, false) => "sample",
                (false, true) => "before",
                (false, false) => "",
            };
            let (id, format) = (entry.id.to_string(), entry.format.as_deref().unwrap_or_default());
            line(&mut out, &["entry", &id, format, flags, &entry.name]);
            if let Some(why) = &entry.aside {
                line(&mut out, &["aside", why]);
            }
            for (name, size) in &entry.parts {
                line(&mut out, &["part", &size.to_string(), name]);
            }
        }
        for decision in triage::write_lines(&self.decisions).split_terminator('\n') {
            out.push_str("decided\t");
            out.push_str(decision);
            out.push('\n');
        }
        out
    }

    /// None for a text of another version. Lines that say nothing are left out.
    pub fn read(text: &str) -> Option<Self> {
        let rest = text.strip_prefix(VERSION)?.strip_prefix('\n')?;
        let mut out = Self::default();
        let (mut settings, mut decisions) = (String::new(), String::new());
        for line in rest.split('\n') {
            let (word, value) = line.split_once('\t').unwrap_or((line, ""));
            match (word, out.entries.last_mut()) {
                ("route", _) => value.clone_into(&mut out.route),
                ("setting", _) => settings.extend([value, "\n"]),
                ("decided", _) => decisions.extend([value, "\n"]),
                ("entry", _) => out.entries.extend(entry(value)),
                ("aside", Some(entry)) => entry.aside = Some(value.to_owned()),
                ("part", Some(entry)) => {
                    let part =
                        value.split_once('\t').and_then(|(size, name)| Some((name.to_owned(), size.parse().ok()?)));
                    entry.parts.extend(part);
                }
                _ => {}
            }
        }
        out.options = settings::read(&settings);
        out.decisions = triage::read_lines(&decisions);
        Some(out)
    }
}

fn entry(fields: &str) -> Option<Listed> {
    let mut fields = fields.splitn(4, '\t');
    let id = fields.next()?.parse().ok()?;
    let format = fields.next().filter(|format| !format.is_empty()).map(str::to_owned);
    let flags = fields.next()?;
    let (sample, before) = (flags.contains("sample"), flags.contains("before"));
    Some(Listed { id, format, sample, before, name: fields.next()?.to_owned(), ..Listed::default() })
}

/// A file may be called anything: what would part fields or lines becomes a space.
fn line(out: &mut String, fields: &[&str]) {
    for (at, field) in fields.iter().enumerate() {
        if at > 0 {
            out.push('\t');
        }
        out.push_str(&field.replace(['\t', '\n'], " "));
    }
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::state::Decided;
    use crate::model::Decision;

    fn sample() -> Snapshot {
        let decided = Decided { decision: Decision::Later, reason: "next week".into() };
        Snapshot {
            route: "#1/review?filter=blocker".into(),
            options: Options { all_lines: true, ignore: vec!["RT301".into()], ..Options::default() },
            entries: vec![
                Listed {
                    id: 7,
                    name: "forum/".into(),
                    parts: vec![("forum/a b.py".into(), 12), (String::new(), 0)],
                    ..Listed::default()
                },
                Listed {
                    id: 9,
                    name: "q.log".into(),
                    format: Some("django-log".into()),
                    sample: true,
                    before: true,
                    aside: Some("the engine stopped".into()),
                    parts: vec![("q.log".into(), u64::MAX)],
                },
            ],
            decisions: Decisions::from([("0123456789abcdef".into(), decided)]),
        }
    }

    #[test]
    fn a_workspace_reads_back() {
        assert_eq!(Snapshot::read(&sample().write()), Some(sample()));
        assert_eq!(Snapshot::read(&Snapshot::default().write()), Some(Snapshot::default()));
        assert_eq!(sample().entries.iter().map(Listed::size).collect::<Vec<_>>(), [12, u64::MAX]);
    }

    #[test]
    fn a_name_that_would_end_its_line_does_not() {
        let mut odd = sample();
        odd.entries[0].name = "a\tb\nentry\t1".into();
        let read = Snapshot::read(&odd.write()).unwrap();
        assert_eq!(read.entries[0].name, "a b entry 1");
        assert_eq!(read.entries.len(), 2);
    }

    #[test]
    fn what_is_cut_or_of_another_making_is_left_out() {
        assert_eq!(Snapshot::read("roundtrip 2\nroute\t#1/rules\n"), None);
        assert_eq!(Snapshot::read("roundtrip 10\n"), None);
        let text = sample().write();
        for cut in (0..text.len()).filter(|cut| text.is_char_boundary(*cut)) {
            let read = Snapshot::read(&text[..cut]);
            assert!(read.is_some() || cut < VERSION.len() + 1);
        }
        let odd = Snapshot::read("roundtrip 1\npart\t3\tx\nentry\tx\t\t\ty\nentry\t1\npart\tmany\tx\nwhat\n").unwrap();
        assert_eq!(odd, Snapshot::default());
    }
}
