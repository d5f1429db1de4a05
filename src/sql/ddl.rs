//! Tables and indexes from DDL: a dump's, a migration's, or the definitions that `pg_indexes` lists.

use smol_str::{SmolStr, ToSmolStr};
use sqlparser::ast::{
    AlterTableOperation, ColumnOption, CreateIndex, CreateTable, DataType, Expr, IndexColumn as Part, IndexType,
    ObjectName, Statement, TableConstraint,
};
use sqlparser::parser::Parser;

use super::facts::grammar;
use super::facts_of_query::full_name;
use super::{Dialect, split};
use crate::schema::{Index, IndexColumn, IndexOrigin, TableColumn, Tables};

/// Longer ones are data.
const MAX_BYTES: usize = 64 * 1024;

/// Adds what the text defines; gives how many definitions that was. What cannot be read is passed over: a dump holds
/// much that is neither table nor index.
pub fn read(text: &str, dialect: Dialect, tables: &mut Tables) -> usize {
    let mut found = 0;
    for sql in split(text, dialect) {
        found += usize::from(define(sql, dialect, tables));
    }
    if found == 0 {
        // A table of `pg_indexes`, whose rows hold a definition each.
        let definitions = text.split('\n').filter_map(definition);
        found = definitions.filter(|sql| define(sql, dialect, tables)).count();
    }
    found
}

/// `CREATE INDEX …` at the end of a row of CSV, or of a table of psql.
fn definition(row: &str) -> Option<String> {
    let at = ["CREATE INDEX ", "CREATE UNIQUE INDEX "].iter().filter_map(|head| row.find(head)).min()?;
    let (before, sql) = row.split_at_checked(at)?;
    let sql = sql.trim_end();
    Some(match before.ends_with('"') {
        true => sql.strip_suffix('"').unwrap_or(sql).replace("\"\"", "\""),
        false => sql.trim_end_matches(['|', ' ']).to_owned(),
    })
}

fn define(sql: &str, dialect: Dialect, tables: &mut Tables) -> bool {
    // Comments may stand before it.
    let upper: String = sql.chars().take(2_000).collect::<String>().to_ascii_uppercase();
    if sql.len() > MAX_BYTES || !(upper.contains("CREATE") || upper.contains("ALTER")) {
        return false;
    }
    let Ok(statements) = Parser::parse_sql(grammar(dialect), sql) else { return false };
    let mut found = false;
    for statement in statements {
        found |= match statement {
            Statement::CreateTable(table) => create_table(&table, tables),
            Statement::CreateIndex(index) => create_index(&index, tables),
            Statement::AlterTable(alter) => {
                let constraints = alter.operations.iter().filter_map(|operation| match operation {
                    AlterTableOperation::AddConstraint { constraint, .. } => Some(constraint),
                    _ => None,
                });
                let indexes: Vec<Index> = constraints.filter_map(constraint).collect();
                let any = !indexes.is_empty();
                tables.table(&full_name(&alter.name)).indexes.extend(indexes);
                any
            }
            _ => false,
        };
    }
    found
}

fn create_table(table: &CreateTable, tables: &mut Tables) -> bool {
    let own = tables.table(&full_name(&table.name));
    for column in &table.columns {
        let name = SmolStr::new(&column.name.value);
        let is_selective = !matches!(
            column.data_type,
            DataType::Bool | DataType::Boolean | DataType::JSON | DataType::JSONB | DataType::Bytea | DataType::Blob(_)
        );
        own.columns.insert(name.clone(), TableColumn { field: SmolStr::default(), is_selective });
        for option in &column.options {
            let origin = match &option.option {
                ColumnOption::PrimaryKey(_) => IndexOrigin::PrimaryKey,
                ColumnOption::Unique(_) => IndexOrigin::Unique,
                _ => continue,
            };
            let index = Index::plain([IndexColumn::of(&name)], origin);
            own.indexes.push(Index { unique: true, ..index });
        }
    }
    own.indexes.extend(table.constraints.iter().filter_map(constraint));
    true
}

fn constraint(constraint: &TableConstraint) -> Option<Index> {
    let (columns, origin) = match constraint {
        TableConstraint::PrimaryKey(key) => (&key.columns, IndexOrigin::PrimaryKey),
        TableConstraint::Unique(unique) => (&unique.columns, IndexOrigin::Unique),
        TableConstraint::Index(index) => (&index.columns, IndexOrigin::Ddl),
        _ => return None,
    };
    let index = Index::plain(columns.iter().map(part), origin);
    Some(Index { unique: origin != IndexOrigin::Ddl, ..index })
}

fn create_index(index: &CreateIndex, tables: &mut Tables) -> bool {
    let name = |name: &ObjectName| name.0.last().map(|part| part.to_smolstr());
    let made = Index {
        name: index.name.as_ref().and_then(name),
        unique: index.unique,
        condition: index.predicate.as_ref().map(ToString::to_string),
        method: match &index.using {
            None | Some(IndexType::BTree) => "btree".into(),
            Some(other) => other.to_smolstr().to_lowercase().into(),
        },
        ..Index::plain(index.columns.iter().map(part), IndexOrigin::Ddl)
    };
    tables.table(&full_name(&index.table_name)).indexes.push(made);
    true
}

fn part(part: &Part) -> IndexColumn {
    let (name, expression) = match &part.column.expr {
        Expr::Identifier(name) => (SmolStr::new(&name.value), None),
        other => (SmolStr::default(), Some(other.to_string())),
    };
    IndexColumn {
        name,
        descending: matches!(part.column.options.sort, Some(sqlparser::ast::OrderBySort::Desc)),
        expression,
        opclass: part.operator_class.as_ref().map(ToSmolStr::to_smolstr),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leading(tables: &Tables, table: &str) -> Vec<String> {
        let indexes = &tables.get(table).unwrap().indexes;
        let columns = |index: &Index| index.columns.iter().map(|column| column.name.to_string()).collect::<Vec<_>>();
        indexes.iter().map(|index| format!("{}({})", index.method, columns(index).join(","))).collect()
    }

    #[test]
    fn a_dump_defines_tables_and_indexes() {
        let dump = "
-- PostgreSQL database dump
SET statement_timeout = 0;
CREATE TABLE public.forum_topic (
    id bigint NOT NULL,
    title character varying(120) NOT NULL,
    is_open boolean NOT NULL,
    forum_id bigint NOT NULL
);
ALTER TABLE public.forum_topic OWNER TO forum;
ALTER TABLE ONLY public.forum_topic ADD CONSTRAINT forum_topic_pkey PRIMARY KEY (id);
CREATE INDEX forum_topic_forum ON public.forum_topic USING btree (forum_id, title DESC);
CREATE INDEX forum_topic_upper ON public.forum_topic USING gin (upper((title)::text) gin_trgm_ops) WHERE is_open;
CREATE TABLE tag (id int PRIMARY KEY, name varchar(20) UNIQUE, UNIQUE (id, name));
";
        let mut tables = Tables::default();
        assert_eq!(read(dump, Dialect::Postgres, &mut tables), 5);
        assert_eq!(leading(&tables, "forum_topic"), ["btree(id)", "btree(forum_id,title)", "gin()"]);
        assert_eq!(leading(&tables, "tag"), ["btree(id)", "btree(name)", "btree(id,name)"]);
        let topic = tables.get("forum_topic").unwrap();
        assert!(topic.columns["title"].is_selective && !topic.columns["is_open"].is_selective);
        assert!(topic.is_led_by(&["forum_id".into()]) && !topic.is_led_by(&["title".into()]));
    }

    #[test]
    fn the_rows_of_pg_indexes_define_indexes() {
        let csv = "schemaname,tablename,indexname,tablespace,indexdef\n\
            public,forum_topic,t,,\"CREATE UNIQUE INDEX t ON public.forum_topic USING btree (id, \"\"Odd\"\")\"\n\
            public,forum_topic,u,,CREATE INDEX u ON public.forum_topic USING btree (title)\n";
        let mut tables = Tables::default();
        assert_eq!(read(csv, Dialect::Postgres, &mut tables), 2);
        assert_eq!(leading(&tables, "forum_topic"), ["btree(id,Odd)", "btree(title)"]);
        assert_eq!(read("nothing of the kind", Dialect::Postgres, &mut tables), 0);
    }
}
