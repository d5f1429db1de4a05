//! Two passes, in this order: by name, then by content. Each answer says why.

use crate::text::diff::looks_like_diff;

use super::decode::decode;

/// How much of an input's beginning [`classify`] wants to see.
pub const HEAD: usize = 64 * 1024;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    Python,
    Diff,
    /// A Django or Jinja template.
    Template,
    /// DDL; statements that were run belong to the log engine.
    Sql,
    /// What pins versions: `requirements.txt`, `Pipfile`, lock files.
    Requirements,
    /// `pyproject.toml`, `setup.cfg`, `roundtrip.toml`.
    ProjectFile,
    /// The log engine's: a log, an export, a plan, a saved page.
    Log,
    Zip,
    /// Nothing that either engine reads.
    Other,
}

impl Kind {
    pub const CODE: [Kind; 7] =
        [Kind::Python, Kind::Diff, Kind::Template, Kind::Sql, Kind::Requirements, Kind::ProjectFile, Kind::Zip];

    /// The id that overrides detection.
    pub fn id(self) -> &'static str {
        match self {
            Kind::Python => "python",
            Kind::Diff => "diff",
            Kind::Template => "template",
            Kind::Sql => "sql",
            Kind::Requirements => "requirements",
            Kind::ProjectFile => "project-file",
            Kind::Log => "log",
            Kind::Zip => "zip",
            Kind::Other => "other",
        }
    }

    /// One line for a reader.
    pub fn description(self) -> &'static str {
        match self {
            Kind::Python => "Python source",
            Kind::Diff => "a unified diff: git, GitHub's .diff and .patch, mail, diff -u",
            Kind::Template => "a Django or Jinja template",
            Kind::Sql => "SQL that defines tables and indexes",
            Kind::Requirements => "pinned versions: requirements files, Pipfile, lock files",
            Kind::ProjectFile => "pyproject.toml, setup.cfg, roundtrip.toml",
            Kind::Log => "a log, an export, a plan or a saved page",
            Kind::Zip => "a zip archive of any of these",
            Kind::Other => "nothing that is read",
        }
    }

    /// The kind that an override names; every id that is not of this room is one of the log engine's.
    pub fn from_id(id: &str) -> Kind {
        Kind::CODE.into_iter().find(|kind| kind.id() == id).unwrap_or(Kind::Log)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Classified {
    pub kind: Kind,
    /// For a reader: `name ends in .py`, `line 3 starts with "diff --git"`.
    pub why: String,
}

/// `name` may be empty (pasted text); `head` is the beginning of the content, [`HEAD`] bytes of it if there are as many.
pub fn classify(name: &str, head: &[u8]) -> Classified {
    by_magic(head).or_else(|| by_name(name, head)).unwrap_or_else(|| by_content(head))
}

fn classified(kind: Kind, why: impl Into<String>) -> Classified {
    Classified { kind, why: why.into() }
}

fn by_magic(head: &[u8]) -> Option<Classified> {
    if head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06") {
        Some(classified(Kind::Zip, "starts with the signature of a zip archive"))
    } else if head.starts_with(&[0x1f, 0x8b]) {
        Some(classified(Kind::Log, "starts with the signature of gzip"))
    } else if head.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
        Some(classified(Kind::Log, "starts with the signature of zstd"))
    } else if head.starts_with(b"BZh") && head.get(4..8) == Some(&[0x31, 0x41, 0x59, 0x26]) {
        Some(classified(Kind::Log, "starts with the signature of bzip2"))
    } else {
        None
    }
}

fn by_name(name: &str, head: &[u8]) -> Option<Classified> {
    let path = name.to_ascii_lowercase().replace('\\', "/");
    let file = path.rsplit('/').next().unwrap_or_default();
    let extension = file.rsplit_once('.').map_or("", |(stem, extension)| if stem.is_empty() { "" } else { extension });
    let ends = |kind| Some(classified(kind, format!("name ends in .{extension}")));
    match file {
        "pyproject.toml" | "setup.cfg" | "roundtrip.toml" => {
            return Some(classified(Kind::ProjectFile, format!("is named {file}")));
        }
        "pipfile" | "pipfile.lock" | "poetry.lock" | "uv.lock" | "pdm.lock" => {
            return Some(classified(Kind::Requirements, format!("is named {file}")));
        }
        _ => {}
    }
    let in_folder = |folder: &str| path.split('/').rev().skip(1).any(|part| part == folder);
    if matches!(extension, "txt" | "in")
        && (file.starts_with("requirements") || file.starts_with("constraints") || in_folder("requirements"))
    {
        return Some(classified(Kind::Requirements, "is named like a requirements file"));
    }
    match extension {
        "py" | "pyi" | "pyw" => ends(Kind::Python),
        "diff" | "patch" => ends(Kind::Diff),
        "djhtml" | "jinja" | "jinja2" | "j2" => ends(Kind::Template),
        "html" | "htm" | "xhtml" => Some(html(&text_of(head), in_folder("templates"))),
        "sql" | "ddl" => match by_content(head) {
            log @ Classified { kind: Kind::Log, .. } => Some(log),
            _ => ends(Kind::Sql),
        },
        "log" | "har" | "csv" | "tsv" | "jsonl" | "ndjson" | "mhtml" | "mht" | "gz" | "zst" | "bz2" | "json"
        | "yaml" | "yml" | "xml" => ends(Kind::Log),
        _ => None,
    }
}

/// What the toolbar and the other profilers leave in a page.
const PROFILER_MARKS: [&str; 4] = ["djdebug", "sqlmain_", "fldebug", "silk-"];

/// A page that was saved from a browser belongs to the log engine, a template to this one.
fn html(text: &str, in_templates: bool) -> Classified {
    let lower = text.to_ascii_lowercase();
    if let Some(mark) = PROFILER_MARKS.iter().find(|mark| lower.contains(**mark)) {
        return classified(Kind::Log, format!("a saved page that holds {mark:?}"));
    }
    if text.contains("{%") {
        return classified(Kind::Template, "HTML that holds {% … %}");
    }
    if in_templates || (text.contains("{{") && !lower.contains("<script")) {
        return classified(Kind::Template, "HTML of a template folder or with {{ … }}");
    }
    classified(Kind::Log, "HTML without template tags: a saved page")
}

/// The head as text; a character that the head's end cuts through is left out.
fn text_of(head: &[u8]) -> String {
    let whole = match std::str::from_utf8(head) {
        Err(error) if error.error_len().is_none() => head.get(..error.valid_up_to()).unwrap_or(head),
        _ => head,
    };
    decode(whole).map(|decoded| decoded.text).unwrap_or_default()
}

fn by_content(head: &[u8]) -> Classified {
    let text = text_of(head);
    if text.is_empty() && !head.is_empty() {
        return classified(Kind::Other, "binary: it holds NUL bytes");
    }
    let text = text.trim_start();
    if text.is_empty() {
        return classified(Kind::Other, "empty");
    }
    let lines: Vec<&str> = text.split(['\n', '\r']).filter(|line| !line.trim().is_empty()).take(400).collect();
    diff(&lines)
        .or_else(|| looks_like_diff(text).then(|| classified(Kind::Diff, "reads as a unified diff")))
        .or_else(|| structured(text))
        .or_else(|| log(&lines))
        .or_else(|| sql(&lines))
        .or_else(|| python(&lines))
        .unwrap_or_else(|| {
            let first: String = lines.first().copied().unwrap_or_default().trim().chars().take(40).collect();
            classified(Kind::Other, format!("neither a diff nor Python, SQL or a known log; it starts with {first:?}"))
        })
}

fn diff(lines: &[&str]) -> Option<Classified> {
    for (at, line) in lines.iter().enumerate() {
        let hunk = is_hunk(line);
        let headers = line.starts_with("--- ") && lines.get(at + 1).is_some_and(|next| next.starts_with("+++ "));
        let mail = line.starts_with("From ") && line.ends_with(" Mon Sep 17 00:00:00 2001");
        if hunk || headers || mail || line.starts_with("diff --git ") {
            let mark: String = line.chars().take(24).collect();
            return Some(classified(Kind::Diff, format!("a line starts with {mark:?}, as in a unified diff")));
        }
    }
    None
}

/// `@@ -1,2 +3,4 @@`
fn is_hunk(line: &str) -> bool {
    let Some((old, rest)) = line.strip_prefix("@@ -").and_then(|rest| rest.split_once(" +")) else {
        return false;
    };
    let number = |text: &str| text.split(',').all(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()));
    rest.split_once(" @@").is_some_and(|(new, _)| number(old) && number(new))
}

/// JSON and HTML.
fn structured(text: &str) -> Option<Classified> {
    let squeezed: String = text.chars().filter(|c| !c.is_whitespace()).take(2).collect();
    if matches!(squeezed.as_str(), "{\"" | "[{" | "{'" | "[[") {
        return Some(classified(Kind::Log, "starts like JSON or a printed list of queries"));
    }
    if text.starts_with('<') {
        return Some(html(text, false));
    }
    if text.starts_with("{%") || text.starts_with("{{") {
        return Some(classified(Kind::Template, "starts with a template tag"));
    }
    None
}

/// What only lines of a log, a plan or a statistics table hold.
const LOG_MARKS: [&str; 30] = [
    "; args=",
    "django.db.backends",
    "sqlalchemy.engine",
    "[generated in ",
    "[cached since ",
    "[raw sql] ",
    "duration: ",
    "LOG:  ",
    "STATEMENT:  ",
    ",LOG,00000,",
    "# Query_time",
    "# User@Host",
    "\tQuery\t",
    "QUERY PLAN",
    "Seq Scan on ",
    "Index Scan using ",
    "(cost=",
    "EXPLAIN",
    "_QueryInfo(",
    "Node Type: \"",
    "[ RECORD 1 ]",
    "keyspace_hits:",
    "total_exec_time",
    "mean_exec_time",
    "seq_tup_read",
    "indexrelname",
    "DIGEST_TEXT",
    "Request Count,",
    "Multipart/related",
    "multipart/related",
];

fn log(lines: &[&str]) -> Option<Classified> {
    let sees = |mark: &&&str| lines.iter().any(|line| line.contains(**mark));
    // `(0.001) SELECT …`: the bare record of django.db.backends.
    let timed = lines.iter().any(|line| {
        line.find("(0.").and_then(|at| line.get(at..)).and_then(|rest| rest.split_once(") ")).is_some_and(
            |(time, sql)| {
                time.len() == 6 && ["SELECT", "INSERT", "UPDATE", "DELETE"].iter().any(|verb| sql.starts_with(verb))
            },
        )
    });
    if timed {
        return Some(classified(Kind::Log, "a line holds a time and a statement, as Django's query log"));
    }
    LOG_MARKS
        .iter()
        .find(sees)
        .map(|mark| classified(Kind::Log, format!("a line holds {mark:?}, as in a log or a plan")))
}

fn sql(lines: &[&str]) -> Option<Classified> {
    let first = lines.iter().find(|line| !line.trim_start().starts_with("--"))?;
    let mut words = first.split_whitespace().map(str::to_ascii_uppercase);
    let verb = words.next()?;
    let second = words.next().unwrap_or_default();
    let ddl = ["CREATE TABLE", "CREATE INDEX", "CREATE UNIQUE INDEX", "ALTER TABLE", "CREATE TEMP"];
    let any_ddl = lines.iter().any(|line| {
        let upper = line.trim_start().to_ascii_uppercase();
        ddl.iter().any(|start| upper.starts_with(start))
    });
    match verb.as_str() {
        "CREATE" | "ALTER" | "DROP" | "COMMENT" if second.chars().all(|c| c.is_ascii_alphabetic()) => {
            Some(classified(Kind::Sql, format!("starts with the statement {verb} {second}")))
        }
        "SET" | "BEGIN;" | "BEGIN" | "PRAGMA" | "START" if any_ddl => {
            Some(classified(Kind::Sql, "holds statements that define tables"))
        }
        "SELECT" | "INSERT" | "DELETE" | "WITH" | "UPDATE" if any_ddl => {
            Some(classified(Kind::Sql, "holds statements that define tables"))
        }
        "INSERT" if second == "INTO" => Some(classified(Kind::Log, "statements: starts with INSERT INTO")),
        "DELETE" if second == "FROM" => Some(classified(Kind::Log, "statements: starts with DELETE FROM")),
        // `with open(…) as f:` is Python.
        "WITH"
            if !first.trim_end().ends_with(':') && lines.iter().any(|l| l.to_ascii_uppercase().contains("SELECT")) =>
        {
            Some(classified(Kind::Log, "statements: starts with WITH … SELECT"))
        }
        "SELECT" if !second.starts_with(['=', '(', '.']) => {
            Some(classified(Kind::Log, "statements: starts with SELECT"))
        }
        "UPDATE" if second.chars().next().is_some_and(|c| c.is_alphabetic() || c == '"' || c == '`') => {
            Some(classified(Kind::Log, "statements: starts with UPDATE"))
        }
        _ => None,
    }
}

const PYTHON_STARTS: [&str; 24] = [
    "def ", "class ", "import ", "from ", "for ", "if ", "while ", "with ", "async ", "await ", "return ", "return",
    "try:", "except ", "elif ", "else:", "raise ", "yield ", "lambda ", "print(", "@", "assert ", "del ", "match ",
];

fn python(lines: &[&str]) -> Option<Classified> {
    let sign = lines.iter().find_map(|line| {
        let code = line.trim();
        let keyword = PYTHON_STARTS.iter().find(|start| code.starts_with(**start)).filter(|start| match **start {
            "def " | "class " | "for " | "if " | "while " | "with " | "except " | "elif " | "match " => {
                code.contains(':') || code.ends_with(['(', ',', '\\'])
            }
            "import " | "from " => code.starts_with("import ") || code.contains(" import "),
            "@" => code.chars().nth(1).is_some_and(|c| c.is_alphabetic() || c == '_'),
            "return" => code == "return",
            _ => true,
        });
        keyword.map(|k| k.trim().to_owned()).or_else(|| assignment_or_call(code))
    })?;
    Some(classified(Kind::Python, format!("reads as Python: {sign}")))
}

/// `name.attr = …`, `name.method(…`: what a pasted fragment without keywords has.
fn assignment_or_call(code: &str) -> Option<String> {
    let end = code.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '.'))?;
    let (target, rest) = code.split_at(end);
    if target.is_empty() || target.starts_with(|c: char| c.is_ascii_digit() || c == '.') || target.ends_with('.') {
        return None;
    }
    let after = rest.trim_start();
    let assigns = after.starts_with("= ") || after.starts_with("+= ") || after.starts_with("-= ") || after == "=";
    let calls = rest.starts_with('(') && target.contains('.');
    (assigns || calls).then(|| if assigns { format!("{target} = …") } else { format!("{target}(…)") })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(name: &str, content: &str) -> Kind {
        classify(name, content.as_bytes()).kind
    }

    #[test]
    fn names_decide_first() {
        assert_eq!(kind("app/views.py", "diff --git a/x b/x"), Kind::Python);
        assert_eq!(kind("change.PATCH", ""), Kind::Diff);
        assert_eq!(kind("requirements/prod.txt", "django==5.2"), Kind::Requirements);
        assert_eq!(kind("a\\Pipfile.lock", "{}"), Kind::Requirements);
        assert_eq!(kind("pyproject.toml", ""), Kind::ProjectFile);
        assert_eq!(kind("dump.json", "[]"), Kind::Log);
        assert_eq!(kind("schema.sql", "-- by hand\nCREATE TABLE a (id int);"), Kind::Sql);
        assert_eq!(kind("ran.sql", "SELECT 1;\nSELECT 2;"), Kind::Log);
        assert_eq!(kind("requirements.py", "x = 1"), Kind::Python);
        assert_eq!(kind("x.json", "PK\u{3}\u{4}"), Kind::Zip);
    }

    #[test]
    fn a_saved_page_is_not_a_template() {
        assert_eq!(kind("a.html", "{% for t in topics %}{{ t.forum.name }}{% endfor %}"), Kind::Template);
        assert_eq!(kind("app/templates/a.html", "<p>hello"), Kind::Template);
        assert_eq!(kind("saved.html", "<html><div id=djDebug><tr id=sqlMain_1>"), Kind::Log);
        assert_eq!(kind("saved.html", "<html><body>hello"), Kind::Log);
        assert_eq!(kind("", "<ul>{% for t in topics %}"), Kind::Template);
    }

    #[test]
    fn pasted_diffs() {
        assert_eq!(kind("", "\n\ndiff --git a/a.py b/a.py\nindex 1..2"), Kind::Diff);
        assert_eq!(kind("", "--- a.py\n+++ a.py\n@@ -1 +1 @@\n-x\n+y"), Kind::Diff);
        assert_eq!(kind("", "@@ -10,6 +10,7 @@ def f():\n x\n"), Kind::Diff);
        assert_eq!(kind("", "From 0123 Mon Sep 17 00:00:00 2001\nSubject: x\n"), Kind::Diff);
        assert_eq!(kind("", "Some words before it\r\n--- a\r\n+++ b\r\n"), Kind::Diff);
        assert_eq!(kind("", "```diff\n  @@ -1 +1 @@\n  -x\n  +y\n```"), Kind::Diff);
        assert_eq!(kind("", "@@ about nothing @@"), Kind::Other);
    }

    #[test]
    fn pasted_python() {
        for text in [
            "topics = Topic.objects.all()",
            "for t in topics:\n    print(t.forum.name)",
            "@login_required\ndef view(request):\n    return 1",
            "from django.db import models",
            "select = make_select()\nrun(select)",
            "with open('x') as f:\n    SELECT = f.read()",
            "self.items.append(1)",
            "# a comment\nclass A(B):\n    pass",
            "update(user)\nx = 1",
        ] {
            assert_eq!(kind("", text), Kind::Python, "{text}");
        }
    }

    #[test]
    fn pasted_logs_and_sql() {
        for text in [
            "[{'sql': 'SELECT 1', 'time': '0.001'}]",
            "[\n {\"sql\": \"SELECT 1\"}]",
            "(0.001) SELECT 1; args=(); alias=default",
            "DEBUG (0.001) SELECT \"a\".\"id\" FROM a",
            "2026-01-01 INFO sqlalchemy.engine.Engine SELECT 1",
            "2026-01-01 [7] LOG:  duration: 0.667 ms  statement: SELECT 1",
            "SELECT * FROM a;\nSELECT * FROM b",
            "UPDATE \"a\" SET b = 1",
            "WITH x AS (SELECT 1) SELECT * FROM x",
            " QUERY PLAN\n-----\n Seq Scan on a  (cost=0.00..1.01 rows=1 width=4)",
        ] {
            assert_eq!(kind("", text), Kind::Log, "{text}");
        }
        assert_eq!(kind("", "CREATE TABLE a (id int);"), Kind::Sql);
        assert_eq!(kind("", "BEGIN;\nCREATE TABLE a (id int);\nCOMMIT;"), Kind::Sql);
    }

    #[test]
    fn what_is_nothing_says_so() {
        let answer = classify("", b"Dear all, please find attached the minutes");
        assert_eq!(answer.kind, Kind::Other);
        assert!(answer.why.contains("Dear all"), "{}", answer.why);
        assert_eq!(classify("a.bin", b"\x7fELF\0\0\0\x01\x02").kind, Kind::Other);
        assert_eq!(classify("", b"").why, "empty");
    }

    #[test]
    fn a_head_cut_within_a_character_is_still_text() {
        let text = "x = 'é'".as_bytes();
        assert_eq!(classify("", &text[..6]).kind, Kind::Python);
    }
}
