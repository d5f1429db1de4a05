//! An example of a rule's documentation: what it shows, and the files that it consists of.

/// What a fenced block is there for; the word stands after the language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shows {
    Flagged,
    LeftAlone,
    Rewritten,
}

impl Shows {
    pub fn title(self) -> &'static str {
        match self {
            Shows::Flagged => "Flagged",
            Shows::LeftAlone => "Left alone",
            Shows::Rewritten => "Rewritten",
        }
    }
}

/// Of a fence's `info`, `python flag`; none for a block that is no example.
pub fn shows(info: &str) -> Option<Shows> {
    match info.split_whitespace().nth(1)? {
        "flag" => Some(Shows::Flagged),
        "ok" => Some(Shows::LeftAlone),
        "fix" => Some(Shows::Rewritten),
        _ => None,
    }
}

/// Path and text of each file: each begins with a line `# file: forum/models.py`. Without any it is one, named by the
/// language of `info`.
pub fn files(info: &str, text: &str) -> Vec<(String, String)> {
    let mut files: Vec<(String, String)> = Vec::new();
    for line in text.split_inclusive('\n') {
        let name = line.trim().strip_prefix("# file:").or_else(|| line.trim().strip_prefix("-- file:"));
        match (name, files.last_mut()) {
            (Some(name), _) => files.push((name.trim().to_owned(), String::new())),
            (None, Some((_, text))) => text.push_str(line),
            (None, None) => {
                let extension = match info.split_whitespace().next().unwrap_or("txt") {
                    "python" => "py",
                    other => other,
                };
                files.push((format!("example.{extension}"), line.to_owned()));
            }
        }
    }
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_example_falls_into_its_files() {
        let text = "# file: a/models.py\nclass A: pass\n# file: a/views.py\nA.objects.get()";
        let expected = [("a/models.py", "class A: pass\n"), ("a/views.py", "A.objects.get()")];
        assert_eq!(files("python flag", text), expected.map(|(name, text)| (name.to_owned(), text.to_owned())));
        assert_eq!(files("sql ok", "SELECT 1"), [("example.sql".to_owned(), "SELECT 1".to_owned())]);
        assert_eq!(files("python", "x = 1")[0].0, "example.py");
        assert!(files("", "").is_empty());
    }

    #[test]
    fn what_a_block_shows_stands_after_its_language() {
        let found = ["python flag", "json ok", "python fix", "python", "", "text else"].map(shows);
        let expected = [Some(Shows::Flagged), Some(Shows::LeftAlone), Some(Shows::Rewritten), None, None, None];
        assert_eq!(found, expected);
    }
}
