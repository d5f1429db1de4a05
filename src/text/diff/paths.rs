//! The paths of a diff: quoting, time stamps, and the prefixes `a/` and `b/` or what stands for them.

/// The names of `diff --git old new`, where they can be told apart: the line quotes only odd characters, so that a
/// blank may belong to a name.
pub(super) fn of_git_line(names: &str) -> Option<(String, String)> {
    if names.starts_with('"') || names.ends_with('"') {
        let (old, rest) = match names.strip_prefix('"') {
            Some(quoted) => {
                let end = closing_quote(quoted)?;
                (unquoted(names.get(..end + 2)?), quoted.get(end + 1..)?.strip_prefix(' ')?)
            }
            None => names.split_once(" \"").map(|(old, _)| (old.to_string(), &names[old.len() + 1..]))?,
        };
        return Some((old, unquoted(rest)));
    }
    let pairs = names.match_indices(' ').map(|(at, _)| (&names[..at], &names[at + 1..]));
    let same = |(old, new): &(&str, &str)| old == new || after_slash(old).is_some_and(|o| Some(o) == after_slash(new));
    let (old, new) = pairs.clone().find(same).or_else(|| pairs.clone().next().filter(|_| pairs.count() == 1))?;
    Some((old.to_string(), new.to_string()))
}

/// The path of a line `--- path` or `+++ path`; `None` for `/dev/null`.
pub(super) fn of_name_line(line: &str) -> Option<String> {
    let name = line.get(4..).unwrap_or("");
    let path = match name.strip_prefix('"').and_then(closing_quote) {
        Some(end) => unquoted(name.get(..end + 2).unwrap_or(name)),
        None => without_time(name.split('\t').next().unwrap_or(name)).to_string(),
    };
    (path != "/dev/null" && !path.is_empty()).then_some(path)
}

/// The paths without what stands before them on each side. `git` are the names of git's own line, which has both
/// even where one side does not exist.
pub(super) fn without_prefix(
    names: (Option<String>, Option<String>),
    git: Option<(String, String)>,
) -> (Option<String>, Option<String>) {
    match (names, git) {
        ((Some(old), Some(new)), _) => both(common(&old, &new)),
        ((None, None), Some((old, new))) => both(common(&old, &new)),
        ((None, None), None) => (None, None),
        ((Some(name), None) | (None, Some(name)), Some((old, new))) if name == old || name == new => {
            both(common(&old, &new))
        }
        ((Some(name), None) | (None, Some(name)), _) => {
            let known = ["a/", "b/", "i/", "w/", "c/", "o/"].iter().find_map(|prefix| name.strip_prefix(prefix));
            both(known.unwrap_or(&name).to_string())
        }
    }
}

fn both(path: String) -> (Option<String>, Option<String>) {
    (Some(path.clone()), Some(path))
}

/// What both names of one file end in; the second one where they have nothing in common.
fn common(old: &str, new: &str) -> String {
    let parts = |path: &str| path.split('/').rev().map(str::to_string).collect::<Vec<_>>();
    let (old, new_parts) = (parts(old), parts(new));
    let mut shared: Vec<String> = old.into_iter().zip(new_parts).take_while(|(a, b)| a == b).map(|(a, _)| a).collect();
    shared.reverse();
    if shared.is_empty() { new.to_string() } else { shared.join("/") }
}

fn after_slash(path: &str) -> Option<&str> {
    path.split_once('/').map(|(_, rest)| rest)
}

/// `path 2024-05-01 10:00:00…`, as old programs print it with blanks.
fn without_time(name: &str) -> &str {
    let is_date = |word: &str| {
        let bytes = word.as_bytes();
        bytes.len() == 10
            && bytes
                .iter()
                .enumerate()
                .all(|(at, byte)| if at == 4 || at == 7 { *byte == b'-' } else { byte.is_ascii_digit() })
    };
    let mut blanks = name.match_indices(' ');
    let cut = blanks.find(|(at, _)| name.get(at + 1..at + 11).is_some_and(is_date));
    cut.map_or(name, |(at, _)| name[..at].trim_end())
}

/// Where the closing quote stands in the text after the opening one.
fn closing_quote(text: &str) -> Option<usize> {
    let mut escaped = false;
    text.bytes().position(|byte| {
        let closes = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        closes
    })
}

/// A path that git may have quoted as C does: `"\303\244.py"` is `ä.py`.
pub(super) fn unquoted(path: &str) -> String {
    let Some(inner) = path.strip_prefix('"').and_then(|path| path.strip_suffix('"')) else { return path.to_string() };
    let mut bytes = Vec::new();
    let mut rest = inner.bytes().peekable();
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            bytes.push(byte);
            continue;
        }
        match rest.next() {
            Some(first @ b'0'..=b'7') => {
                let mut value = u32::from(first - b'0');
                for _ in 0..2 {
                    if let Some(digit) = rest.next_if(|byte| (b'0'..=b'7').contains(byte)) {
                        value = value * 8 + u32::from(digit - b'0');
                    }
                }
                bytes.push(value as u8);
            }
            Some(escape) => bytes.push(match escape {
                b'a' => 7,
                b'b' => 8,
                b't' => b'\t',
                b'n' => b'\n',
                b'v' => 11,
                b'f' => 12,
                b'r' => b'\r',
                other => other,
            }),
            None => bytes.push(b'\\'),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
