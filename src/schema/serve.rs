//! Which index a lookup can use.

use smol_str::SmolStr;

use super::{Field, Index, Model, ModelId, Schema};

/// What a statement asks of a table: conditions joined by AND, then one range or order.
#[derive(Debug, Clone, Default)]
pub struct Wanted<'a> {
    /// Fields that are compared for equality (`=`, IN), by name.
    pub equal: &'a [SmolStr],
    /// Conditions on constants as written, by field: what a partial index may ask for. `None` is the empty column.
    pub constants: &'a [(SmolStr, String)],
    /// Constants that the fields are known not to be.
    pub excluded: &'a [(SmolStr, String)],
    /// Field of the range, or of the order, that follows.
    pub then: Option<&'a str>,
}

/// How far an index serves.
#[derive(Debug, Clone, Copy)]
pub struct Served<'s> {
    pub index: &'s Index,
    /// Its leading columns that are compared for equality.
    pub equal: usize,
    /// The column after those is the range or order asked for.
    pub then: bool,
    /// It holds only rows of which a part of the conditions is true.
    pub partial: bool,
}

impl Served<'_> {
    /// At most one row is found.
    pub fn is_unique(&self) -> bool {
        self.index.unique && self.index.condition.is_none() && self.equal == self.index.columns.len()
    }
}

impl Schema {
    /// The index of the model's own table that narrows the lookup by the most columns; `None` where none does.
    pub fn served_by(&self, model: ModelId, wanted: &Wanted<'_>) -> Option<Served<'_>> {
        let model = self.get(model);
        let served = model.indexes.iter().filter_map(|index| served(model, index, wanted));
        served.max_by_key(|served| {
            let columns = served.equal + usize::from(served.then) + usize::from(served.partial);
            (served.is_unique(), columns, served.equal)
        })
    }
}

fn served<'s>(model: &Model, index: &'s Index, wanted: &Wanted<'_>) -> Option<Served<'s>> {
    let partial = index.condition.is_some();
    let has_condition = index.condition.as_ref().is_none_or(|condition| implied(condition, wanted));
    if !has_condition || !matches!(index.method.as_str(), "btree" | "hash") {
        return None;
    }
    let names =
        |column: &SmolStr| model.fields.iter().find(|f| f.name == *column || f.column == *column).map(|f| &f.name);
    let columns = || index.columns.iter().map(|column| names(&column.name).filter(|_| column.expression.is_none()));
    let equal = columns().take_while(|name| name.is_some_and(|name| wanted.equal.contains(name))).count();
    if index.method == "hash" {
        return (equal == index.columns.len()).then_some(Served { index, equal, then: false, partial });
    }
    let next = columns().nth(equal).flatten();
    let then = next.is_some_and(|name| wanted.then == Some(name.as_str()));
    (equal > 0 || then || partial).then_some(Served { index, equal, then, partial })
}

/// Whether conditions on constants make that of an index true: `Q(state="open")`, `~Q(state="open")`, or
/// `state = 'open'` of SQL.
fn implied(condition: &str, wanted: &Wanted<'_>) -> bool {
    let (condition, constants, negated) = match condition.trim().strip_prefix('~') {
        Some(inner) => (inner, wanted.excluded, true),
        None => (condition, wanted.constants, false),
    };
    let terms = match condition.split_once("Q(") {
        Some((before, rest)) if before.is_empty() || before.ends_with('.') => match rest.strip_suffix(')') {
            Some(inner) if !inner.contains(['(', '~', '|', '&']) => inner.split(',').collect::<Vec<_>>(),
            _ => return false,
        },
        _ if condition.contains(['(', ')', '<', '>', '!']) => return false,
        _ => split_and(condition),
    };
    let holds = |term: &&str| {
        let Some((name, value)) = term.split_once('=') else { return false };
        let name = name.trim().trim_matches('"');
        let (name, value) = match name.strip_suffix("__isnull") {
            Some(name) if value.trim() == "True" => (name, "None"),
            // What has a value is not empty.
            Some(name) => {
                let has_value = wanted.then == Some(name) || wanted.equal.iter().any(|known| known == name);
                return !negated && value.trim() == "False" && has_value;
            }
            None => (name.strip_suffix("__exact").unwrap_or(name), value.trim()),
        };
        constants.iter().any(|(known, constant)| known == name && same(constant, value))
    };
    // Not both is less than neither.
    !terms.is_empty() && if negated { terms.iter().any(holds) } else { terms.iter().all(holds) }
}

fn split_and(condition: &str) -> Vec<&str> {
    condition.split(" AND ").flat_map(|part| part.split(" and ")).collect()
}

/// Literals that differ in quotes or case of a keyword only.
fn same(a: &str, b: &str) -> bool {
    let bare = |text: &str| text.trim_matches(['"', '\'']).trim().to_owned();
    let is_string = |text: &str| text.starts_with(['"', '\'']);
    match (is_string(a), is_string(b)) {
        (false, false) => a.eq_ignore_ascii_case(b),
        _ => bare(a) == bare(b),
    }
}

impl Field {
    /// Whether a B-tree over the column finds rows by value.
    pub fn is_searchable(&self) -> bool {
        use super::FieldKind::{Array, Binary, GenericForeignKey, Json, Other};
        self.has_column() && !matches!(self.kind, Array | Binary | GenericForeignKey | Json | Other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partial_index_serves_only_what_implies_its_condition() {
        let open = [(SmolStr::from("state"), "'open'".to_owned()), ("live".into(), "True".into())];
        let wanted = Wanted { constants: &open, ..Wanted::default() };
        assert!(implied("Q(state=\"open\")", &wanted));
        assert!(implied("models.Q(state='open', live=True)", &wanted));
        assert!(implied("state = 'open' AND live = true", &wanted));
        for other in ["Q(state='closed')", "~Q(state='open')", "Q(state='open') | Q(x=1)", "Q(a__gt=1)", "a > 1", ""] {
            assert!(!implied(other, &wanted), "{other}");
        }
        let closed = [(SmolStr::from("state"), "'closed'".to_owned())];
        let empty = [(SmolStr::from("sent"), "None".to_owned())];
        let wanted = Wanted { constants: &empty, excluded: &closed, ..Wanted::default() };
        assert!(implied("~Q(state='closed')", &wanted) && implied("~models.Q(state='closed', live=True)", &wanted));
        let given = [SmolStr::from("object_id")];
        assert!(implied("Q(object_id__isnull=False)", &Wanted { equal: &given, ..Wanted::default() }));
        assert!(implied("Q(sent=None)", &wanted) && implied("Q(sent__isnull=True)", &wanted));
        assert!(!implied("~Q(state='open')", &wanted) && !implied("Q(sent__isnull=False)", &wanted));
    }
}
