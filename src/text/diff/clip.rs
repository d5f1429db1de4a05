//! A diff of a sparse file: only what the file has can be its context.

use std::collections::BTreeSet;

use super::{DiffLine, LineKind, parse};

/// A file's diff without the context lines that are not in `known` (1-based lines of the file before).
pub fn clipped(whole: &str, known: &BTreeSet<u32>) -> String {
    let Ok(patch) = parse(whole) else { return String::new() };
    let header = whole.find("\n@@ ").and_then(|at| whole.get(..at + 1)).unwrap_or_default();
    let mut out = header.to_owned();
    let lines = patch.files.iter().flat_map(|file| &file.hunks).flat_map(|hunk| &hunk.lines);
    let mut run: Vec<&DiffLine> = Vec::new();
    let mut last = None;
    for line in lines {
        let unknown = line.kind == LineKind::Same && line.old.is_some_and(|old| !known.contains(&old));
        let jumps = matches!((last, line.old), (Some(last), Some(old)) if old != last + 1);
        if unknown || jumps {
            hunk(&mut run, &mut out);
        }
        if !unknown {
            run.push(line);
        }
        last = line.old.or(last);
    }
    hunk(&mut run, &mut out);
    out
}

/// Writes the lines as one hunk, unless they change nothing, and empties them.
fn hunk(run: &mut Vec<&DiffLine>, out: &mut String) {
    let lines = std::mem::take(run);
    if lines.iter().all(|line| line.kind == LineKind::Same) {
        return;
    }
    let range = |numbers: Vec<u32>, other: Option<u32>| match (numbers.first(), numbers.len()) {
        (Some(first), 1) => format!("{first}"),
        (Some(first), count) => format!("{first},{count}"),
        // An empty side names the line before it.
        (None, _) => format!("{},0", other.unwrap_or(1).saturating_sub(1)),
    };
    let old: Vec<u32> = lines.iter().filter_map(|line| line.old).collect();
    let new: Vec<u32> = lines.iter().filter_map(|line| line.new).collect();
    let (first_old, first_new) = (old.first().copied(), new.first().copied());
    out.push_str(&format!("@@ -{} +{} @@\n", range(old, first_new), range(new, first_old)));
    for line in lines {
        out.push(match line.kind {
            LineKind::Same => ' ',
            LineKind::Added => '+',
            LineKind::Removed => '-',
        });
        out.push_str(&line.text);
        out.push_str(if line.no_newline { "\n\\ No newline at end of file\n" } else { "\n" });
    }
}
