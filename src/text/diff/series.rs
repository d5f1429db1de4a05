//! Diffs of one file that follow each other, as one: what a series of commits does in the end.

use std::collections::BTreeMap;

use super::{DiffLine, FileDiff, Hunk, LineKind, Status};

/// Where the second diff expects something else than the first one leaves: 1-based line between the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clash {
    pub line: u32,
}

/// Whether `second` goes on with the file that `first` leaves.
pub fn follows(first: &FileDiff, second: &FileDiff) -> bool {
    match second.status {
        Status::Copied => false,
        Status::Added => first.new_path.is_none() && first.old_path == second.new_path,
        _ => first.new_path.is_some() && first.new_path == second.old_path,
    }
}

/// Both changes as one; `None` where nothing is left of them: the file was made and taken away again.
pub fn join(first: FileDiff, second: FileDiff) -> Result<Option<FileDiff>, Clash> {
    let hunks = Join::of(&first, &second).run()?;
    let (old_path, new_path) = (first.old_path, second.new_path);
    let status = match (&old_path, &new_path) {
        (None, None) => return Ok(None),
        (None, Some(_)) if first.status == Status::Copied => Status::Copied,
        (None, Some(_)) => Status::Added,
        (Some(_), None) => Status::Deleted,
        (Some(old), Some(new)) if old != new => {
            if first.status == Status::Copied {
                Status::Copied
            } else {
                Status::Renamed
            }
        }
        (Some(_), Some(_)) => Status::Modified,
    };
    Ok(Some(FileDiff { old_path, new_path, status, binary: first.binary || second.binary, hunks }))
}

/// What both diffs say of one line of the text between them.
#[derive(Default)]
struct Slot<'d> {
    /// Stood above it, and is gone before the text between.
    removed: Vec<&'d DiffLine>,
    /// Comes above it, after the text between.
    added: Vec<&'d DiffLine>,
    first: Option<&'d DiffLine>,
    second: Option<&'d DiffLine>,
    /// Of the hunk that starts here.
    heading: Option<&'d str>,
}

struct Join<'d> {
    /// By line of the text between.
    slots: BTreeMap<u32, Slot<'d>>,
    hunks: Vec<Hunk>,
    /// The next lines of the hunk at hand, were it to go on.
    next: Option<(u32, u32)>,
}

impl<'d> Join<'d> {
    fn of(first: &'d FileDiff, second: &'d FileDiff) -> Self {
        let mut slots: BTreeMap<u32, Slot<'d>> = BTreeMap::new();
        for hunk in &first.hunks {
            let mut next = beginning(hunk.new_start, hunk.new_lines);
            slots.entry(next).or_default().heading = Some(&hunk.heading);
            for line in &hunk.lines {
                let slot = slots.entry(next).or_default();
                if line.kind == LineKind::Removed {
                    slot.removed.push(line);
                } else {
                    slot.first = Some(line);
                    next = next.saturating_add(1);
                }
            }
        }
        for hunk in &second.hunks {
            let mut next = beginning(hunk.old_start, hunk.old_lines);
            slots.entry(next).or_default().heading.get_or_insert(&hunk.heading);
            for line in &hunk.lines {
                let slot = slots.entry(next).or_default();
                if line.kind == LineKind::Added {
                    slot.added.push(line);
                } else {
                    slot.second = Some(line);
                    next = next.saturating_add(1);
                }
            }
        }
        Self { slots, hunks: Vec::new(), next: None }
    }

    fn run(mut self) -> Result<Vec<Hunk>, Clash> {
        // How much later a line of the text between stands before, and after.
        let (mut before, mut after) = (0_i64, 0_i64);
        for (between, slot) in std::mem::take(&mut self.slots) {
            let shifted = |by: i64| u32::try_from(i64::from(between) + by).unwrap_or(1).max(1);
            let heading = slot.heading.unwrap_or_default();
            for line in slot.removed {
                self.push(LineKind::Removed, line, (shifted(before), shifted(after)), heading);
                before += 1;
            }
            for line in slot.added {
                self.push(LineKind::Added, line, (shifted(before), shifted(after)), heading);
                after += 1;
            }
            let at = (shifted(before), shifted(after));
            let line = match (slot.first, slot.second) {
                (Some(first), Some(second)) if !same(&first.text, &second.text) => return Err(Clash { line: between }),
                (_, Some(line)) | (Some(line), None) => line,
                (None, None) => continue,
            };
            let is_new = slot.first.is_some_and(|line| line.kind == LineKind::Added);
            let goes = slot.second.is_some_and(|line| line.kind == LineKind::Removed);
            match (is_new, goes) {
                (false, false) => self.push(LineKind::Same, line, at, heading),
                (false, true) => self.push(LineKind::Removed, line, at, heading),
                (true, false) => self.push(LineKind::Added, line, at, heading),
                (true, true) => {}
            }
            before -= i64::from(is_new);
            after -= i64::from(goes);
        }
        for hunk in &mut self.hunks {
            // An empty side names the line before it.
            hunk.old_start -= u32::from(hunk.old_lines == 0);
            hunk.new_start -= u32::from(hunk.new_lines == 0);
        }
        Ok(self.hunks)
    }

    /// `at`: the numbers of the line before and after, or those that it would have.
    fn push(&mut self, kind: LineKind, line: &DiffLine, at: (u32, u32), heading: &str) {
        if self.next != Some(at) {
            self.hunks.push(Hunk {
                old_start: at.0,
                old_lines: 0,
                new_start: at.1,
                new_lines: 0,
                heading: heading.to_owned(),
                lines: Vec::new(),
            });
        }
        let Some(hunk) = self.hunks.last_mut() else { return };
        let old = (kind != LineKind::Added).then_some(at.0);
        let new = (kind != LineKind::Removed).then_some(at.1);
        hunk.old_lines += u32::from(old.is_some());
        hunk.new_lines += u32::from(new.is_some());
        hunk.lines.push(DiffLine { kind, old, new, text: line.text.clone(), no_newline: line.no_newline });
        self.next =
            Some((at.0.saturating_add(u32::from(old.is_some())), at.1.saturating_add(u32::from(new.is_some()))));
    }
}

/// The line that a side of a hunk begins at; where it has none, the header names the line before.
fn beginning(start: u32, count: u32) -> u32 {
    if count == 0 { start.saturating_add(1) } else { start.max(1) }
}

fn same(a: &str, b: &str) -> bool {
    a.trim_end_matches('\r') == b.trim_end_matches('\r')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::super::Source;
    use super::super::super::apply::{apply, unapply};
    use super::super::super::edit::{unified, unified_new};
    use super::super::parse;
    use super::*;

    fn only(patch: &str) -> FileDiff {
        parse(patch).unwrap().files.remove(0)
    }

    #[test]
    fn a_file_that_comes_and_goes_leaves_nothing() {
        let made = only(&unified_new("a.py", "x\n"));
        let changed = only(&unified("a.py", "x\n", "y\n"));
        let gone =
            only("diff --git a/a.py b/a.py\ndeleted file mode 100644\n--- a/a.py\n+++ /dev/null\n@@ -1 +0,0 @@\n-y\n");
        assert!(follows(&made, &changed) && follows(&changed, &gone) && !follows(&gone, &changed));
        let both = join(made, changed.clone()).unwrap().unwrap();
        assert_eq!((both.status, apply(&Source::new("a.py", ""), &both).as_deref()), (Status::Added, Ok("y\n")));
        assert_eq!(join(both, gone.clone()), Ok(None));
        assert_eq!(join(changed, gone).unwrap().unwrap().status, Status::Deleted);
    }

    #[test]
    fn a_second_diff_that_does_not_follow_is_a_clash() {
        let first = only(&unified("a.py", "1\n2\n", "1\nx\n"));
        let second = only(&unified("a.py", "1\n2\n", "1\ny\n"));
        assert_eq!(join(first, second), Err(Clash { line: 2 }));
    }

    fn lines() -> impl Strategy<Value = String> {
        let line = prop_oneof![Just("a"), Just("b"), Just("    c"), Just(""), Just("d\r")];
        (prop::collection::vec(line, 0..40), any::<bool>())
            .prop_map(|(lines, end)| lines.join("\n") + if end && !lines.is_empty() { "\n" } else { "" })
    }

    proptest! {
        #[test]
        fn the_joined_diff_does_both(before in lines(), between in lines(), after in lines()) {
            prop_assume!(before != between && between != after);
            let (first, second) = (only(&unified("a.py", &before, &between)), only(&unified("a.py", &between, &after)));
            let both = join(first, second).unwrap().unwrap();
            prop_assert_eq!(apply(&Source::new("a", before.clone()), &both), Ok(after.clone()));
            prop_assert_eq!(unapply(&Source::new("a", after), &both), Ok(before));
        }
    }
}
