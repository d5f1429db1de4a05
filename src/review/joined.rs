//! A review of code and one of logs as one.

use super::{CodeReview, LogReview, finding};
use crate::config::Config;
use crate::join::{self, Met};
use crate::model::{CodeLine, Finding, FindingSource, Measured, Prediction, QueryRow, Report, Seen};
use crate::rules::{observed, registry};

use std::collections::BTreeMap;

/// What the logs say beside the code.
#[derive(Debug, Default)]
pub struct Beside {
    /// By line: what was measured of all that it sends.
    pub lines: BTreeMap<CodeLine, Measured>,
    /// For each shape of the logs, the lines that send it.
    pub of_shape: Vec<Vec<CodeLine>>,
    pub met: Met,
}

/// Gives the report of a review of code what logs showed of it: its findings and theirs become one list, in the order
/// of their places. `paths`: the files of the review. Hints that the logs confirm are none any more; the others go,
/// unless `config` shows them.
pub fn join(report: &mut Report, paths: &[&str], seen: &Seen, config: &Config) -> Beside {
    let findings = std::mem::take(&mut report.findings);
    let predictions: Vec<Prediction> = report.queries.iter().filter_map(predicted).cloned().collect();
    let is_chosen =
        |finding: &Finding| [&finding.rule, &finding.name].into_iter().any(|key| config.severity.contains_key(key));
    let joined = join::join(findings, (&predictions, &report.functions), paths, seen, &is_chosen);
    let shown = joined.findings.into_iter().filter(|finding| config.hints || !finding.hint);
    report.findings = shown.collect();
    report.findings.sort_by(|a, b| {
        // What has no place stands at the end.
        let place = |finding: &Finding| (finding.path.is_none(), finding.path.clone(), finding.line);
        (place(a), &a.rule, a.column).cmp(&(place(b), &b.rule, b.column))
    });
    let (files, statements) = (report.summary.files, report.summary.statements);
    finding::tally(report, files, statements, registry::all().map(|rule| rule.meta()));
    Beside { lines: joined.lines, of_shape: joined.of_shape, met: joined.met }
}

fn predicted(row: &QueryRow) -> Option<&Prediction> {
    match row {
        QueryRow::Predicted(prediction) => Some(prediction),
        QueryRow::Observed(_) => None,
    }
}

/// The report of logs with the code that sent them, the worst finding first.
pub fn log_with_code(log: LogReview, mut code: CodeReview, config: &Config) -> (Report, CodeReview) {
    let seen = log.seen();
    let paths: Vec<&str> = code.files.iter().map(|file| file.path.as_str()).collect();
    let beside = join(&mut code.report, &paths, &seen, config);
    let LogReview { mut report, workload, .. } = log;
    let lines: BTreeMap<&str, &Vec<CodeLine>> =
        seen.shapes.iter().map(|shape| shape.fingerprint.as_str()).zip(&beside.of_shape).collect();
    for row in &mut report.queries {
        if let QueryRow::Observed(row) = row {
            row.code = lines.get(row.fingerprint.as_str()).copied().cloned().unwrap_or_default();
        }
    }
    if let Some(first) = report.inputs.first_mut() {
        first.notes.extend(beside.met.told());
    }
    report.findings = std::mem::take(&mut code.report.findings);
    report.findings.sort_by(|a, b| {
        let of_code = |finding: &Finding| finding.source == FindingSource::Code;
        b.severity.cmp(&a.severity).then(b.confidence.cmp(&a.confidence)).then(of_code(a).cmp(&of_code(b)))
    });
    report.functions = std::mem::take(&mut code.report.functions);
    report.errors.append(&mut code.report.errors);
    let known = registry::all().map(|rule| rule.meta()).chain(observed::metas());
    finding::tally(&mut report, code.report.summary.files, workload.statements, known);
    (report, code)
}
