//! RT401 and RT402 over a whole log: lookups that no index of a known table serves, weighed by what they took.

use std::collections::BTreeMap;

use smol_str::SmolStr;

use super::names;
use crate::model::{Confidence, Severity};
use crate::rules::index::{composite_index, unindexed_filter};
use crate::rules::{Draft, DraftEvidence, Meta};
use crate::schema::{Table, Tables};
use crate::sql::{Dialect, facts};
use crate::trace::{Comparison, Facts, Operator, is_test};
use crate::workload::{Place, Shape, Workload};

/// Columns of an index that is advised.
const MOST_COLUMNS: usize = 3;

/// Different sets of values up to which an index is in doubt, where there are as many executions.
const FEW_VALUES: u64 = 2;
const MANY: u64 = 20;

/// Executions from which on a lookup is no accident, and microseconds from which on one is enough.
const SEVERAL: u64 = 3;
const LONG: u64 = 10_000;

/// Of this many statements, and of this much time, a lookup that is one is a hot place of nobody.
const SHARE: u64 = 1000;

/// Lookups of one table by the same columns.
struct Lookup<'w> {
    table: &'w Table,
    name: SmolStr,
    columns: Vec<SmolStr>,
    shapes: Vec<&'w Shape>,
}

/// Reads whose conditions lead to no index, the dearest first. A table of which nothing is known is not spoken of.
pub fn index_advice(workload: &Workload, tables: &Tables, dialect: Dialect) -> Vec<Draft> {
    let mut found: BTreeMap<(SmolStr, Vec<SmolStr>), Lookup<'_>> = BTreeMap::new();
    let mut writes: BTreeMap<&str, u64> = BTreeMap::new();
    for shape in workload.shapes() {
        let Some(name) = shape.tables.first() else { continue };
        if !shape.kind.reads() {
            *writes.entry(name).or_default() += shape.executions;
            continue;
        }
        let Some(table) = tables.get(name).filter(|table| !table.columns.is_empty()) else { continue };
        if names::is_framework(name) {
            continue;
        }
        if executions(shape) == 0 {
            continue;
        }
        if let Some(columns) = unserved(&facts(&shape.sql, dialect), name, table) {
            let key = (name.clone(), columns.clone());
            let new = || Lookup { table, name: name.clone(), columns, shapes: Vec::new() };
            found.entry(key).or_insert_with(new).shapes.push(shape);
        }
    }
    let matters = |lookup: &Lookup<'_>| lookup.executions() >= SEVERAL || lookup.time_us() >= Some(LONG);
    let mut lookups: Vec<Lookup<'_>> = found.into_values().filter(matters).collect();
    lookups.sort_by_key(|lookup| std::cmp::Reverse((lookup.time_us(), lookup.executions())));
    let whole = (workload.statements, workload.time_us());
    lookups.iter().map(|lookup| lookup.draft(writes.get(lookup.name.as_str()).copied().unwrap_or(0), whole)).collect()
}

/// The columns of the index that would serve a statement: equality first, then one range or order.
fn unserved(facts: &Facts, name: &str, table: &Table) -> Option<Vec<SmolStr>> {
    if !facts.parsed || facts.compound || !facts.alternatives.is_empty() {
        return None;
    }
    let own =
        |column: &crate::trace::Column| column.table == name || (column.table.is_empty() && facts.tables.len() == 1);
    let plain = facts.compared.iter().filter(|compared| own(&compared.column) && compared.function.is_none());
    let by = |wanted: &dyn Fn(&Comparison) -> bool| -> Vec<SmolStr> {
        let mut columns: Vec<SmolStr> =
            plain.clone().filter(|compared| wanted(compared)).map(|compared| compared.column.name.clone()).collect();
        columns.dedup();
        columns
    };
    let equal = by(&|compared| matches!(compared.operator, Operator::Equal | Operator::In));
    let ranges = by(&|compared| compared.operator == Operator::Range);
    // The first rows of an order.
    let order = facts.ordered.first().filter(|order| facts.limit && order.function.is_none() && own(&order.column));
    let order = order.map(|order| order.column.name.clone()).filter(|_| ranges.is_empty());
    // One index that leads with any of them narrows it; what joins compare narrows it, too.
    let known: Vec<SmolStr> = equal.iter().chain(&ranges).cloned().collect();
    let joined = facts.joined_on.iter().any(|(a, b)| own(a) || own(b));
    if known.is_empty() || table.is_led_by(&known) || joined {
        return None;
    }
    let walked = |order: &SmolStr| names::is_primary_key(order) || table.is_led_by(std::slice::from_ref(order));
    if let Some(order) = order.filter(|order| !equal.is_empty() && !walked(order)) {
        // They are the first of their kind, however many of it there are.
        let mut columns: Vec<SmolStr> =
            equal.iter().filter(|column| **column != order).take(MOST_COLUMNS).cloned().collect();
        columns.sort();
        columns.push(order);
        return Some(columns);
    }
    let selective = |column: &&SmolStr| table.columns.get(*column).is_some_and(|column| column.is_selective);
    let range = ranges.iter().find(selective).filter(|range| !equal.contains(range));
    let mut columns: Vec<SmolStr> = equal.iter().filter(selective).cloned().collect();
    columns.sort();
    columns.truncate(MOST_COLUMNS);
    columns.extend(range.cloned());
    (!columns.is_empty()).then_some(columns)
}

/// Without those that tests and migrations send themselves.
fn executions(shape: &Shape) -> u64 {
    let places = shape.places.by_count();
    let nobodys = |path: &str| is_test(path) || path.contains("/migrations/");
    let by_test = |lines: &[Place]| lines.first().is_some_and(|line| nobodys(&line.path));
    let of_tests: u64 = places.iter().filter(|(lines, _)| by_test(lines)).map(|(_, sent)| sent.executions).sum();
    shape.executions.saturating_sub(of_tests)
}

impl Lookup<'_> {
    fn executions(&self) -> u64 {
        self.shapes.iter().map(|shape| executions(shape)).sum()
    }

    /// The same one or two values again and again: a small table, or what is best kept.
    fn asks_little(&self) -> bool {
        let few = |shape: &&Shape| shape.distinct_params().is_some_and(|different| different <= FEW_VALUES);
        self.executions() >= MANY && self.shapes.iter().all(few)
    }

    /// `None` where a shape has no times.
    fn time_us(&self) -> Option<u64> {
        self.shapes.iter().map(|shape| (shape.times.count() > 0).then(|| shape.times.sum())).sum()
    }

    fn meta(&self) -> &'static Meta {
        if self.columns.len() > 1 { &composite_index::META } else { &unindexed_filter::META }
    }

    /// Beside all that the log holds, what other indexes or fewer round trips would save is the matter.
    fn is_rare(&self, (statements, time_us): (u64, Option<u64>)) -> bool {
        let part = |own: u64, all: u64| own.saturating_mul(SHARE) >= all;
        let long = self.time_us().zip(time_us).is_some_and(|(own, all)| part(own, all));
        !part(self.executions(), statements) && !long
    }

    /// `whole`: the statements of the log, and their time.
    fn draft(&self, writes: u64, whole: (u64, Option<u64>)) -> Draft {
        let (table, columns) = (self.name.as_str(), self.columns.join(", "));
        let times = self.executions();
        let took = self.time_us().map(|us| format!(", {:.1} ms in all", us as f64 / 1000.0)).unwrap_or_default();
        let cost = match writes {
            0 => String::new(),
            1 => " One write in the same log would keep it up to date.".to_owned(),
            writes => format!(" {writes} writes in the same log would keep it up to date."),
        };
        let evidence = self.shapes.iter().map(|shape| DraftEvidence::Statements {
            fingerprint: shape.fingerprint,
            sql: shape.sql.clone(),
            count: executions(shape),
            total_us: (shape.times.count() > 0).then(|| shape.times.sum()),
            request: None,
            gave_keys: false,
            places: Vec::new(),
        });
        Draft {
            rule: self.meta(),
            severity: Severity::Info,
            // It was seen.
            hint: Some(false),
            confidence: match self.asks_little() || self.is_rare(whole) || self.table.is_of_host {
                true => Confidence::Possible,
                false => Confidence::Likely,
            },
            site: None,
            message: format!(
                "`{table}` is looked up by {columns} {times}×{took}, and no index leads with any of them."
            ),
            cost: None,
            evidence: evidence.collect(),
            rewrite: None,
            advice: format!("CREATE INDEX CONCURRENTLY ON {table} ({columns}){}.{cost}", self.in_django()),
            key: format!("{table}:{columns}"),
        }
    }

    fn in_django(&self) -> String {
        if self.table.model.is_empty() {
            return String::new();
        }
        let field = |column: &SmolStr| {
            let field = self.table.columns.get(column).map(|column| &column.field).filter(|field| !field.is_empty());
            format!("\"{}\"", field.unwrap_or(column))
        };
        let fields: Vec<String> = self.columns.iter().map(field).collect();
        format!(", or models.Index(fields=[{}]) in the Meta of {}", fields.join(", "), self.table.model)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::TableColumn;
    use crate::sql::Statements;
    use crate::trace::Observed;

    /// How sure an index is that as many lookups ask for, of so many microseconds each, among as many statements as `others`.
    fn sure(lookups: u32, others: u32, took_us: u64) -> Confidence {
        let (mut cache, mut workload, mut tables) = (Statements::new(), Workload::default(), Tables::default());
        let column = TableColumn { field: "name".into(), is_selective: true };
        tables.table("rank").columns.insert("name".into(), column);
        let mut send = |sql: String, us| {
            let (known, params) = cache.read(&sql, None, Dialect::Postgres);
            let observed = Observed { params, duration_us: Some(us), ..Observed::default() };
            workload.statement(&known.statement, &observed);
        };
        (0..lookups)
            .for_each(|n| send(format!(r#"SELECT "rank"."id" FROM "rank" WHERE "rank"."name" = 'a{n}'"#), took_us));
        (0..others).for_each(|n| send(format!(r#"SELECT "u"."id" FROM "u" WHERE "u"."id" = {n}"#), 1000));
        let all = index_advice(&workload, &tables, Dialect::Postgres);
        let [draft] = &all[..] else { panic!("{all:?}") };
        draft.confidence
    }

    #[test]
    fn a_lookup_that_is_a_small_part_of_the_log_is_doubted() {
        assert_eq!(sure(5, 100, 1000), Confidence::Likely);
        assert_eq!(sure(5, 20_000, 1000), Confidence::Possible);
        assert_eq!(sure(5, 20_000, 50_000), Confidence::Likely, "long ones");
        assert_eq!(sure(50, 20_000, 10), Confidence::Likely, "many");
    }
}
