//! Lookups and transforms (`created__year__gte`) as the backends write them.

use super::super::super::value::Const;
use super::conditions::Right;
use super::query::Query;
use crate::schema::FieldKind;
use crate::trace::Operator;

/// What a column is compared by.
pub struct Lookup<'a> {
    /// Transforms and the lookup, as written.
    pub names: &'a [&'a str],
    pub constant: Option<&'a Const>,
    pub right: &'a Right,
    pub kind: Option<FieldKind>,
}

pub struct Compared {
    pub sql: String,
    pub operator: Operator,
}

pub fn sql(query: &mut Query<'_>, column: &str, lookup: &Lookup<'_>) -> Compared {
    let (last, before) = match lookup.names.split_last() {
        Some((last, before)) if !is_transform(last, lookup.kind) => (*last, before),
        _ => ("exact", lookup.names),
    };
    // A year is compared as a range, which an index serves.
    if let [only] = before
        && matches!(*only, "year" | "iso_year")
        && matches!(last, "exact" | "gt" | "gte" | "lt" | "lte")
    {
        let sql = match last {
            "exact" => format!("{column} BETWEEN %s AND %s"),
            _ => format!("{column} {} %s", sign(last)),
        };
        return Compared { sql, operator: Operator::Range };
    }
    let mut left = column.to_owned();
    let mut kind = lookup.kind;
    for name in before {
        match transform(query, &left, name, kind) {
            Some((sql, out)) => (left, kind) = (sql, out),
            None => left = query.unknown(),
        }
    }
    let compared = compare(query, &left, last, kind, lookup);
    if before.is_empty() { compared } else { Compared { operator: Operator::Other, ..compared } }
}

fn sign(lookup: &str) -> &'static str {
    match lookup {
        "gt" => ">",
        "gte" => ">=",
        "lt" => "<",
        "lte" => "<=",
        _ => "=",
    }
}

fn compare(query: &mut Query<'_>, left: &str, name: &str, kind: Option<FieldKind>, lookup: &Lookup<'_>) -> Compared {
    let done = |sql: String, operator| Compared { sql, operator };
    let right = match lookup.right {
        Right::Param => "%s",
        Right::Sql(sql) | Right::Subquery(sql) => sql.as_str(),
    };
    let plain = matches!(lookup.right, Right::Param);
    match name {
        "exact" => match lookup.constant {
            Some(Const::None) => done(format!("{left} IS NULL"), Operator::IsNull),
            Some(Const::Bool(true)) if plain => done(left.to_owned(), Operator::Equal),
            Some(Const::Bool(false)) if plain => done(format!("NOT {left}"), Operator::Equal),
            _ if kind == Some(FieldKind::Boolean) && plain => {
                // Whether it is the column or NOT the column, only the value tells.
                let unknown = query.unknown();
                done(format!("{left} = {unknown}"), Operator::Equal)
            }
            _ => done(format!("{left} = {}", bracketed(right, lookup.right)), Operator::Equal),
        },
        "in" => match lookup.right {
            Right::Param => done(format!("{left} IN (%s)"), Operator::In),
            Right::Subquery(sql) | Right::Sql(sql) => done(format!("{left} IN {sql}"), Operator::In),
        },
        "isnull" => match lookup.constant {
            Some(Const::Bool(false)) => done(format!("{left} IS NOT NULL"), Operator::IsNotNull),
            Some(Const::Bool(true)) => done(format!("{left} IS NULL"), Operator::IsNull),
            _ => {
                let unknown = query.unknown();
                done(format!("{left} IS {unknown} NULL"), Operator::IsNull)
            }
        },
        "gt" | "gte" | "lt" | "lte" => {
            done(format!("{left} {} {}", sign(name), bracketed(right, lookup.right)), Operator::Range)
        }
        "range" => done(format!("{left} BETWEEN %s AND %s"), Operator::Range),
        "iexact" | "contains" | "icontains" | "startswith" | "istartswith" | "endswith" | "iendswith" => {
            let operator = match name {
                "startswith" => Operator::Prefix,
                "iexact" => Operator::Other,
                _ => Operator::Contains,
            };
            if !plain || kind == Some(FieldKind::Json) || kind == Some(FieldKind::Array) {
                let unknown = query.unknown();
                return done(format!("{left} LIKE {unknown}"), operator);
            }
            done(like(query, left, name), operator)
        }
        "regex" | "iregex" => {
            let sql = match (query.backend.is_sqlite(), name) {
                (true, "regex") => format!("{left} REGEXP %s"),
                (true, _) => format!("{left} REGEXP '(?i)' || %s"),
                (false, "regex") => format!("{left}::text ~ %s"),
                (false, _) => format!("{left}::text ~* %s"),
            };
            done(sql, Operator::Other)
        }
        _ => {
            let unknown = query.unknown();
            done(format!("{left} {unknown} %s"), Operator::Other)
        }
    }
}

fn bracketed(sql: &str, right: &Right) -> String {
    match right {
        Right::Param | Right::Subquery(_) => sql.to_owned(),
        Right::Sql(_) => format!("({sql})"),
    }
}

fn like(query: &Query<'_>, left: &str, name: &str) -> String {
    if query.backend.is_sqlite() {
        return format!("{left} LIKE %s ESCAPE '\\'");
    }
    match name {
        "iexact" => format!("UPPER({left}::text) = UPPER(%s)"),
        _ if name.starts_with('i') => format!("UPPER({left}::text) LIKE UPPER(%s)"),
        _ => format!("{left}::text LIKE %s"),
    }
}

const DATE_PARTS: [&str; 12] = [
    "year",
    "iso_year",
    "month",
    "day",
    "week",
    "week_day",
    "iso_week_day",
    "quarter",
    "hour",
    "minute",
    "second",
    "date",
];

fn is_transform(name: &str, kind: Option<FieldKind>) -> bool {
    DATE_PARTS.contains(&name)
        || name == "time"
        || (kind == Some(FieldKind::Json) && name != "isnull" && name != "exact")
}

/// A transform of a column, and what it gives.
pub fn transform(
    query: &mut Query<'_>,
    left: &str,
    name: &str,
    kind: Option<FieldKind>,
) -> Option<(String, Option<FieldKind>)> {
    let sqlite = query.backend.is_sqlite();
    let zoned = kind == Some(FieldKind::DateTime);
    let local = || if zoned && !sqlite { format!("{left} AT TIME ZONE %s") } else { left.to_owned() };
    Some(match name {
        "date" if sqlite => (format!("django_datetime_cast_date({left}, %s, %s)"), Some(FieldKind::Date)),
        "date" => (format!("({})::date", local()), Some(FieldKind::Date)),
        "time" if sqlite => (format!("django_datetime_cast_time({left}, %s, %s)"), Some(FieldKind::Time)),
        "time" => (format!("({})::time", local()), Some(FieldKind::Time)),
        _ if DATE_PARTS.contains(&name) => {
            let sql = match (sqlite, kind) {
                (true, Some(FieldKind::Time)) => format!("django_time_extract(%s, {left})"),
                (true, Some(FieldKind::Date)) => format!("django_date_extract(%s, {left})"),
                (true, _) => format!("django_datetime_extract(%s, {left}, %s, %s)"),
                (false, _) => match name {
                    "week_day" => format!("EXTRACT(DOW FROM {}) + 1", local()),
                    "iso_week_day" => format!("EXTRACT(ISODOW FROM {})", local()),
                    "iso_year" => format!("EXTRACT(ISOYEAR FROM {})", local()),
                    "second" => format!("EXTRACT(SECOND FROM DATE_TRUNC(%s, {}))", local()),
                    _ => format!("EXTRACT({} FROM {})", name.to_uppercase(), local()),
                },
            };
            (sql, Some(FieldKind::Integer))
        }
        "lower" => (format!("LOWER({left})"), kind),
        "upper" => (format!("UPPER({left})"), kind),
        "length" => (format!("LENGTH({left})"), Some(FieldKind::Integer)),
        _ => return None,
    })
}
