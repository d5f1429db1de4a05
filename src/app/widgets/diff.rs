//! A unified diff for reading.

use leptos::prelude::*;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Line<'a> {
    /// The path that the lines after it are of.
    File(&'a str),
    Hunk,
    Same(&'a str),
    Added(&'a str),
    Removed(&'a str),
}

/// A rewrite's diff: its files as headings, its lines with their signs.
#[component]
pub fn DiffView(#[prop(into)] diff: String) -> impl IntoView {
    let lines: Vec<_> = read(&diff)
        .into_iter()
        .map(|line| match line {
            Line::File(path) => view! { <div class="diff-file">{path.to_owned()}</div> }.into_any(),
            Line::Hunk => view! { <div class="diff-hunk" aria-hidden="true">"⋮"</div> }.into_any(),
            Line::Same(text) => row("diff-line", " ", text),
            Line::Added(text) => row("diff-line added", "+", text),
            Line::Removed(text) => row("diff-line removed", "-", text),
        })
        .collect();
    view! { <div class="diff" tabindex="0" role="region" aria-label="The change">{lines}</div> }
}

fn row(class: &'static str, sign: &'static str, text: &str) -> AnyView {
    view! { <div class=class><span class="sign">{sign}</span>{text.to_owned()}</div> }.into_any()
}

/// Hunks are marked from the second of a file on; empty lines at their ends tell a reader nothing.
fn read(diff: &str) -> Vec<Line<'_>> {
    let mut out: Vec<Line<'_>> = Vec::new();
    let end = |out: &mut Vec<Line<'_>>| {
        while out.last() == Some(&Line::Same("")) {
            out.pop();
        }
    };
    let mut header = true;
    for line in diff.split_inclusive('\n').map(|line| line.trim_end_matches(['\n', '\r'])) {
        let mut rest = line.chars();
        match rest.next() {
            _ if line.starts_with("diff --git ") => header = true,
            _ if header && line.starts_with("+++ ") => {
                end(&mut out);
                let path = line.get(4..).unwrap_or_default();
                let path = path.split('\t').next().unwrap_or_default();
                out.push(Line::File(path.strip_prefix("b/").unwrap_or(path)));
            }
            _ if line.starts_with("@@") => {
                end(&mut out);
                if !matches!(out.last(), Some(Line::File(_))) {
                    out.push(Line::Hunk);
                }
                header = false;
            }
            // A file without `diff --git` begins with its former name.
            Some('-') if !header && line.starts_with("--- ") && looks_like_path(line) => header = true,
            _ if header => {}
            Some('+') => out.push(Line::Added(rest.as_str())),
            Some('-') => out.push(Line::Removed(rest.as_str())),
            Some('\\') => {}
            _ if rest.as_str().is_empty() && matches!(out.last(), Some(Line::File(_) | Line::Hunk)) => {}
            _ => out.push(Line::Same(rest.as_str())),
        }
    }
    end(&mut out);
    out
}

/// `--- a/app/views.py` or `--- /dev/null`, not the removed line `-- `.
fn looks_like_path(line: &str) -> bool {
    line.starts_with("--- a/") || line == "--- /dev/null"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_and_signs_are_told() {
        let diff = "diff --git a/v.py b/v.py\n--- a/v.py\n+++ b/v.py\n@@ -1,4 +1,4 @@\n \n a\n-b\n+c\n \n@@ -9 +9 @@\n+--- x\n\
                    --- a/m.py\n+++ b/m.py\n@@ -1 +1 @@\n+d\n\\ No newline at end of file\n";
        let expected = [
            Line::File("v.py"),
            Line::Same("a"),
            Line::Removed("b"),
            Line::Added("c"),
            Line::Hunk,
            Line::Added("--- x"),
            Line::File("m.py"),
            Line::Added("d"),
        ];
        assert_eq!(read(diff), expected);
    }
}
