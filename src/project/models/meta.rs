//! `class Meta` of a model: options, indexes, constraints.

use smol_str::SmolStr;

use super::sources::Sources;
use crate::model::{FileId, Site};
use crate::project::names::Def;
use crate::python::ir::{self, Call, ExprKind, UnaryOp};
use crate::schema::{Index, IndexColumn, IndexOrigin};

type ClassKey = (FileId, u32);

/// The `Meta` that a model goes by.
#[derive(Clone, Copy)]
pub struct Meta {
    key: ClassKey,
    /// It stands in the model's own body: `abstract`, `proxy` and `db_table` hold for the model itself.
    pub is_own: bool,
}

/// A model's own Meta, else the one of its nearest abstract base (`order` is the model's lookup order).
pub fn find(sources: &Sources<'_>, order: &[ClassKey], is_abstract: impl Fn(ClassKey) -> bool) -> Option<Meta> {
    order.iter().enumerate().find_map(|(at, (file, number))| {
        if at > 0 && !is_abstract((*file, *number)) {
            return None;
        }
        let class = sources.names.index(*file)?.classes.get(*number as usize)?;
        match class.members.get("Meta")? {
            Def::Class(meta) => Some(Meta { key: (*file, *meta), is_own: at == 0 }),
            _ => None,
        }
    })
}

impl Meta {
    pub fn site(&self, sources: &Sources<'_>) -> Option<Site> {
        let class = sources.class(self.key)?;
        let start = class.name.span.start;
        Some(Site::new(self.key.0, crate::model::Span { start, end: class.body_span.end.max(start) }))
    }

    /// It is a class on another, as in `class Meta(Base.Meta)`.
    pub fn has_bases(&self, sources: &Sources<'_>) -> bool {
        sources.class(self.key).is_some_and(|class| !class.bases.is_empty())
    }

    pub fn value<'a>(&self, sources: &Sources<'a>, name: &str) -> Option<(FileId, &'a ir::Expr)> {
        sources.names.class_value(sources.modules, self.key, name)
    }

    /// What stands in this very class, bases left out.
    pub fn own_value<'a>(&self, sources: &Sources<'a>, name: &str) -> Option<&'a ir::Expr> {
        let (file, number) = self.key;
        match sources.names.index(file)?.classes.get(number as usize)?.members.get(name)? {
            Def::Value(value) => sources.value(file, *value),
            _ => None,
        }
    }

    pub fn flag(&self, sources: &Sources<'_>, name: &str) -> bool {
        self.own_value(sources, name).is_some_and(|value| matches!(value.kind, ExprKind::True))
    }

    /// Set to anything but `False`.
    pub fn may(&self, sources: &Sources<'_>, name: &str) -> bool {
        self.own_value(sources, name).is_some_and(|value| !matches!(value.kind, ExprKind::False))
    }

    pub fn text(&self, sources: &Sources<'_>, name: &str) -> Option<SmolStr> {
        let (file, value) = self.value(sources, name)?;
        sources.text(file, value)
    }

    /// `ordering`, each with its leading `-`; `F("a").desc()` as `-a`, any other expression as it is written.
    pub fn ordering(&self, sources: &Sources<'_>) -> Vec<SmolStr> {
        let Some((file, value)) = self.value(sources, "ordering") else { return Vec::new() };
        let items = sources.items(file, value);
        let written = |file, item| sources.slice(file, item).split_whitespace().collect::<Vec<_>>().join(" ").into();
        let order =
            |(file, item)| sources.text(file, item).or_else(|| ordered(item)).unwrap_or_else(|| written(file, item));
        items.into_iter().map(order).collect()
    }

    pub fn indexes(&self, sources: &Sources<'_>, class: &str, app: &str) -> Vec<Index> {
        let mut out = Vec::new();
        for list in ["indexes", "constraints"] {
            let Some((file, value)) = self.value(sources, list) else { continue };
            for (file, item) in sources.items(file, value) {
                out.extend(index(sources, file, item, class, app, IndexOrigin::Meta));
            }
        }
        for (list, unique) in [("unique_together", true), ("index_together", false)] {
            let Some((file, value)) = self.value(sources, list) else { continue };
            let items = sources.items(file, value);
            // One group may stand without the list around it.
            let flat: Vec<SmolStr> = items.iter().filter_map(|(file, item)| sources.text(*file, item)).collect();
            let groups = match flat.is_empty() {
                true => items.iter().map(|(file, item)| sources.texts_of(*file, item)).collect(),
                false => vec![flat],
            };
            let site = Some(Site::new(file, value.span));
            for fields in groups.into_iter().filter(|fields| !fields.is_empty()) {
                let origin = if unique { IndexOrigin::Unique } else { IndexOrigin::Meta };
                out.push(Index { unique, site, ..Index::plain(fields.iter().map(|f| IndexColumn::of(f)), origin) });
            }
        }
        out
    }
}

/// Reads `models.Index(fields=["a", "-b"], name=…)`, its kin of contrib.postgres, and `UniqueConstraint(…)`.
pub fn index<'a>(
    sources: &Sources<'a>,
    file: FileId,
    expr: &'a ir::Expr,
    class: &str,
    app: &str,
    origin: IndexOrigin,
) -> Option<Index> {
    let call = expr.as_call()?;
    let written = call.func.dotted()?;
    let (unique, method) = match written.rsplit('.').next()? {
        "Index" | "BTreeIndex" => (false, "btree"),
        "UniqueConstraint" => (true, "btree"),
        "GinIndex" => (false, "gin"),
        "GistIndex" => (false, "gist"),
        "SpGistIndex" => (false, "spgist"),
        "BrinIndex" => (false, "brin"),
        "HashIndex" => (false, "hash"),
        "BloomIndex" => (false, "bloom"),
        // ExclusionConstraint, CheckConstraint and the project's own: nothing to look up rows by.
        _ => return None,
    };
    let mut columns: Vec<IndexColumn> = match call.keyword("fields") {
        Some(fields) => sources.texts_of(file, fields).iter().map(|field| IndexColumn::of(field)).collect(),
        None => call.positional().map(|arg| expression(sources, file, arg)).collect(),
    };
    if let Some(classes) = call.keyword("opclasses") {
        for (column, opclass) in columns.iter_mut().zip(sources.texts_of(file, classes)) {
            column.opclass = Some(opclass);
        }
    }
    if columns.is_empty() {
        return None;
    }
    let name = call.keyword("name").and_then(|name| sources.text(file, name));
    let lower = class.to_lowercase();
    let name = name.map(|name| SmolStr::from(name.replace("%(class)s", &lower).replace("%(app_label)s", app)));
    Some(Index {
        name,
        columns,
        unique,
        condition: call.keyword("condition").map(|condition| sources.slice(file, condition).to_owned()),
        method: method.into(),
        origin: if unique { IndexOrigin::Unique } else { origin },
        site: Some(Site::new(file, expr.span)),
    })
}

/// `Lower("email")`, `F("a").desc()`, `"a"`
fn expression(sources: &Sources<'_>, file: FileId, expr: &ir::Expr) -> IndexColumn {
    let plain = sources.text(file, expr).or_else(|| ordered(expr));
    match plain {
        Some(field) => IndexColumn::of(&field),
        None => IndexColumn {
            name: SmolStr::default(),
            descending: false,
            expression: Some(sources.slice(file, expr).to_owned()),
            opclass: None,
        },
    }
}

/// `F("a")`, `F("a").desc()`, `models.F("a").asc()`, `-F("a")` as `a` or `-a`.
fn ordered(expr: &ir::Expr) -> Option<SmolStr> {
    if let ExprKind::Unary { op: UnaryOp::Minus, operand } = &expr.kind {
        return Some(format!("-{}", ordered(operand)?).into());
    }
    let call = expr.as_call()?;
    if let ExprKind::Attribute { value, attr } = &call.func.kind {
        let field = value.as_call().and_then(f_name);
        match (attr.name.as_str(), field) {
            ("desc", Some(field)) => return Some(format!("-{field}").into()),
            ("asc", Some(field)) => return Some(field),
            _ => {}
        }
    }
    f_name(call)
}

fn f_name(call: &Call) -> Option<SmolStr> {
    let is_f = call.func.dotted()?.rsplit('.').next()? == "F";
    let name = call.positional().next()?.as_str()?;
    is_f.then(|| name.into())
}
