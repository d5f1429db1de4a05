//! What table and column names say of models, as Django and SQLAlchemy make them.

use crate::model::Orm;

/// `topic` of `topic_id`; `None` for a column that is not named like a foreign key.
pub fn relation(column: &str) -> Option<&str> {
    column.strip_suffix("_id").filter(|stem| !stem.is_empty())
}

pub fn is_primary_key(column: &str) -> bool {
    matches!(column, "id" | "pk" | "uuid" | "guid")
}

/// Whether a relation of this name leads to the table: `topic` to `forum_topic`, `order_item` to `shop_orderitem`,
/// `category` to `categories`.
pub fn leads_to(relation: &str, table: &str) -> bool {
    let plain = |name: &str| singular(name).replace('_', "").to_lowercase();
    let wanted = plain(relation);
    let table = table.rsplit('.').next().unwrap_or(table);
    let starts = table.match_indices('_').map(|(at, _)| at + 1);
    std::iter::once(0).chain(starts).any(|at| table.get(at..).is_some_and(|name| plain(name) == wanted))
}

/// The model that a table is of, as its name shows it: `topic` of `forum_topic`.
pub fn model(table: &str) -> &str {
    let table = table.rsplit('.').next().unwrap_or(table);
    table.split_once('_').map_or(table, |(_, model)| model)
}

/// `Topic`, `OrderItem`: the class that a mapped table has in SQLAlchemy.
pub fn class(table: &str) -> String {
    let table = table.rsplit('.').next().unwrap_or(table);
    let words = singular(table);
    words
        .split('_')
        .map(|word| {
            let mut letters = word.chars();
            letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
        })
        .collect()
}

fn singular(name: &str) -> String {
    for (plural, single) in [("ies", "y"), ("sses", "ss"), ("xes", "x"), ("ches", "ch"), ("shes", "sh")] {
        if let Some(stem) = name.strip_suffix(plural) {
            return format!("{stem}{single}");
        }
    }
    match name.strip_suffix('s') {
        Some(stem) if !stem.ends_with(['s', 'u']) => stem.to_owned(),
        _ => name.to_owned(),
    }
}

/// Which ORM wrote a statement: Django quotes every name, SQLAlchemy only those that need it.
pub fn orm(raw: &str) -> Orm {
    if raw.contains(['"', '`']) { Orm::Django } else { Orm::SqlAlchemy }
}

/// Tables of the framework itself and of the database, which frameworks read and write by themselves.
pub fn is_framework(table: &str) -> bool {
    const OWN: [&str; 6] = [
        "django_session",
        "django_site",
        "django_content_type",
        "django_migrations",
        "django_admin_log",
        "auth_permission",
    ];
    let is_catalog = ["sqlite_", "pg_catalog.", "information_schema."].iter().any(|start| table.starts_with(start));
    OWN.contains(&table) || is_catalog
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relations_lead_to_tables_by_name() {
        for (relation, table) in [
            ("topic", "forum_topic"),
            ("order_item", "shop_orderitem"),
            ("category", "categories"),
            ("user", "auth_user"),
            ("user", "users"),
            ("address", "addresses"),
            ("status", "crm_status"),
        ] {
            assert!(leads_to(relation, table), "{relation} {table}");
        }
        assert!(!leads_to("author", "auth_user"));
        assert!(!leads_to("opic", "forum_topic"));
    }

    #[test]
    fn catalogs_are_nobodys() {
        assert!(["sqlite_master", "django_session"].iter().all(|table| is_framework(table)));
        assert!(!["shop_order", "sqlite"].iter().any(|table| is_framework(table)));
    }

    #[test]
    fn names_of_models() {
        assert_eq!((model("forum_topic"), class("order_items").as_str()), ("topic", "OrderItem"));
        assert_eq!((relation("topic_id"), relation("_id"), relation("paid")), (Some("topic"), None, None));
    }
}
