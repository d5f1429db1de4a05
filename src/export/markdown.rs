//! For the description or a comment of a pull request.

use std::fmt::Write;

use crate::model::{Evidence, Finding, Report, Safety, Severity};

use super::text::{against, milliseconds, verdict};
use super::{Options, checklist, cost_line, counts, letters, plural, shortened};

/// Findings that are written out; the table has them all. GitHub takes 65,536 characters in one comment.
const MOST_DETAILS: usize = 30;

pub fn render(report: &Report, options: &Options<'_>) -> String {
    let mut out = String::from("## Database round trips\n\n");
    let summary = &report.summary;
    let files = plural(summary.files.into(), "file", "files");
    let statements = plural(summary.statements, "statement", "statements");
    let _ = writeln!(out, "{} in {files}, {statements}.\n", counts(report));
    if !report.findings.is_empty() {
        out.push_str("| | Rule | Where | What | Round trips |\n|---|---|---|---|---|\n");
        for finding in &report.findings {
            let _ = writeln!(
                out,
                "| {} | {} {} | {} | {} | {} |",
                mark(finding.severity),
                finding.rule,
                finding.name,
                code(&place(finding)),
                inline(&finding.message),
                cost_line(finding).map(|cost| inline(&cost)).unwrap_or_default(),
            );
        }
        out.push('\n');
    }
    for finding in report.findings.iter().take(MOST_DETAILS) {
        details(finding, &mut out);
    }
    if let Some(more) = report.findings.len().checked_sub(MOST_DETAILS + 1) {
        let _ = writeln!(out, "{} not written out here.\n", plural(more as u64 + 1, "finding is", "findings are"));
    }
    if let Some(comparison) = &report.comparison {
        let fixed = plural(comparison.fixed.len() as u64, "finding", "findings");
        let new = plural(comparison.new.into(), "finding", "findings");
        let _ = writeln!(out, "### Compared with before\n\n{fixed} fixed, {new} new.\n");
        for finding in &comparison.fixed {
            let _ = writeln!(out, "- fixed: {} {}: {}", finding.rule, finding.name, inline(&finding.message));
        }
        for change in &comparison.endpoints {
            let (then, now) = (change.before.queries_p95, change.after.queries_p95);
            let alert = if change.alerts.is_empty() { "" } else { " ⚠" };
            let _ = writeln!(out, "- {}: {then} → {now} queries{alert}", code(&change.name));
        }
        out.push('\n');
    }
    for endpoint in report.endpoints.iter().filter(|endpoint| !endpoint.missed.is_empty()) {
        let _ =
            writeln!(out, "- {}: {}: {}", verdict(endpoint), code(&endpoint.name), inline(&against(endpoint, true)));
    }
    out.push_str("### Checklist\n\n");
    for item in checklist::items(report, options.families) {
        match item.against {
            0 => {
                let _ = writeln!(out, "- [x] {}", item.text);
            }
            count => {
                let _ = writeln!(out, "- [ ] {} ({count})", item.text);
            }
        }
    }
    for error in &report.errors {
        let line = error.line.map(|line| format!(":{line}")).unwrap_or_default();
        let _ = writeln!(out, "\nNot read: {}: {}", code(&format!("{}{line}", error.path)), inline(&error.message));
    }
    out
}

fn mark(severity: Severity) -> &'static str {
    match severity {
        Severity::Blocker => "🔴 blocker",
        Severity::Warning => "🟠 warning",
        Severity::Info => "🔵 info",
    }
}

fn place(finding: &Finding) -> String {
    match (&finding.path, finding.line) {
        (Some(path), Some(line)) => format!("{path}:{line}"),
        (Some(path), None) => path.clone(),
        _ => "log".to_owned(),
    }
}

fn details(finding: &Finding, out: &mut String) {
    let _ = writeln!(
        out,
        "<details><summary>{} <code>{}</code></summary>\n",
        escaped(&format!("{} {}", finding.rule, finding.name)),
        escaped(&place(finding)),
    );
    let sure = finding.confidence.as_str();
    let _ = writeln!(out, "{} ({sure})\n", inline(&finding.message));
    for letter in letters(finding) {
        let _ = writeln!(out, "- {}", inline(&letter));
    }
    for evidence in &finding.evidence {
        match evidence {
            Evidence::Code { path, line, message } => {
                let _ = writeln!(out, "- {}: {}", code(&format!("{path}:{line}")), inline(message));
            }
            Evidence::Statements { sql, count, total_ms, request, .. } => {
                let time = total_ms.map(|ms| format!(", {} ms", milliseconds(ms))).unwrap_or_default();
                let request = request.as_ref().map(|name| format!(" in {}", code(name))).unwrap_or_default();
                let _ = writeln!(out, "- seen {count}×{time}{request}: {}", code(&shortened(sql, 200)));
            }
        }
    }
    match &finding.rewrite {
        Some(rewrite) => {
            let safety = match rewrite.safety {
                Safety::Safe => "results cannot change",
                Safety::Review => "to be agreed to",
            };
            let note = if rewrite.note.is_empty() { String::new() } else { format!(": {}", inline(&rewrite.note)) };
            let _ = writeln!(out, "\n{} ({safety}){note}\n", inline(&rewrite.title));
            let fence = fence(&rewrite.diff);
            let _ = writeln!(out, "{fence}diff\n{}\n{fence}", rewrite.diff.trim_end());
        }
        None => {
            let _ = writeln!(out, "\n{}", inline(&finding.advice));
        }
    }
    out.push_str("\n</details>\n\n");
}

/// A fence that the text does not hold.
pub(super) fn fence(text: &str) -> String {
    let mut longest = 0;
    let mut run = 0;
    for c in text.chars() {
        run = if c == '`' { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    "`".repeat(longest.max(2) + 1)
}

/// A code span that the text cannot leave, nor the table around it.
pub(super) fn code(text: &str) -> String {
    let flat = shortened(text, 300).replace('|', "\\|");
    if flat.contains('`') { format!("`` {flat} ``") } else { format!("`{flat}`") }
}

/// Text in which nothing is mark-up, but for code spans.
pub(super) fn inline(text: &str) -> String {
    let mut out = String::new();
    for (at, part) in shortened(text, 2000).split('`').enumerate() {
        if at > 0 {
            out.push('`');
        }
        if at % 2 == 1 {
            out.push_str(&part.replace('|', "\\|"));
            continue;
        }
        for c in part.chars() {
            match c {
                '<' => out.push_str("&lt;"),
                '&' => out.push_str("&amp;"),
                '|' | '*' | '_' | '[' | ']' | '\\' | '#' | '@' => out.extend(['\\', c]),
                _ => out.push(c),
            }
        }
    }
    out
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::sample;
    use crate::model::Family;

    #[test]
    fn the_table_holds_and_the_checklist_is_ticked() {
        let options = Options { families: &[Family::NPlusOne, Family::Index], ..Options::default() };
        let out = render(&sample::report(), &options);
        let rows: Vec<&str> =
            out.split('\n').filter(|line| line.starts_with("| 🔴") || line.starts_with("| 🟠")).collect();
        assert_eq!(
            rows[0],
            "| 🔴 blocker | RT101 fk-in-loop | `app/views.py:5` | `topic.forum` is read once per row, &lt;b>100%&lt;/b>: it is not loaded | 1 + N → 1 |"
        );
        assert!(rows[1].contains("4 times \\| again\u{fffd}\\[31m"), "{}", rows[1]);
        assert!(out.contains("```diff\n--- a/app/views.py"));
        assert!(out.contains("- [ ] No query runs once per row of another one (1)"));
        assert!(out.contains("- [x] Fields that are filtered"));
        assert!(!out.contains("Settings fit"));
        assert!(
            out.contains("- budget missed: `GET /forum/`: 49 / 10 queries (39 over), p95 212 / 200 ms (12.0 over)")
        );
    }

    #[test]
    fn nothing_leaves_its_span() {
        assert_eq!(code("a`b|c"), "`` a`b\\|c ``");
        assert_eq!(inline("*a* <x> @all"), "\\*a\\* &lt;x> \\@all");
        assert_eq!(fence("x\n````\ny"), "`````");
    }
}
