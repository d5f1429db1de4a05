//! SARIF 2.1.0. <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>

use serde_json::{Value, json};

use crate::model::{Edit, Evidence, Finding, Report, Severity};

use super::{Options, cost_line, pretty};

pub fn render(report: &Report, options: &Options<'_>) -> String {
    let rules: Vec<Value> = report
        .rules
        .iter()
        .map(|rule| {
            let mut value = json!({
                "id": rule.code,
                "name": rule.name,
                "shortDescription": {"text": rule.summary},
            });
            if let Some(help) = options.help.and_then(|help| help(&rule.code)) {
                set(&mut value, "help", json!({"text": help, "markdown": help}));
            }
            let family = report.findings.iter().find(|finding| finding.rule == rule.code).map(|f| f.family.as_str());
            if let Some(family) = family {
                set(&mut value, "properties", json!({"tags": [family]}));
            }
            value
        })
        .collect();
    let results: Vec<Value> = report.findings.iter().map(|finding| result(finding, report)).collect();
    let notifications: Vec<Value> = report
        .errors
        .iter()
        .map(|error| {
            let mut place = json!({"artifactLocation": {"uri": uri(&error.path)}});
            if let Some(line) = error.line {
                set(&mut place, "region", json!({"startLine": line}));
            }
            json!({"level": "warning", "message": {"text": error.message}, "locations": [{"physicalLocation": place}]})
        })
        .collect();
    pretty(&json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {"name": "roundtrip", "version": env!("CARGO_PKG_VERSION"), "rules": rules}},
            "columnKind": "unicodeCodePoints",
            "invocations": [{"executionSuccessful": true, "toolExecutionNotifications": notifications}],
            "results": results,
        }],
    }))
}

fn set(value: &mut Value, key: &str, to: Value) {
    if let Some(object) = value.as_object_mut() {
        object.insert(key.to_owned(), to);
    }
}

fn result(finding: &Finding, report: &Report) -> Value {
    let level = match finding.severity {
        Severity::Blocker => "error",
        Severity::Warning => "warning",
        Severity::Info => "note",
    };
    let mut value = json!({
        "ruleId": finding.rule,
        "level": level,
        "message": {"text": finding.message},
        "partialFingerprints": {"roundtrip/v1": finding.fingerprint},
        "properties": {
            "confidence": finding.confidence,
            "hint": finding.hint,
            "roundTrips": cost_line(finding),
            "advice": finding.advice,
        },
    });
    if let Some(index) = report.rules.iter().position(|rule| rule.code == finding.rule) {
        set(&mut value, "ruleIndex", json!(index));
    }
    if let Some(path) = &finding.path {
        let mut place = json!({"artifactLocation": {"uri": uri(path)}});
        if let Some(line) = finding.line {
            let mut region = json!({"startLine": line});
            let ends =
                [("startColumn", finding.column), ("endLine", finding.end_line), ("endColumn", finding.end_column)];
            for (key, number) in ends {
                if let Some(number) = number {
                    set(&mut region, key, json!(number));
                }
            }
            set(&mut place, "region", region);
        }
        set(&mut value, "locations", json!([{"physicalLocation": place}]));
    }
    let related: Vec<Value> = finding
        .evidence
        .iter()
        .filter_map(|evidence| match evidence {
            Evidence::Code { path, line, message } => Some((path, line, message)),
            Evidence::Statements { .. } => None,
        })
        .enumerate()
        .map(|(id, (path, line, message))| {
            let place = json!({"artifactLocation": {"uri": uri(path)}, "region": {"startLine": line}});
            json!({"id": id, "physicalLocation": place, "message": {"text": message}})
        })
        .collect();
    if !related.is_empty() {
        set(&mut value, "relatedLocations", json!(related));
    }
    if let Some(introduced) = finding.introduced {
        set(&mut value, "baselineState", json!(if introduced { "new" } else { "unchanged" }));
    }
    if let Some(rewrite) = &finding.rewrite {
        let title = match rewrite.note.as_str() {
            "" => rewrite.title.clone(),
            note => format!("{}: {note}", rewrite.title),
        };
        set(&mut value, "fixes", json!([{"description": {"text": title}, "artifactChanges": changes(&rewrite.edits)}]));
    }
    value
}

/// The edits by file, in the order of their first mention.
fn changes(edits: &[Edit]) -> Vec<Value> {
    let mut paths: Vec<&str> = Vec::new();
    for edit in edits {
        if !paths.contains(&edit.path.as_str()) {
            paths.push(&edit.path);
        }
    }
    let replacement = |edit: &Edit| {
        json!({
            "deletedRegion": {
                "startLine": edit.start_line,
                "startColumn": edit.start_column,
                "endLine": edit.end_line,
                "endColumn": edit.end_column,
            },
            "insertedContent": {"text": edit.text},
        })
    };
    paths
        .into_iter()
        .map(|path| {
            let replacements: Vec<Value> = edits.iter().filter(|edit| edit.path == path).map(replacement).collect();
            json!({"artifactLocation": {"uri": uri(path)}, "replacements": replacements})
        })
        .collect()
}

/// A path as a URI reference: relative ones stay relative, what a URI cannot hold is percent-encoded.
fn uri(path: &str) -> String {
    let path = path.strip_prefix("./").unwrap_or(path).replace('\\', "/");
    let drive = path.as_bytes().get(1) == Some(&b':');
    let mut out = match (path.starts_with('/'), drive) {
        (true, _) => "file://".to_owned(),
        (false, true) => "file:///".to_owned(),
        (false, false) => String::new(),
    };
    for (at, byte) in path.bytes().enumerate() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => out.push(char::from(byte)),
            b':' if drive && at == 1 => out.push(':'),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::sample;

    #[test]
    fn results_have_their_places_and_fixes() {
        let help = |code: &str| Some(format!("all about {code}"));
        let out = render(&sample::report(), &Options { help: Some(&help), ..Options::default() });
        let value: Value = serde_json::from_str(&out).unwrap();
        let run = &value["runs"][0];
        let code = &run["results"][0];
        assert_eq!(code["level"], "error");
        assert_eq!(run["tool"]["driver"]["rules"][code["ruleIndex"].as_u64().unwrap() as usize]["id"], "RT101");
        assert_eq!(run["tool"]["driver"]["rules"][0]["help"]["markdown"], "all about RT101");
        let place = &code["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], "app/views.py");
        assert_eq!(place["region"], json!({"startLine": 5, "startColumn": 21, "endLine": 5, "endColumn": 32}));
        assert_eq!(code["baselineState"], "new");
        assert_eq!(code["partialFingerprints"]["roundtrip/v1"], "00112233445566aa");
        assert_eq!(code["fixes"][0]["artifactChanges"][0]["replacements"][0]["deletedRegion"]["startColumn"], 27);
        // A finding of a log has no place, and none is made up.
        assert!(run["results"][1].get("locations").is_none());
        assert_eq!(run["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"], "not UTF-8");
    }

    #[test]
    fn paths_become_uris() {
        assert_eq!(uri("./a b/ü#.py"), "a%20b/%C3%BC%23.py");
        assert_eq!(uri("/tmp/a.py"), "file:///tmp/a.py");
        assert_eq!(uri("C:\\a\\b.py"), "file:///C:/a/b.py");
    }
}
