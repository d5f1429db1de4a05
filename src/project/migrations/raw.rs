//! Indexes of raw SQL: `CREATE INDEX` and `DROP INDEX`.

use smol_str::SmolStr;

use super::{RawIndex, add};
use crate::model::Site;
use crate::schema::{Index, IndexColumn, IndexOrigin, Schema};

/// A statement that builds an index while the table cannot be written: without CONCURRENTLY.
pub fn blocks_writes(text: &str) -> bool {
    text.split(';').any(|statement| {
        let words = words(statement);
        let is = |word: &&str, wanted: &str| word.eq_ignore_ascii_case(wanted);
        let mut first = words.iter().take(3);
        words.first().is_some_and(|word| is(word, "create"))
            && first.any(|word| is(word, "index"))
            && !words.iter().take(5).any(|word| is(word, "concurrently"))
    })
}

/// The table of the first `CREATE INDEX`.
pub fn table_of(text: &str) -> Option<String> {
    let none = Site::new(crate::model::FileId(0), crate::model::Span::at(0));
    text.split(';').find_map(|statement| created(&words(statement), none)).map(|(table, _)| table)
}

/// `CREATE [UNIQUE] INDEX [CONCURRENTLY] [IF NOT EXISTS] name ON [ONLY] table [USING method] (columns) [WHERE …]`
pub fn run_sql(text: &str, site: Site, schema: &mut Schema, raw: &mut Vec<RawIndex>) {
    for statement in text.split(';') {
        let words = words(statement);
        let is = |at: usize, word: &str| words.get(at).is_some_and(|found| found.eq_ignore_ascii_case(word));
        let touches = words.iter().take(4).any(|word| word.eq_ignore_ascii_case("index"));
        if !touches || !(is(0, "create") || is(0, "drop")) {
            continue;
        }
        raw.push(RawIndex { sql: statement.trim().into(), site });
        if is(0, "drop") {
            drop_named(schema, &words);
            continue;
        }
        if let Some((table, index)) = created(&words, site)
            && let Some(model) = schema.by_table(&table)
        {
            let mut index = index;
            for column in &mut index.columns {
                if let Some(field) = schema.get(model).fields.iter().find(|f| f.column == column.name) {
                    column.name = field.name.clone();
                }
            }
            add(schema, model, index);
        }
    }
}

fn drop_named(schema: &mut Schema, words: &[&str]) {
    for id in schema.ids() {
        let model = schema.get_mut(id);
        model.indexes.retain(|index| {
            let named = index.name.as_deref().is_some_and(|name| words.contains(&name));
            !(named && matches!(index.origin, IndexOrigin::Migration | IndexOrigin::Ddl))
        });
    }
}

fn created(words: &[&str], site: Site) -> Option<(String, Index)> {
    let on = words.iter().position(|word| word.eq_ignore_ascii_case("on"))?;
    let unique = words.iter().take(on).any(|word| word.eq_ignore_ascii_case("unique"));
    let before = words.get(on.checked_sub(1)?)?;
    let name = (!["index", "concurrently", "exists"].iter().any(|w| before.eq_ignore_ascii_case(w)))
        .then(|| SmolStr::from(*before));
    let mut rest = words.get(on + 1..)?.iter().copied().peekable();
    let mut table = rest.next()?;
    if table.eq_ignore_ascii_case("only") {
        table = rest.next()?;
    }
    // `public.table`
    while rest.next_if(|word| *word == ".").is_some() {
        table = rest.next()?;
    }
    let mut method = "btree".to_owned();
    if rest.next_if(|word| word.eq_ignore_ascii_case("using")).is_some() {
        method = rest.next()?.to_lowercase();
    }
    rest.next_if(|word| *word == "(")?;
    let mut columns = Vec::new();
    let mut part: Vec<&str> = Vec::new();
    let mut depth = 1;
    for word in rest.by_ref() {
        match word {
            "(" => depth += 1,
            ")" => depth -= 1,
            _ => {}
        }
        if depth == 0 || (depth == 1 && word == ",") {
            columns.push(column(&part)?);
            part.clear();
            if depth == 0 {
                break;
            }
        } else {
            part.push(word);
        }
    }
    let condition: Vec<&str> = rest.skip_while(|word| !word.eq_ignore_ascii_case("where")).skip(1).collect();
    let index = Index {
        name,
        unique,
        condition: (!condition.is_empty()).then(|| condition.join(" ")),
        method: method.into(),
        site: Some(site),
        ..Index::plain(columns, IndexOrigin::Migration)
    };
    Some((table.to_owned(), index))
}

fn column(words: &[&str]) -> Option<IndexColumn> {
    let (first, options) = words.split_first()?;
    let descending = options.iter().any(|word| word.eq_ignore_ascii_case("desc"));
    if options.contains(&"(") || *first == "(" {
        let expression = Some(words.join(" "));
        return Some(IndexColumn { name: SmolStr::default(), descending, expression, opclass: None });
    }
    let opclass = options.iter().find(|word| word.ends_with("_ops")).map(|word| SmolStr::from(*word));
    Some(IndexColumn { name: (*first).into(), descending, expression: None, opclass })
}

/// Words, quoted names without their quotes, and single signs.
fn words(sql: &str) -> Vec<&str> {
    let mut out = Vec::new();
    let mut rest = sql;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '"' | '`' => match rest.get(1..).and_then(|inner| inner.find(first)) {
                Some(end) => {
                    out.push(rest.get(1..=end).unwrap_or(""));
                    rest = rest.get(end + 2..).unwrap_or("");
                    continue;
                }
                None => 1,
            },
            _ if first.is_alphanumeric() || first == '_' => {
                rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len())
            }
            _ => first.len_utf8(),
        };
        let (word, after) = rest.split_at(length);
        if !first.is_whitespace() {
            out.push(word);
        }
        rest = after;
    }
    out
}
