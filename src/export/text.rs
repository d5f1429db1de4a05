//! For a terminal: a finding opens with one line that editors can follow.

use std::fmt::Write;

use crate::model::{
    Comparison, Confidence, Endpoint, EndpointChange, EndpointKind, Evidence, Finding, QueryNumbers, Report, Safety,
    Severity,
};

use super::{Options, cost_line, counts, harmless, letters, plural, shortened};

/// Pieces of evidence under one finding; the JSON has them all.
const MOST_EVIDENCE: usize = 4;
const SQL_WIDTH: usize = 100;
/// Statements that a comparison lists; the JSON has more.
const MOST_CHANGES: usize = 10;

struct Paint {
    color: bool,
}

impl Paint {
    fn with(&self, code: &str, text: &str) -> String {
        if self.color { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }

    fn bold(&self, text: &str) -> String {
        self.with("1", text)
    }

    fn dim(&self, text: &str) -> String {
        self.with("2", text)
    }

    fn severity(&self, severity: Severity) -> String {
        let code = match severity {
            Severity::Blocker => "1;31",
            Severity::Warning => "33",
            Severity::Info => "36",
        };
        self.with(code, severity.as_str())
    }
}

pub fn render(report: &Report, options: &Options<'_>) -> String {
    let paint = Paint { color: options.color };
    let mut out = String::new();
    for finding in &report.findings {
        head(finding, report, &paint, &mut out);
        if !options.quiet {
            details(finding, &paint, &mut out);
        }
    }
    if let Some(comparison) = report.comparison.as_ref().filter(|_| !options.quiet) {
        compared(comparison, &paint, &mut out);
    }
    endpoints(report, options.quiet, &paint, &mut out);
    if options.quiet {
        return out;
    }
    for error in &report.errors {
        let line = error.line.map(|line| format!(":{line}")).unwrap_or_default();
        let _ = writeln!(out, "{}{line}: error: {}", harmless(&error.path), harmless(&error.message));
    }
    for input in &report.inputs {
        for note in &input.notes {
            let _ = writeln!(out, "{}", paint.dim(&format!("{}: note: {}", harmless(&input.name), harmless(note))));
        }
    }
    let _ = writeln!(out, "{}", total(report));
    out
}

fn compared(comparison: &Comparison, paint: &Paint, out: &mut String) {
    let fixed = plural(comparison.fixed.len() as u64, "finding", "findings");
    let new = plural(comparison.new.into(), "finding", "findings");
    let _ = writeln!(
        out,
        "{}: {fixed} fixed, {new} new",
        paint.bold(&harmless(&format!("compared with {}", comparison.before.join(", "))))
    );
    for finding in &comparison.fixed {
        let _ = writeln!(out, "    fixed: {} {} {}", finding.rule, finding.name, harmless(&finding.message));
    }
    if comparison.not_run > 0 {
        let gone = plural(comparison.not_run.into(), "finding", "findings");
        let _ = writeln!(out, "    {gone} of before in requests that did not run again");
    }
    let changed = |change: &&EndpointChange| change.before.queries_p95 != change.after.queries_p95;
    for change in comparison.endpoints.iter().filter(|change| changed(change) || !change.alerts.is_empty()) {
        let (then, now) = (&change.before, &change.after);
        let times = match (then.p95_ms, now.p95_ms) {
            (Some(then), Some(now)) => format!(", p95 {} → {} ms", milliseconds(then), milliseconds(now)),
            _ => String::new(),
        };
        let name = harmless(&change.name);
        let _ = writeln!(out, "    {name}: {} → {} queries{times}", then.queries_p95, now.queries_p95);
    }
    for change in comparison.queries.iter().take(MOST_CHANGES) {
        let count = |numbers: &Option<QueryNumbers>| numbers.map_or(0, |numbers| numbers.executions);
        let sql = harmless(&shortened(&change.sql, SQL_WIDTH));
        let line = format!("{}× → {}×: {sql}", count(&change.before), count(&change.after));
        let _ = writeln!(out, "    {}", paint.dim(&line));
    }
}

fn head(finding: &Finding, report: &Report, paint: &Paint, out: &mut String) {
    let place = match (&finding.path, finding.line) {
        (Some(path), Some(line)) => {
            let column = finding.column.map(|column| format!(":{column}")).unwrap_or_default();
            format!("{}:{line}{column}", paint.bold(&harmless(path)))
        }
        (Some(path), None) => paint.bold(&harmless(path)),
        (None, _) => match report.inputs.as_slice() {
            [input] => paint.bold(&harmless(&input.name)),
            _ => paint.bold("log"),
        },
    };
    let sure = match finding.confidence {
        Confidence::Certain => String::new(),
        other => format!(" {}", paint.dim(&format!("({})", other.as_str()))),
    };
    let hint = if finding.hint { " hint" } else { "" };
    let _ = writeln!(
        out,
        "{place}: {}{hint} {} {} {}{sure}",
        paint.severity(finding.severity),
        finding.rule,
        finding.name,
        harmless(&finding.message),
    );
}

fn details(finding: &Finding, paint: &Paint, out: &mut String) {
    if let Some(cost) = cost_line(finding) {
        let saved = finding.cost.as_ref().and_then(|cost| cost.saved_ms);
        // Whole milliseconds of a log round quick statements down to nothing.
        let saved = saved.filter(|ms| *ms > 0.0);
        let saved = saved.map(|ms| format!(", saves {} ms", milliseconds(ms))).unwrap_or_default();
        let letters = letters(finding);
        let letters = if letters.is_empty() { String::new() } else { format!("   {}", letters.join(", ")) };
        let _ = writeln!(out, "    round trips {cost}{saved}{}", paint.dim(&harmless(&letters)));
    }
    for evidence in finding.evidence.iter().take(MOST_EVIDENCE) {
        let line = match evidence {
            Evidence::Code { path, line, message } => format!("{path}:{line}: {message}"),
            Evidence::Statements { sql, count, total_ms, request, .. } => {
                let time = total_ms.map(|ms| format!(", {} ms", milliseconds(ms))).unwrap_or_default();
                let request = request.as_ref().map(|name| format!(" in {name}")).unwrap_or_default();
                format!("seen {count}×{time}{request}: {}", shortened(sql, SQL_WIDTH))
            }
        };
        let _ = writeln!(out, "    {}", paint.dim(&harmless(&line)));
    }
    if let Some(more) = finding.evidence.len().checked_sub(MOST_EVIDENCE + 1) {
        let _ =
            writeln!(out, "    {}", paint.dim(&format!("… and {} more", plural(more as u64 + 1, "place", "places"))));
    }
    match &finding.rewrite {
        Some(rewrite) => {
            let safety = match rewrite.safety {
                Safety::Safe => "safe",
                Safety::Review => "to review",
            };
            let note = if rewrite.note.is_empty() { String::new() } else { format!(": {}", rewrite.note) };
            let _ = writeln!(out, "    fix ({safety}): {}{}", harmless(&rewrite.title), harmless(&note));
        }
        None if !finding.advice.is_empty() => {
            let _ = writeln!(out, "    advice: {}", harmless(&finding.advice));
        }
        None => {}
    }
}

/// Three significant digits.
pub(super) fn milliseconds(ms: f64) -> String {
    match ms.abs() {
        large if large >= 100.0 => format!("{ms:.0}"),
        middle if middle >= 10.0 => format!("{ms:.1}"),
        _ => format!("{ms:.2}"),
    }
}

/// Each endpoint that misses its budget, or keeps one that was chosen, and how many keep what is usual. `quiet`: what
/// fails only.
fn endpoints(report: &Report, quiet: bool, paint: &Paint, out: &mut String) {
    let mut usual = 0;
    for endpoint in &report.endpoints {
        let (kept, held) = (endpoint.missed.is_empty(), endpoint.held);
        if kept && !held {
            usual += u64::from(endpoint.kind.is_some());
        }
        let shown = if quiet { held && !kept } else { held || !kept };
        if shown {
            let name = paint.bold(&harmless(&endpoint.name));
            let _ = writeln!(out, "{name}: {}: {}", verdict(endpoint), against(endpoint, !kept));
        }
    }
    if usual > 0 && !quiet {
        let told = plural(usual, "endpoint stays", "endpoints stay");
        let _ = writeln!(out, "{}", paint.dim(&format!("{told} within what is usual for a list or a detail")));
    }
}

pub(super) fn verdict(endpoint: &Endpoint) -> &'static str {
    match (endpoint.missed.is_empty(), endpoint.held, endpoint.kind) {
        (true, true, _) => "within its budget",
        (true, false, _) => "as usual",
        (false, true, _) => "budget missed",
        (false, false, Some(EndpointKind::List)) => "more than usual for a list",
        (false, false, Some(EndpointKind::Detail)) => "more than usual for a detail",
        (false, false, None) => "more than usual",
    }
}

/// `49 / 10 queries (39 over), p95 212 / 200 ms (12.0 over)`; with `missed` the parts that are over only.
pub(super) fn against(endpoint: &Endpoint, missed: bool) -> String {
    let Endpoint { budget, margin, .. } = endpoint;
    let wanted = |what: &str| !missed || endpoint.missed.iter().any(|own| own == what);
    let count = |left: i64| format!("{} {}", left.unsigned_abs(), if left < 0 { "over" } else { "left" });
    let time = |name: &str, seen: Option<f64>, most: Option<f64>, left: Option<f64>| {
        let (seen, most, left) = (seen?, most?, left?);
        let way = if left < 0.0 { "over" } else { "left" };
        let [seen, most, left] = [seen, most, left.abs()].map(milliseconds);
        Some(format!("{name} {seen} / {most} ms ({left} {way})"))
    };
    let queries = budget.queries.zip(margin.queries);
    let queries = queries.map(|(most, left)| format!("{} / {most} queries ({})", endpoint.queries_p95, count(left)));
    let duplicates = budget.duplicates.zip(margin.duplicates);
    let duplicates = duplicates.map(|(most, left)| format!("at most {most} duplicates ({})", count(left)));
    let parts = [
        ("queries", queries),
        ("p95_ms", time("p95", endpoint.p95_ms, budget.p95_ms, margin.p95_ms)),
        ("p99_ms", time("p99", endpoint.p99_ms, budget.p99_ms, margin.p99_ms)),
        ("duplicates", duplicates),
    ];
    let parts = parts.into_iter().filter(|(what, _)| wanted(what)).filter_map(|(_, text)| text);
    parts.collect::<Vec<_>>().join(", ")
}

fn total(report: &Report) -> String {
    let summary = &report.summary;
    let files = plural(summary.files.into(), "file", "files");
    let statements = plural(summary.statements, "statement", "statements");
    if report.findings.is_empty() {
        format!("no findings: {files}, {statements}")
    } else {
        format!("{}: {files}, {statements}", counts(report))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::sample;

    #[test]
    fn a_finding_reads_as_an_editor_wants_it() {
        let out = render(&sample::report(), &Options::default());
        let expected = "\
app/views.py:5:21: blocker RT101 fk-in-loop `topic.forum` is read once per row, <b>100%</b>: it is not loaded (likely)
    round trips 1 + N → 1   N = rows of forum.Topic (line 3)
    app/views.py:3: queryset built here
    fix (safe): add select_related(\"forum\")
queries.json: warning RT304 duplicate-fetch the same row of user is fetched 4 times | again\u{fffd}[31m
    seen 4×, 3.25 ms in GET /forum/?a=1,2: SELECT * FROM user WHERE id = ?
    advice: Load the forum with the topics.
GET /forum/: budget missed: 49 / 10 queries (39 over), p95 212 / 200 ms (12.0 over)
app/odd.py:3: error: not UTF-8
queries.json: note: has no request boundaries
1 blocker, 1 warning, 0 info: 2 files, 49 statements
";
        assert_eq!(out, expected);
    }

    #[test]
    fn colour_is_only_added_and_quiet_is_one_line_each() {
        let report = sample::report();
        let colored = render(&report, &Options { color: true, ..Options::default() });
        assert!(colored.contains("\x1b[1;31mblocker\x1b[0m"));
        let quiet = render(&report, &Options { quiet: true, ..Options::default() });
        assert_eq!(quiet.matches('\n').count(), 3);
        assert!(!quiet.contains('\x1b'));
    }
}
