//! One file to send around: no script, no other file, nothing to load.

use std::fmt::Write;

use crate::model::{Evidence, Finding, QueryRow, Report, Safety, Severity};

use super::text::{against, milliseconds};
use super::{Options, checklist, cost_line, counts, letters, plural};

const STYLE: &str = "\
:root{color-scheme:light dark;--line:#d0d7de;--dim:#59636e;--red:#b3261e;--amber:#8a5a00;--blue:#0b57d0;--add:#dafbe1;--del:#ffebe9;--hit:#fff8c5}
@media(prefers-color-scheme:dark){:root{--line:#3d444d;--dim:#9198a1;--red:#ff8a80;--amber:#e3b341;--blue:#8ab4f8;--add:#12361f;--del:#4a1a1a;--hit:#3b2f0b}}
body{font:14px/1.5 system-ui,sans-serif;max-width:70rem;margin:0 auto;padding:24px 16px}
code,pre{font:12px/1.5 ui-monospace,monospace}pre{overflow:auto;border:1px solid var(--line);border-radius:6px;padding:8px;margin:8px 0}
article{border-top:1px solid var(--line);padding:12px 0}h1{font-size:20px}h2{font-size:16px;margin-top:32px}h3{font-size:14px;margin:0}
table{border-collapse:collapse;width:100%}td,th{text-align:left;vertical-align:top;padding:4px 8px;border-bottom:1px solid var(--line)}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}.dim{color:var(--dim)}.blocker{color:var(--red)}.warning{color:var(--amber)}.info{color:var(--blue)}
.hit{background:var(--hit);font-weight:600}
@media print{:root{color-scheme:light;--line:#d0d7de;--dim:#59636e;--red:#b3261e;--amber:#8a5a00;--blue:#0b57d0;--add:#dafbe1;--del:#ffebe9;--hit:#fff8c5}
body{max-width:none;padding:0}pre{overflow:visible;white-space:pre-wrap;overflow-wrap:anywhere}article,tr,pre{break-inside:avoid}h2,h3{break-after:avoid}
.add,.del,.hit{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
.add{background:var(--add)}.del{background:var(--del)}pre span{display:block}ul{margin:4px 0;padding-left:20px}
";

pub fn render(report: &Report, options: &Options<'_>) -> String {
    let mut out = String::from("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    out.push_str("<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n");
    out.push_str(
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n",
    );
    let _ = writeln!(out, "<title>Database round trips</title>\n<style>{STYLE}</style>\n</head>\n<body>");
    let summary = &report.summary;
    let files = plural(summary.files.into(), "file", "files");
    let statements = plural(summary.statements, "statement", "statements");
    let _ = writeln!(out, "<h1>Database round trips</h1>\n<p>{} in {files}, {statements}.</p>", counts(report));
    for finding in &report.findings {
        article(finding, options, &mut out);
    }
    endpoints(report, &mut out);
    functions(report, &mut out);
    queries(report, &mut out);
    out.push_str("<h2>Checklist</h2>\n<ul>\n");
    for item in checklist::items(report, options.families) {
        let state = if item.against == 0 { "✓".to_owned() } else { format!("✗ {}", item.against) };
        let _ = writeln!(out, "<li>{state} {}</li>", escape(item.text));
    }
    out.push_str("</ul>\n");
    let notes = report.inputs.iter().flat_map(|input| input.notes.iter().map(|note| format!("{}: {note}", input.name)));
    let errors = report.errors.iter().map(|error| {
        let line = error.line.map(|line| format!(":{line}")).unwrap_or_default();
        format!("{}{line}: not read: {}", error.path, error.message)
    });
    for line in errors.chain(notes) {
        let _ = writeln!(out, "<p class=\"dim\">{}</p>", escape(&line));
    }
    out.push_str("</body>\n</html>\n");
    out
}

fn article(finding: &Finding, options: &Options<'_>, out: &mut String) {
    let mark = match finding.severity {
        Severity::Blocker => "●",
        Severity::Warning => "▲",
        Severity::Info => "■",
    };
    let severity = finding.severity.as_str();
    let place = match (&finding.path, finding.line) {
        (Some(path), Some(line)) => format!("{path}:{line}"),
        (Some(path), None) => path.clone(),
        _ => "log".to_owned(),
    };
    let _ = writeln!(
        out,
        "<article>\n<h3><span class=\"{severity}\">{mark} {severity}</span> {} {} <code>{}</code></h3>\n<p>{} <span class=\"dim\">{}</span></p>",
        escape(&finding.rule),
        escape(&finding.name),
        escape(&place),
        escape(&finding.message),
        finding.confidence.as_str(),
    );
    if let Some(cost) = cost_line(finding) {
        let letters = letters(finding).join(", ");
        let _ = writeln!(out, "<p>⇄ {} <span class=\"dim\">{}</span></p>", escape(&cost), escape(&letters));
    }
    if !finding.evidence.is_empty() {
        out.push_str("<ul>\n");
        for evidence in &finding.evidence {
            match evidence {
                Evidence::Code { path, line, message } => {
                    let _ = writeln!(out, "<li><code>{}:{line}</code> {}</li>", escape(path), escape(message));
                }
                Evidence::Statements { sql, count, total_ms, request, .. } => {
                    let time = total_ms.map(|ms| format!(", {} ms", milliseconds(ms))).unwrap_or_default();
                    let request = request.as_ref().map(|name| format!(" in {name}")).unwrap_or_default();
                    let _ =
                        writeln!(out, "<li>seen {count}×{time}{} <code>{}</code></li>", escape(&request), escape(sql));
                }
            }
        }
        out.push_str("</ul>\n");
    }
    match &finding.rewrite {
        Some(rewrite) => {
            let safety = match rewrite.safety {
                Safety::Safe => "safe",
                Safety::Review => "to review",
            };
            let _ = writeln!(
                out,
                "<p>{} <span class=\"dim\">{safety}. {}</span></p>",
                escape(&rewrite.title),
                escape(&rewrite.note)
            );
            diff(&rewrite.diff, out);
        }
        None => {
            excerpt(finding, options, out);
            let _ = writeln!(out, "<p>{}</p>", escape(&finding.advice));
        }
    }
    out.push_str("</article>\n");
}

/// Lines before and after the one that an excerpt is of.
const AROUND: u32 = 3;

/// The code that a finding without a rewrite stands in: there is no diff that would show it.
fn excerpt(finding: &Finding, options: &Options<'_>, out: &mut String) {
    let source = finding.path.as_ref().and_then(|path| options.source(path));
    let (Some(source), Some(line)) = (source, finding.line) else { return };
    out.push_str("<pre>");
    for number in line.saturating_sub(AROUND).max(1)..=line.saturating_add(AROUND).min(source.line_count()) {
        let class = if number == line { " class=\"hit\"" } else { "" };
        let _ = write!(out, "<span{class}>{number:>5}  {}</span>", escape(source.line_text(number).trim_end()));
    }
    out.push_str("</pre>\n");
}

fn diff(diff: &str, out: &mut String) {
    out.push_str("<pre>");
    for line in diff.split_terminator('\n') {
        let class = match line.chars().next() {
            Some('+') => " class=\"add\"",
            Some('-') => " class=\"del\"",
            _ => "",
        };
        let _ = write!(out, "<span{class}>{}</span>", escape(line.trim_end_matches('\r')));
    }
    out.push_str("</pre>\n");
}

fn endpoints(report: &Report, out: &mut String) {
    if report.endpoints.is_empty() {
        return;
    }
    out.push_str("<h2>Endpoints</h2>\n<table>\n<tr><th>Endpoint<th class=\"n\">Requests<th class=\"n\">Queries (p95)<th>Budget</tr>\n");
    for endpoint in &report.endpoints {
        let _ = writeln!(
            out,
            "<tr><td><code>{}</code><td class=\"n\">{}<td class=\"n\">{}<td>{}</tr>",
            escape(&endpoint.name),
            endpoint.requests,
            endpoint.queries_p95,
            escape(&against(endpoint, !endpoint.missed.is_empty())),
        );
    }
    out.push_str("</table>\n");
}

fn functions(report: &Report, out: &mut String) {
    if report.functions.is_empty() {
        return;
    }
    out.push_str("<h2>Functions</h2>\n<table>\n<tr><th>Function<th>Where<th>Round trips</tr>\n");
    for function in &report.functions {
        let more = if function.exact { "" } else { " or more" };
        let _ = writeln!(
            out,
            "<tr><td><code>{}</code><td><code>{}:{}</code><td>⇄ {}{more}</tr>",
            escape(&function.name),
            escape(&function.path),
            function.line,
            escape(&function.round_trips),
        );
    }
    out.push_str("</table>\n");
}

fn queries(report: &Report, out: &mut String) {
    if report.queries.is_empty() {
        return;
    }
    out.push_str(
        "<h2>Statements</h2>\n<table>\n<tr><th>Statement<th>Where<th class=\"n\">Times<th class=\"n\">Total ms</tr>\n",
    );
    for row in &report.queries {
        let (sql, place, times, total) = match row {
            QueryRow::Predicted(query) => {
                let times = if query.loops.is_empty() { "1".to_owned() } else { query.loops.join("·") };
                (&query.sql, format!("{}:{}", query.path, query.line), times, String::new())
            }
            QueryRow::Observed(query) => {
                let total = query.total_ms.map(milliseconds).unwrap_or_default();
                (&query.sql, String::new(), query.executions.to_string(), total)
            }
        };
        let _ = writeln!(
            out,
            "<tr><td><code>{}</code><td><code>{}</code><td class=\"n\">{}<td class=\"n\">{total}</tr>",
            escape(sql),
            escape(&place),
            escape(&times),
        );
    }
    out.push_str("</table>\n");
}

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c if c.is_control() && c != '\t' && c != '\n' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::sample;
    use crate::text::Source;

    #[test]
    fn a_finding_without_a_rewrite_shows_its_line() {
        let mut report = sample::report();
        let finding = &mut report.findings[0];
        (finding.rewrite, finding.path, finding.line) = (None, Some("a.py".to_owned()), Some(2));
        let sources = std::collections::BTreeMap::from([("a.py".to_owned(), Source::new("a.py", "x = 1\ny < 2\nz\n"))]);
        let out = render(&report, &Options { sources: Some(&sources), ..Options::default() });
        assert!(out.contains("<span>    1  x = 1</span><span class=\"hit\">    2  y &lt; 2</span>"), "{out}");
        report.findings[0].line = Some(u32::MAX);
        assert!(!render(&report, &Options { sources: Some(&sources), ..Options::default() }).contains("class=\"hit"));
    }

    #[test]
    fn the_file_stands_alone_and_holds_no_mark_up_of_its_input() {
        let mut report = sample::report();
        report.findings[0].message = "</article><script>alert(1)</script>".to_owned();
        report.findings[0].path = Some("\"><img src=x onerror=alert(1)>".to_owned());
        report.functions[0].name = "<svg>".to_owned();
        let out = render(&report, &Options::default());
        for tag in ["<script", "<img", "<svg", "src=\"", "href="] {
            assert!(!out.contains(tag), "{tag}");
        }
        assert!(out.contains("&lt;script&gt;alert(1)"));
        assert!(
            out.contains("<span class=\"add\">+    topics = Topic.objects.select_related(&quot;forum&quot;)</span>")
        );
        assert!(out.contains("⇄ 1 + N → 1"));
        assert_eq!(out.matches("<article>").count(), out.matches("</article>").count());
    }
}
