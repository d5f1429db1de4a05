//! Reviewdog's diagnostic format. <https://github.com/reviewdog/reviewdog/tree/master/proto/rdf>
//!
//! Its columns count bytes of UTF-8: without the file's text they, and suggestions, are left out.

use serde_json::{Value, json};

use crate::model::{Finding, Report, Severity};
use crate::text::Source;

use super::{Options, cost_line, pretty};

pub fn render(report: &Report, options: &Options<'_>) -> String {
    let diagnostics: Vec<Value> = report.findings.iter().filter_map(|finding| diagnostic(finding, options)).collect();
    pretty(&json!({"source": {"name": "roundtrip"}, "diagnostics": diagnostics}))
}

/// `None` for a finding without a file: the format has no place for it.
fn diagnostic(finding: &Finding, options: &Options<'_>) -> Option<Value> {
    let path = finding.path.as_deref()?;
    let line = finding.line?;
    let source = options.source(path);
    let severity = match finding.severity {
        Severity::Blocker => "ERROR",
        Severity::Warning => "WARNING",
        Severity::Info => "INFO",
    };
    let mut message = format!("{}: {}", finding.name, finding.message);
    if let Some(cost) = cost_line(finding) {
        message.push_str(&format!("\nRound trips: {cost}"));
    }
    let place = match (source, finding.column, finding.end_line, finding.end_column) {
        (Some(source), Some(column), Some(end_line), Some(end_column)) => {
            range(source, (line, column), (end_line, end_column))
        }
        _ => json!({"start": {"line": line}}),
    };
    let mut value = json!({
        "message": message,
        "location": {"path": path, "range": place},
        "severity": severity,
        "code": {"value": finding.rule},
    });
    let edits = finding.rewrite.as_ref().map(|rewrite| rewrite.edits.as_slice()).unwrap_or_default();
    if let (Some(source), true) = (source, !edits.is_empty() && edits.iter().all(|edit| edit.path == path)) {
        let suggestions: Vec<Value> = edits
            .iter()
            .map(|edit| {
                let range = range(source, (edit.start_line, edit.start_column), (edit.end_line, edit.end_column));
                json!({"range": range, "text": edit.text})
            })
            .collect();
        if let Some(object) = value.as_object_mut() {
            object.insert("suggestions".to_owned(), json!(suggestions));
        }
    }
    Some(value)
}

fn range(source: &Source, start: (u32, u32), end: (u32, u32)) -> Value {
    let bytes = |(line, column): (u32, u32)| {
        let column = source.offset(line, column) - source.line_start(line) + 1;
        json!({"line": line, "column": column})
    };
    json!({"start": bytes(start), "end": bytes(end)})
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::sample;

    fn diagnostics(options: &Options<'_>) -> Vec<Value> {
        let value: Value = serde_json::from_str(&render(&sample::report(), options)).unwrap();
        value["diagnostics"].as_array().unwrap().clone()
    }

    #[test]
    fn columns_and_suggestions_need_the_text() {
        let bare = diagnostics(&Options::default());
        assert_eq!(bare.len(), 1);
        assert_eq!(bare[0]["location"]["range"], json!({"start": {"line": 5}}));
        assert!(bare[0].get("suggestions").is_none());
        let full = diagnostics(&Options { sources: Some(&*sample::SOURCES), ..Options::default() });
        assert_eq!(full[0]["location"]["range"]["start"], json!({"line": 5, "column": 21}));
        assert_eq!(full[0]["suggestions"][0]["text"], ".select_related(\"forum\")");
    }

    #[test]
    fn columns_are_bytes() {
        let source = Source::new("a.py", "é = x\n");
        assert_eq!(range(&source, (1, 2), (1, 6))["start"]["column"], 3);
    }
}
