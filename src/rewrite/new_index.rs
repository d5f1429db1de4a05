//! An index to write, as Django's `Meta.indexes` and migrations have it.

use super::Quote;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewIndex {
    pub keys: Keys,
    /// Of a partial index: the field and the literal that its rows have there.
    pub condition: Option<(String, String)>,
    pub name: String,
}

/// What an index is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Keys {
    /// A B-tree of columns, falling ones with their `-`.
    Columns(Vec<String>),
    /// A B-tree that finds text by its beginning on PostgreSQL, with the class of operators for the column's type.
    Beginning { column: String, opclass: &'static str },
    /// A B-tree of the text in upper case, which is how Django compares without regard to case.
    Upper(String),
    /// GIN over the trigrams of a text, in upper case where it is searched without regard to case.
    Trigrams { column: String, upper: bool },
    /// GIN over the values inside of a column: JSON, an array.
    Inner(String),
}

impl NewIndex {
    /// A B-tree of columns; its name has 30 characters at most, Django's limit.
    pub fn named(model: &str, fields: Vec<String>) -> Self {
        Self::of(model, Keys::Columns(fields))
    }

    /// A B-tree of the rows that have a value, over the columns that they are looked up by.
    pub fn partial(model: &str, fields: Vec<String>, condition: (String, String)) -> Self {
        Self::when(model, Keys::Columns(fields), Some(condition))
    }

    pub fn of(model: &str, keys: Keys) -> Self {
        Self::when(model, keys, None)
    }

    fn when(model: &str, keys: Keys, condition: Option<(String, String)>) -> Self {
        const MAX: usize = 30;
        let mut columns: Vec<&str> = keys.columns().iter().map(|field| field.trim_start_matches('-')).collect();
        if let Some((field, _)) = &condition {
            // The key is there for want of another column.
            columns.retain(|column| !matches!(*column, "id" | "pk"));
            columns.insert(0, field);
        }
        let kind = match &keys {
            Keys::Columns(_) => "idx",
            Keys::Beginning { .. } => "like",
            Keys::Upper(_) => "upper",
            Keys::Trigrams { .. } => "trgm",
            Keys::Inner(_) => "gin",
        };
        let full = format!("{}_{}", model.to_lowercase(), columns.join("_"));
        let name = if full.len() + kind.len() < MAX && full.is_ascii() {
            format!("{full}_{kind}")
        } else {
            // FNV-1a: the same name for the same index in every run.
            let hash =
                full.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
            let room = MAX - 6 - kind.len();
            let kept: String = full.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').take(room).collect();
            format!("{}_{:04x}_{kind}", kept.trim_end_matches('_'), hash & 0xffff)
        };
        // Neither an underscore nor a digit may come first.
        let name = name.trim_start_matches(|c: char| c == '_' || c.is_ascii_digit()).to_owned();
        Self { keys, condition, name }
    }

    pub fn columns(&self) -> &[String] {
        self.keys.columns()
    }

    /// It is of PostgreSQL's own kinds.
    pub fn is_of_postgres(&self) -> bool {
        !matches!(self.keys, Keys::Columns(_) | Keys::Upper(_))
    }

    /// The extension `pg_trgm` must be there.
    pub fn needs_trigrams(&self) -> bool {
        matches!(self.keys, Keys::Trigrams { .. })
    }

    /// Modules and names that [`Self::call`] takes, in its order.
    pub fn imports(&self) -> Vec<(&'static str, &'static str)> {
        const INDEX: (&str, &str) = ("django.db.models", "Index");
        const UPPER: (&str, &str) = ("django.db.models.functions", "Upper");
        const GIN: (&str, &str) = ("django.contrib.postgres.indexes", "GinIndex");
        const OPCLASS: (&str, &str) = ("django.contrib.postgres.indexes", "OpClass");
        match &self.keys {
            Keys::Columns(_) if self.condition.is_some() => vec![INDEX, ("django.db.models", "Q")],
            Keys::Columns(_) | Keys::Beginning { .. } => vec![INDEX],
            Keys::Upper(_) => vec![INDEX, UPPER],
            Keys::Trigrams { upper: true, .. } => vec![GIN, OPCLASS, UPPER],
            Keys::Trigrams { upper: false, .. } | Keys::Inner(_) => vec![GIN],
        }
    }

    /// The index as it is made, with the names of [`Self::imports`] as the file writes them.
    pub fn call(&self, names: &[String], quote: Quote) -> Option<String> {
        let name = quote.text(&self.name);
        let first = names.first()?;
        Some(match &self.keys {
            Keys::Columns(fields) => {
                let fields: Vec<String> = fields.iter().map(|field| quote.text(field)).collect();
                let condition = match &self.condition {
                    Some((field, value)) => {
                        let inner = value.strip_prefix(['"', '\'']).and_then(|rest| rest.strip_suffix(['"', '\'']));
                        let inner = inner.filter(|text| !text.contains(['"', '\'']));
                        let value = inner.map_or_else(|| value.clone(), |text| quote.text(text));
                        format!(", condition={}({field}={value})", names.get(1)?)
                    }
                    None => String::new(),
                };
                format!("{first}(fields=[{}], name={name}{condition})", fields.join(", "))
            }
            Keys::Beginning { column, opclass } => {
                format!("{first}(fields=[{}], name={name}, opclasses=[{}])", quote.text(column), quote.text(opclass))
            }
            Keys::Upper(column) => format!("{first}({}({}), name={name})", names.get(1)?, quote.text(column)),
            Keys::Trigrams { column, upper: true } => {
                let (opclass, upper) = (names.get(1)?, names.get(2)?);
                let (column, trigrams) = (quote.text(column), quote.text("gin_trgm_ops"));
                format!("{first}({opclass}({upper}({column}), name={trigrams}), name={name})")
            }
            Keys::Trigrams { column, upper: false } => {
                let trigrams = quote.text("gin_trgm_ops");
                format!("{first}(fields=[{}], name={name}, opclasses=[{trigrams}])", quote.text(column))
            }
            Keys::Inner(column) => format!("{first}(fields=[{}], name={name})", quote.text(column)),
        })
    }
}

impl Keys {
    pub fn columns(&self) -> &[String] {
        match self {
            Keys::Columns(fields) => fields,
            Keys::Beginning { column, .. }
            | Keys::Upper(column)
            | Keys::Trigrams { column, .. }
            | Keys::Inner(column) => std::slice::from_ref(column),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_keep_to_the_limit_and_differ() {
        let name = |model: &str, fields: &[&str]| {
            NewIndex::named(model, fields.iter().map(|f| (*f).to_owned()).collect()).name
        };
        assert_eq!(name("User", &["email"]), "user_email_idx");
        let long = name("PullRequestReviewComment", &["team", "state", "merged_at"]);
        let other = name("PullRequestReviewComment", &["team", "state", "created_at"]);
        assert!(long.len() <= 30 && other.len() <= 30, "{long} {other}");
        assert_ne!(long, other);
        assert!(name("_Ünder", &["größe"]).starts_with(|c: char| c.is_ascii_alphabetic()));
        let trigrams = Keys::Trigrams { column: "description_of_it".into(), upper: true };
        assert!(NewIndex::of("PullRequestReview", trigrams).name.len() <= 30);
    }

    #[test]
    fn every_kind_is_written_as_django_takes_it() {
        let column = || "title".to_owned();
        let written = |keys: Keys| {
            let index = NewIndex::of("Topic", keys);
            let names: Vec<String> = index.imports().iter().map(|(_, name)| (*name).to_owned()).collect();
            index.call(&names, Quote::Double).unwrap()
        };
        assert_eq!(
            written(Keys::Beginning { column: column(), opclass: "varchar_pattern_ops" }),
            "Index(fields=[\"title\"], name=\"topic_title_like\", opclasses=[\"varchar_pattern_ops\"])"
        );
        assert_eq!(written(Keys::Upper(column())), "Index(Upper(\"title\"), name=\"topic_title_upper\")");
        assert_eq!(
            written(Keys::Trigrams { column: column(), upper: true }),
            "GinIndex(OpClass(Upper(\"title\"), name=\"gin_trgm_ops\"), name=\"topic_title_trgm\")"
        );
        assert_eq!(
            written(Keys::Trigrams { column: column(), upper: false }),
            "GinIndex(fields=[\"title\"], name=\"topic_title_trgm\", opclasses=[\"gin_trgm_ops\"])"
        );
        assert_eq!(written(Keys::Inner(column())), "GinIndex(fields=[\"title\"], name=\"topic_title_gin\")");
        let failed = NewIndex::partial("Topic", vec!["due".into()], ("state".into(), "'failed'".into()));
        assert_eq!(
            failed.call(&["Index".into(), "Q".into()], Quote::Double).unwrap(),
            "Index(fields=[\"due\"], name=\"topic_state_due_idx\", condition=Q(state=\"failed\"))"
        );
        let dirty = NewIndex::partial("Topic", vec!["id".into()], ("is_dirty".into(), "True".into()));
        assert_eq!(dirty.imports().len(), 2);
        assert_eq!(
            dirty.call(&["models.Index".into(), "models.Q".into()], Quote::Double).unwrap(),
            "models.Index(fields=[\"id\"], name=\"topic_is_dirty_idx\", condition=models.Q(is_dirty=True))"
        );
    }
}
