//! One field declaration → its column and where it leads.

use smol_str::SmolStr;

use super::kinds;
use super::sources::Sources;
use crate::model::{FileId, Site};
use crate::project::names::Target;
use crate::project::outside;
use crate::python::ir::{self, Call, ExprKind};
use crate::schema::{Field, FieldKind, OnDelete, Relation, RelationKind};

/// A field before its relation is linked.
#[derive(Debug, Clone)]
pub struct Declared {
    pub field: Field,
    pub to: Option<Reference>,
    pub through: Option<Reference>,
    pub related_name: Option<SmolStr>,
    pub related_query_name: Option<SmolStr>,
    /// A many-to-many with `self` that needs no far side.
    pub symmetrical: bool,
    /// `db_table` of an automatic join table.
    pub db_table: Option<SmolStr>,
    pub parent_link: bool,
}

/// A model that a relation names.
#[derive(Debug, Clone)]
pub enum Reference {
    /// `"self"`
    Own,
    /// `settings.AUTH_USER_MODEL`, `get_user_model()`
    User,
    /// `"app.Model"` or `"Model"`
    Label(SmolStr),
    Class(FileId, u32),
    /// Dotted name of a class outside of the input, or the text of what could not be resolved.
    Outside(SmolStr),
}

/// The dotted or bare name of the field class that `call` makes; `None` where it makes something else.
fn class_of(sources: &Sources<'_>, file: FileId, call: &Call) -> Option<SmolStr> {
    let written: SmolStr = call.func.dotted()?.rsplit('.').next()?.into();
    match sources.resolve(file, &call.func) {
        Some(Target::External(dotted)) => {
            let is_form = dotted.starts_with("django.forms.") || dotted.starts_with("rest_framework.");
            (!is_form).then_some(written)
        }
        // A field class of the project: what it builds on decides what it is.
        Some(Target::Class(file, number)) => {
            let bases = sources.names.hierarchy.outside((file, number));
            let known =
                bases.iter().filter_map(|base| base.rsplit('.').next()).find(|base| kinds::of_class(base).is_some());
            let tells = |class: &str| kinds::of_class(class).is_some_and(|(kind, _)| kind != FieldKind::Other);
            known.map(|base| if tells(&written) { written.clone() } else { base.into() })
        }
        _ => Some(written),
    }
}

/// Whether a field class of the project's has an index by itself, as far as its text tells: it names the argument.
fn indexes_itself(sources: &Sources<'_>, file: FileId, call: &Call) -> bool {
    let Some(Target::Class(file, number)) = sources.resolve(file, &call.func) else { return false };
    sources.names.hierarchy.order((file, number)).iter().any(|key| {
        let body = sources.class(*key).map(|class| class.body_span);
        let text = sources.texts.get(key.0.0 as usize).zip(body).and_then(|(text, span)| text.get(span.range()));
        text.is_some_and(|text| {
            ["db_index", "unique=", "\"unique\"", "'unique'"].iter().any(|word| text.contains(word))
        })
    })
}

/// Reads `name = models.CharField(…)`.
pub fn declared(
    sources: &Sources<'_>,
    file: FileId,
    name: &SmolStr,
    stmt: &ir::Stmt,
    value: &ir::Expr,
) -> Option<Declared> {
    let call = value.as_call()?;
    let class = class_of(sources, file, call)?;
    let (kind, relation) = kinds::of_class(&class)?;
    let yes = |key: &str| call.keyword(key).is_some_and(|value| matches!(value.kind, ExprKind::True));
    let text = |key: &str| call.keyword(key).and_then(|value| sources.text(file, value));
    let primary_key = yes("primary_key");
    let indexed = match call.keyword("db_index").map(|value| &value.kind) {
        Some(ExprKind::True) => true,
        Some(ExprKind::False) => false,
        _ => {
            class.ends_with("SlugField")
                || matches!(relation, Some(RelationKind::ForeignKey | RelationKind::OneToOne))
                || indexes_itself(sources, file, call)
        }
    };
    let has_column = !matches!(relation, Some(RelationKind::ManyToMany | RelationKind::Generic))
        && kind != FieldKind::GenericForeignKey;
    let column = match (has_column, text("db_column")) {
        (false, _) => SmolStr::default(),
        (true, Some(column)) => column,
        (true, None) if relation.is_some() => SmolStr::from(format!("{name}_id")),
        (true, None) => name.clone(),
    };
    let field = Field {
        name: name.clone(),
        column,
        kind,
        relation: relation.map(|kind| Relation {
            kind,
            target_label: SmolStr::default(),
            target: None,
            to_field: text("to_field"),
            through: None,
            join_table: None,
            on_delete: on_delete(call),
        }),
        null: yes("null"),
        unique: primary_key || yes("unique") || relation == Some(RelationKind::OneToOne),
        primary_key,
        db_index: indexed && has_column,
        has_choices: call.keyword("choices").is_some(),
        auto_now: yes("auto_now") || matches!(class.as_str(), "AutoLastModifiedField" | "ModificationDateTimeField"),
        site: Some(Site::new(file, stmt.span)),
        flagged: flagged(file, call),
        generic: (kind == FieldKind::GenericForeignKey).then(|| generic_key(sources, file, call)),
        class: class.clone(),
    };
    let to = relation.map(|_| match call.keyword("to").or_else(|| call.positional().next()) {
        Some(expr) => reference(sources, file, expr),
        None if class.ends_with("TaggableManager") => Reference::Outside("taggit.Tag".into()),
        None => Reference::Outside(SmolStr::default()),
    });
    let symmetrical = relation == Some(RelationKind::ManyToMany)
        && matches!(to, Some(Reference::Own))
        && !call.keyword("symmetrical").is_some_and(|value| matches!(value.kind, ExprKind::False));
    Some(Declared {
        field,
        to,
        through: call.keyword("through").map(|expr| reference(sources, file, expr)),
        related_name: text("related_name"),
        related_query_name: text("related_query_name"),
        symmetrical,
        db_table: text("db_table"),
        parent_link: yes("parent_link"),
    })
}

/// Where `db_index=True` is written.
fn flagged(file: FileId, call: &Call) -> Option<Site> {
    let is_flag = |arg: &&ir::Arg| {
        matches!(&arg.kind, ir::ArgKind::Keyword(name) if name.name == "db_index")
            && matches!(arg.value.kind, ExprKind::True)
    };
    call.args.iter().find(is_flag).map(|arg| Site::new(file, arg.span))
}

/// The fields that `GenericForeignKey("content_type", "object_id")` names.
fn generic_key(sources: &Sources<'_>, file: FileId, call: &Call) -> (SmolStr, SmolStr) {
    let named = |key: &str, place: usize, usual: &'static str| {
        let given = call.keyword(key).or_else(|| call.positional().nth(place));
        given.and_then(|value| sources.text(file, value)).unwrap_or(SmolStr::new_static(usual))
    };
    (named("ct_field", 0, "content_type"), named("fk_field", 1, "object_id"))
}

fn on_delete(call: &Call) -> OnDelete {
    let value = call.keyword("on_delete").or_else(|| call.positional().nth(1));
    match value.and_then(ir::Expr::dotted).as_deref().and_then(|dotted| dotted.rsplit('.').next()) {
        Some("CASCADE") => OnDelete::Cascade,
        Some("SET_NULL") => OnDelete::SetNull,
        _ => OnDelete::Other,
    }
}

fn reference(sources: &Sources<'_>, file: FileId, expr: &ir::Expr) -> Reference {
    if let Some(call) = expr.as_call() {
        let name = call.func.dotted().unwrap_or_default();
        return match name.rsplit('.').next() {
            Some("get_user_model") => Reference::User,
            _ => Reference::Outside(name.into()),
        };
    }
    if let Some(label) = sources.text(file, expr) {
        return match label.as_str() {
            "self" => Reference::Own,
            _ => Reference::Label(label),
        };
    }
    let Some(written) = expr.dotted() else { return Reference::Outside(SmolStr::default()) };
    if written.ends_with("AUTH_USER_MODEL") {
        return Reference::User;
    }
    match sources.resolve(file, expr) {
        Some(Target::Class(file, number)) => Reference::Class(file, number),
        Some(Target::Value(from, number)) => match sources.value(from, number) {
            // `User = get_user_model()`
            Some(value) if value.as_call().is_some() => reference(sources, from, value),
            _ => Reference::Outside(written.into()),
        },
        Some(Target::External(dotted)) => {
            if outside::is_kind_of(&dotted, "django.conf.AUTH_USER_MODEL") {
                Reference::User
            } else {
                Reference::Outside(dotted)
            }
        }
        _ => Reference::Outside(written.into()),
    }
}
