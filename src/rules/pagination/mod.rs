//! How many rows are asked for, and which.

pub mod random_order;
pub mod slice_after_load;
pub mod unbounded_result;
pub mod unordered_pagination;

use super::{Context, Draft, Meta, loops};
use crate::model::Confidence;
use crate::trace::{Event, QuerySet, Trace};

/// What a rule of this family says of one statement; `confidence` at most.
struct Told {
    rule: &'static Meta,
    confidence: Confidence,
    message: String,
    advice: &'static str,
}

fn report(told: Told, trace: &Trace, event: &Event, queryset: &QuerySet, cx: &mut Context<'_>) {
    let Told { rule, confidence, message, advice } = told;
    cx.report(Draft {
        rule,
        severity: rule.severity,
        hint: None,
        confidence: confidence.min(event.confidence),
        site: event.site,
        message,
        cost: None,
        evidence: loops::evidence(trace, event, Some(queryset), &[]),
        rewrite: None,
        advice: advice.to_owned(),
        key: queryset.model_name.to_string(),
    });
}
