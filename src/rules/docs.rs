//! A rule's documentation, read from the doc comment in its file: sections and examples.

use super::Meta;

/// The sections that every rule has, in order; the text before the first is the summary and what is flagged.
pub const SECTIONS: [&str; 3] = ["Why", "Example", "When not to"];

/// What a fenced block shows. The tag stands after the language: ```` ```python flag ````.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shows {
    /// Code, or a log, that the rule flags.
    Flag,
    /// Code that it leaves alone.
    Ok,
    /// What the rule's own rewrite makes of the `Flag` before it, to the letter.
    Fix,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Example {
    pub shows: Shows,
    /// `python`, `sql`, `json`.
    pub language: String,
    pub text: String,
}

impl Example {
    /// The files of a block: each starts with a `# file: forum/models.py` line; without any, it is one file.
    pub fn files(&self) -> Vec<(String, String)> {
        let mut files: Vec<(String, String)> = Vec::new();
        for line in self.text.split_inclusive('\n') {
            let name = line.trim().strip_prefix("# file:").or_else(|| line.trim().strip_prefix("-- file:"));
            match (name, files.last_mut()) {
                (Some(name), _) => files.push((name.trim().to_owned(), String::new())),
                (None, Some((_, text))) => text.push_str(line),
                (None, None) => files.push((format!("example.{}", self.extension()), line.to_owned())),
            }
        }
        files
    }

    fn extension(&self) -> &str {
        match self.language.as_str() {
            "python" => "py",
            other => other,
        }
    }
}

/// A doc line without the space that `///` leaves before it.
fn bare(line: &str) -> &str {
    line.strip_prefix(' ').unwrap_or(line)
}

/// The whole documentation as Markdown.
pub fn markdown(meta: &Meta) -> String {
    let mut out = String::new();
    for line in meta.docs {
        out.push_str(bare(line).trim_end());
        out.push('\n');
    }
    out
}

/// The headings of the second level, in order.
pub fn headings(meta: &Meta) -> Vec<&'static str> {
    meta.docs.iter().filter_map(|line| bare(line).strip_prefix("## ")).map(str::trim).collect()
}

/// The tagged blocks, in order.
pub fn examples(meta: &Meta) -> Vec<Example> {
    let mut out: Vec<Example> = Vec::new();
    let mut inside: Option<Example> = None;
    let mut untagged = false;
    for line in meta.docs.iter().map(|line| bare(line)) {
        if let Some(fence) = line.strip_prefix("```") {
            match inside.take() {
                Some(example) => out.push(example),
                None if untagged => untagged = false,
                None => {
                    inside = opening(fence);
                    untagged = inside.is_none();
                }
            }
        } else if let Some(example) = &mut inside {
            example.text.push_str(line.trim_end());
            example.text.push('\n');
        }
    }
    out
}

fn opening(fence: &str) -> Option<Example> {
    let (language, tag) = fence.trim().split_once(' ')?;
    let shows = match tag.trim() {
        "flag" => Shows::Flag,
        "ok" => Shows::Ok,
        "fix" => Shows::Fix,
        _ => return None,
    };
    Some(Example { shows, language: language.to_owned(), text: String::new() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Severity;
    use crate::rules::Rule;

    crate::rules::macros::rule! {
        /// Says one thing.
        ///
        /// ## Example
        /// ```python flag
        /// # file: a/models.py
        /// class A: pass
        /// # file: a/views.py
        ///     indented()
        /// ```
        /// ```text
        /// not an example
        /// ```
        /// ```sql ok
        /// SELECT 1;
        /// ```
        pub struct SaysOneThing: "RT000", "says-one-thing", Observed, Info as hint, seeds: Blocker;
    }

    impl Rule for SaysOneThing {
        fn meta(&self) -> &'static Meta {
            &META
        }
    }

    #[test]
    fn blocks_are_read_with_their_files_and_indentation() {
        assert!(std::ptr::eq(SaysOneThing.meta(), &META));
        assert_eq!(META.summary(), "Says one thing.");
        assert_eq!((META.severity, META.hint, META.seeds), (Severity::Info, true, Some(Severity::Blocker)));
        assert_eq!(headings(&META), ["Example"]);
        let found = examples(&META);
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].shows, Shows::Flag);
        let files = found[0].files();
        assert_eq!(files[0], ("a/models.py".to_owned(), "class A: pass\n".to_owned()));
        assert_eq!(files[1], ("a/views.py".to_owned(), "    indented()\n".to_owned()));
        assert_eq!(found[1].files(), [("example.sql".to_owned(), "SELECT 1;\n".to_owned())]);
        assert!(markdown(&META).starts_with("Says one thing.\n\n## Example\n```python flag\n"));
    }
}
