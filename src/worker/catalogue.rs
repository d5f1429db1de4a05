//! The rules as the page lists them.

use crate::protocol::RuleDoc;
use crate::rules::docs::{self, Shows};
use crate::rules::{Meta, registry};

pub fn catalogue() -> Vec<RuleDoc> {
    registry::all().map(|rule| of(rule.meta())).collect()
}

fn of(meta: &Meta) -> RuleDoc {
    let examples = docs::examples(meta);
    let first = |wanted: &[Shows]| {
        let found = wanted.iter().find_map(|shows| examples.iter().find(|example| example.shows == *shows));
        found.map(|example| example.text.clone()).unwrap_or_default()
    };
    RuleDoc {
        code: meta.code.to_owned(),
        name: meta.name.to_owned(),
        family: meta.family.as_str().to_owned(),
        severity: meta.severity.as_str().to_owned(),
        hint: meta.hint,
        summary: meta.summary().to_owned(),
        markdown: docs::markdown(meta),
        before: first(&[Shows::Flag]),
        // What the rewrite makes of it, or what is left alone where there is no rewrite.
        after: first(&[Shows::Fix, Shows::Ok]),
    }
}
