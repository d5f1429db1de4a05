//! What a rule hands in: a finding before it has lines, letters and a checked rewrite.

use crate::model::{Confidence, LoopId, Safety, Severity, Site, Terms};
use crate::project::Project;
use crate::rewrite::FileEdit;
use crate::rules::Meta;
use crate::trace::{Fingerprint, Frame, Trace};

/// What a rule may look at beside the trace, and where its findings go.
pub struct Context<'a> {
    pub project: &'a Project,
    pub config: &'a crate::config::Config,
    pub drafts: Vec<Draft>,
}

/// A finding as the rule sees it. `review` turns it into the report's: it assigns letters, applies the configuration,
/// and applies and re-reviews the rewrite on a copy before it is offered.
#[derive(Debug, Clone)]
pub struct Draft {
    pub rule: &'static Meta,
    pub severity: Severity,
    /// `Some` where this one finding is (or is not) a hint against the rule's own default.
    pub hint: Option<bool>,
    pub confidence: Confidence,
    /// Where the statement is sent; none for a log without a stack.
    pub site: Option<Site>,
    pub message: String,
    pub cost: Option<DraftCost>,
    pub evidence: Vec<DraftEvidence>,
    pub rewrite: Option<DraftRewrite>,
    /// What to do, in words; always there.
    pub advice: String,
    /// Tells two findings of one rule in one function apart where the text at their site is the same.
    pub key: String,
}

/// Round trips of the affected part, with and without the cure.
#[derive(Debug, Clone, PartialEq)]
pub struct DraftCost {
    pub before: Terms,
    pub after: Terms,
    /// The loops that the terms name, as the report describes them.
    pub loops: Vec<(LoopId, crate::model::Loop)>,
    pub saved_ms: Option<f64>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum DraftEvidence {
    Code {
        site: Site,
        message: String,
    },
    /// A place in the program as a stack names it. A log's finding stands at the first of these.
    Frame {
        frame: Frame,
        message: String,
    },
    Statements {
        fingerprint: Fingerprint,
        sql: String,
        count: u64,
        total_us: Option<u64>,
        request: Option<String>,
        /// They gave the repeated ones their keys, and are not at fault themselves.
        gave_keys: bool,
        /// Those of them that have a stack.
        places: Vec<SentFrom>,
    },
}

/// Statements from one place of the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SentFrom {
    /// Of [`crate::workload::place_key`].
    pub place: u64,
    pub count: u64,
    pub total_us: Option<u64>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct DraftRewrite {
    pub safety: Safety,
    pub title: String,
    /// What a person must agree to; empty for a safe one.
    pub note: String,
    pub edits: Vec<FileEdit>,
}

impl Context<'_> {
    pub fn report(&mut self, mut draft: Draft) {
        if let (Some(site), Some(cost)) = (draft.site, &mut draft.cost) {
            let path = self.project.place(site).path;
            for (_, known) in &mut cost.loops {
                let text = known.text_in(&path);
                draft.message = draft.message.replace(&known.text, &text);
                draft.advice = draft.advice.replace(&known.text, &text);
                known.text = text;
            }
        }
        self.drafts.push(draft);
    }

    /// A cost whose loops are those of `trace`.
    pub fn cost(&self, trace: &Trace, before: Terms, after: Terms) -> DraftCost {
        let mut loops: Vec<(LoopId, crate::model::Loop)> = Vec::new();
        for id in before.iter().chain(after.iter()).flat_map(|trip| &trip.loops) {
            if loops.iter().all(|(known, _)| known != id) {
                loops.push((*id, self.project.describe_loop(trace, *id)));
            }
        }
        DraftCost { before, after, loops, saved_ms: None }
    }
}
