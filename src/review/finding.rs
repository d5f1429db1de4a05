//! A rule's draft as a finding of the report.

use std::collections::BTreeMap;

use super::beside;
use super::side::{Found, Side};
use crate::config::{Config, Preset};
use crate::model::{Cost, Evidence, Finding, FindingSource, Letters, Report, RuleName, Severity, Site, Summary};
use crate::project::Project;
use crate::rules::{CALLED, Draft, DraftCost, DraftEvidence, Meta};

/// Whether a draft stands in reviewed code that is no test.
pub fn stands(side: &Side, at: usize) -> bool {
    let Some(found) = side.found.get(at) else { return false };
    found.draft.site.is_none_or(|site| !is_context(&side.context, site) && !side.tests.contains(&site.file))
}

fn is_context(context: &[bool], site: Site) -> bool {
    context.get(site.file.0 as usize).copied().unwrap_or(true)
}

/// A finding in a helper of the context is told where a reviewed file leads to it.
pub fn bring_home(found: &mut [Found], context: &[bool]) {
    for draft in found.iter_mut().map(|found| &mut found.draft) {
        let Some(site) = draft.site.filter(|site| is_context(context, *site)) else { continue };
        let mut calls = draft.evidence.iter().filter_map(|evidence| match evidence {
            DraftEvidence::Code { site, message } if message.starts_with(CALLED) => Some(*site),
            _ => None,
        });
        if let Some(home) = calls.rfind(|call| !is_context(context, *call)) {
            draft.site = Some(home);
            draft.evidence.insert(0, DraftEvidence::Code { site, message: "sent here".to_owned() });
        }
    }
}

/// Whether the configuration shows it at all.
pub fn is_shown(draft: &Draft, config: &Config) -> bool {
    config.hints || !draft.hint.unwrap_or(draft.rule.hint)
}

pub fn severity(meta: &Meta, own: Severity, config: &Config) -> Severity {
    let chosen = config.severity.get(meta.code).or_else(|| config.severity.get(meta.name));
    let preset = match config.preset {
        Preset::Seeds => meta.seeds,
        Preset::Default => None,
    };
    chosen.copied().or(preset).unwrap_or(own)
}

/// Without a rewrite: that is added once it is checked.
pub fn finding(project: &Project, draft: &Draft, config: &Config, fingerprint: String) -> Finding {
    let place = draft.site.map(|site| project.place(site));
    let meta = draft.rule;
    Finding {
        rule: meta.code.to_owned(),
        name: meta.name.to_owned(),
        family: meta.family,
        severity: severity(meta, draft.severity, config),
        hint: draft.hint.unwrap_or(meta.hint),
        confidence: draft.confidence,
        source: FindingSource::Code,
        path: place.as_ref().map(|place| place.path.clone()),
        line: place.as_ref().map(|place| place.line),
        column: place.as_ref().map(|place| place.column),
        end_line: place.as_ref().map(|place| place.end_line),
        end_column: place.as_ref().map(|place| place.end_column),
        message: draft.message.clone(),
        introduced: None,
        cost: draft.cost.as_ref().map(cost),
        evidence: draft.evidence.iter().map(|evidence| told(project, evidence)).collect(),
        rewrite: None,
        advice: draft.advice.clone(),
        fingerprint,
    }
}

/// What follows from the findings: the rules that occur, of `known`, and the counts.
pub fn tally(report: &mut Report, files: u32, statements: u64, known: impl Iterator<Item = &'static Meta> + Clone) {
    let mut rules: BTreeMap<&str, RuleName> = BTreeMap::new();
    let mut summary = Summary { files, statements, ..Summary::default() };
    for finding in &report.findings {
        let rule = known.clone().find(|rule| rule.code == finding.rule);
        rules.entry(&finding.rule).or_insert_with(|| RuleName {
            code: finding.rule.clone(),
            name: finding.name.clone(),
            summary: rule.map_or_else(String::new, |rule| rule.summary().to_owned()),
        });
        summary.count(finding.severity);
    }
    report.rules = rules.into_values().collect();
    report.summary = summary;
}

fn cost(cost: &DraftCost) -> Cost {
    let mut letters = Letters::default();
    let before = cost.before.render(&mut letters);
    let after = cost.after.render(&mut letters);
    let before_terms = beside::terms(&cost.before, &mut letters);
    let after_terms = beside::terms(&cost.after, &mut letters);
    let mut loops = BTreeMap::new();
    for (letter, id) in letters.named() {
        if let Some((_, described)) = cost.loops.iter().find(|(known, _)| *known == id) {
            loops.insert(letter, described.clone());
        }
    }
    Cost { before, after, before_terms, after_terms, loops, saved_ms: cost.saved_ms }
}

fn told(project: &Project, evidence: &DraftEvidence) -> Evidence {
    match evidence {
        DraftEvidence::Code { site, message } => {
            let place = project.place(*site);
            Evidence::Code { path: place.path, line: place.line, message: message.clone() }
        }
        DraftEvidence::Frame { frame, message } => {
            Evidence::Code { path: frame.path.to_string(), line: frame.line, message: message.clone() }
        }
        DraftEvidence::Statements { fingerprint, sql, count, total_us, request, .. } => Evidence::Statements {
            fingerprint: fingerprint.to_string(),
            sql: sql.clone(),
            count: *count,
            total_ms: total_us.map(|us| us as f64 / 1000.0),
            request: request.clone(),
        },
    }
}
