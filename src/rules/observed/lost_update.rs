//! RT502 in a log: a row is read, and written with a value that Python made, while nothing kept others from it.

use super::groups::{is_bounded, request, sent_from};
use super::parent::own_key;
use super::{Run, names};
use crate::model::{Confidence, Kind, Severity};
use crate::rules::{Context, Draft, DraftEvidence, Meta};
use crate::trace::{Facts, Observed, Statement, Trace};

/// Columns that one statement sets up to which it is an update of what is named, no `save()` of the whole row.
const FEW: usize = 3;

/// A statement of the trace with its values.
type Sent<'t> = (&'t Statement, &'t Observed);

/// RT502: a SELECT of one row and an UPDATE of the same row that sets a counter to a number, in one session.
pub fn counter_rmw(run: &Run<'_, '_>, cx: &mut Context<'_>, meta: &'static Meta) {
    let trace = run.trace;
    // Without request boundaries, the row may have been read by another request.
    if !is_bounded(trace) {
        return;
    }
    let sent: Vec<Sent<'_>> = trace
        .queries()
        .filter_map(|(_, _, query)| Some((query.statement.as_ref(), query.observed.as_deref()?)))
        .collect();
    for (at, update) in sent.iter().enumerate() {
        let Some((key, value)) = row_of(update).filter(|_| update.0.facts.kind == Kind::Update) else { continue };
        let Some(counter) = counter(update) else { continue };
        let before = sent.get(..at).unwrap_or_default();
        // Where a statement wrote the row since, what was read is no longer what is written back.
        let read = before.iter().rev().find(|other| row_of(other) == Some((key, value)) && same_table(other, update));
        let Some(read) = read.filter(|read| is_plain_read(&read.0.facts) && read.1.connection == update.1.connection)
        else {
            continue;
        };
        let draft = draft(trace, meta, read, update, counter);
        cx.report(draft);
    }
}

/// The key and its value, where a statement is of one row by its primary key and nothing else.
fn row_of<'t>(sent: &Sent<'t>) -> Option<(&'t str, &'t str)> {
    let (statement, observed) = *sent;
    let facts = &statement.facts;
    let [(column, slot)] = &facts.keys[..] else { return None };
    let table = facts.tables.first()?;
    let whole = facts.compared.len() == 1 && facts.alternatives.is_empty() && !facts.compound;
    let is_key = names::is_primary_key(column) || own_key(column, table);
    let value = observed.params.as_ref()?.get(*slot as usize)?;
    (whole && is_key && !names::is_framework(table)).then_some((column.as_str(), value.as_str()))
}

fn same_table(one: &Sent<'_>, other: &Sent<'_>) -> bool {
    one.0.facts.tables.first() == other.0.facts.tables.first()
}

fn is_plain_read(facts: &Facts) -> bool {
    facts.kind == Kind::Select && !facts.locked
}

/// The column that is set to a number and is called like a count. What stands before it in the statement is known to
/// be one value each as long as all of it is literal.
fn counter<'t>(update: &Sent<'t>) -> Option<&'t str> {
    let (statement, observed) = *update;
    let values = observed.params.as_ref()?;
    let literal = statement.facts.written.iter().take_while(|(_, literal)| *literal);
    let mut named = literal.zip(values).filter(|((column, _), value)| {
        value.parse::<f64>().is_ok() && names::relation(column).is_none() && is_called_like_a_count(column)
    });
    named.next().map(|((column, _), _)| column.as_str())
}

fn is_called_like_a_count(column: &str) -> bool {
    const WORDS: [&str; 31] = [
        "count",
        "counter",
        "counts",
        "total",
        "totals",
        "num",
        "number",
        "balance",
        "stock",
        "quantity",
        "qty",
        "amount",
        "views",
        "hits",
        "visits",
        "votes",
        "score",
        "points",
        "likes",
        "credits",
        "credit",
        "attempts",
        "failures",
        "tries",
        "uses",
        "used",
        "sold",
        "available",
        "remaining",
        "seats",
        "downloads",
    ];
    column.split('_').any(|word| WORDS.contains(&word.to_ascii_lowercase().as_str()))
}

fn draft(trace: &Trace, meta: &'static Meta, read: &Sent<'_>, update: &Sent<'_>, counter: &str) -> Draft {
    let table = update.0.facts.tables.first().map_or("", |table| table.as_str());
    let few = update.0.facts.written.len() <= FEW;
    let mut evidence = Vec::new();
    if let Some(frame) = update.1.frame() {
        let message = format!("written in {}", frame.function);
        evidence.push(DraftEvidence::Frame { frame: frame.clone(), message });
    }
    evidence.push(statement(trace, update, false));
    evidence.push(statement(trace, read, true));
    if let Some(frame) = read.1.frame() {
        evidence.push(DraftEvidence::Frame { frame: frame.clone(), message: format!("read in {}", frame.function) });
    }
    Draft {
        rule: meta,
        severity: meta.severity.max(Severity::Warning),
        hint: None,
        confidence: if few { Confidence::Likely } else { Confidence::Possible },
        site: None,
        message: format!(
            "A row of `{table}` is read, and {counter} of it set to a number: what another request adds in between is \
             lost."
        ),
        cost: None,
        evidence,
        rewrite: None,
        advice: format!(
            "Let the database add: filter(pk=…).update({counter}=F(\"{counter}\") + 1). Where the sum must be tested \
             first, read the row with select_for_update() in a transaction."
        ),
        key: format!("{}.{counter}", update.0.fingerprint),
    }
}

fn statement(trace: &Trace, sent: &Sent<'_>, gave_keys: bool) -> DraftEvidence {
    DraftEvidence::Statements {
        fingerprint: sent.0.fingerprint,
        sql: sent.0.sql.clone(),
        count: 1,
        total_us: sent.1.duration_us,
        request: request(trace),
        gave_keys,
        places: sent_from(std::iter::once(sent.1)),
    }
}
