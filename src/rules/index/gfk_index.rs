//! RT403

use std::collections::HashSet;

use super::cure;
use crate::model::{Confidence, Site};
use crate::rewrite::NewIndex;
use crate::rules::macros::rule;
use crate::rules::{Context, Draft, Meta, Rule};
use crate::schema::{Field, Model, ModelId, RelationKind, Schema, Wanted};
use crate::trace::Trace;

rule! {
    /// Refers to rows of any model, and has no index that finds what refers to one.
    ///
    /// ## Why
    /// A `GenericForeignKey` is two columns, and Django makes no index over both. Everything that leads back (a
    /// `GenericRelation`, a prefetch, the deletion of the object) looks rows up by content type and object id. The
    /// content type's own index finds all rows of that type.
    ///
    /// ## Example
    /// ```python flag
    /// # file: notes/models.py
    /// from django.contrib.contenttypes.fields import GenericForeignKey
    /// from django.contrib.contenttypes.models import ContentType
    /// from django.db import models
    ///
    /// class Note(models.Model):
    ///     content_type = models.ForeignKey(ContentType, on_delete=models.CASCADE)
    ///     object_id = models.PositiveIntegerField()
    ///     subject = GenericForeignKey("content_type", "object_id")  # RT403
    /// ```
    /// ```python fix
    /// # file: notes/models.py
    /// from django.contrib.contenttypes.fields import GenericForeignKey
    /// from django.contrib.contenttypes.models import ContentType
    /// from django.db import models
    ///
    /// class Note(models.Model):
    ///     content_type = models.ForeignKey(ContentType, on_delete=models.CASCADE)
    ///     object_id = models.PositiveIntegerField()
    ///     subject = GenericForeignKey("content_type", "object_id")  # RT403
    ///
    ///     class Meta:
    ///         indexes = [models.Index(fields=["content_type", "object_id"], name="note_content_type_obj_360a_idx")]
    /// ```
    /// What is unique together has an index:
    /// ```python ok
    /// # file: notes/models.py
    /// from django.contrib.contenttypes.fields import GenericForeignKey
    /// from django.contrib.contenttypes.models import ContentType
    /// from django.db import models
    ///
    /// class Note(models.Model):
    ///     content_type = models.ForeignKey(ContentType, on_delete=models.CASCADE)
    ///     object_id = models.PositiveIntegerField()
    ///     subject = GenericForeignKey("content_type", "object_id")
    ///
    ///     class Meta:
    ///         unique_together = [("content_type", "object_id")]
    /// ```
    ///
    /// Where nothing in the input leads back, neither a `GenericRelation` nor a filter, it is a hint.
    ///
    /// ## When not to
    /// Where rows are only followed to their object and never found by it. A log that is written all the time pays for
    /// every index.
    pub struct GfkIndex: "RT403", "gfk-index", Index, Warning;
}

impl Rule for GfkIndex {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn whole(&self, traces: &[Trace], cx: &mut Context<'_>) {
        let mut told: HashSet<Site> = HashSet::new();
        let project = cx.project;
        for id in project.schema.ids() {
            let model = project.schema.get(id);
            if model.is_abstract || model.is_proxy {
                continue;
            }
            for field in &model.fields {
                let (Some((content_type, object_id)), Some(site)) = (&field.generic, field.site) else { continue };
                let own = |name: &str| model.fields.iter().any(|field| field.name == name && field.has_column());
                if !own(content_type) || !own(object_id) || is_found(&project.schema, id, content_type, object_id) {
                    continue;
                }
                // An abstract base brings it to several models; one of them is told.
                if told.insert(site) {
                    let is_asked = is_asked(traces, &project.schema, id, object_id);
                    report((id, model), (content_type, object_id), site, is_asked, cx);
                }
            }
        }
    }
}

/// An index leads to the rows of one object: over both columns, or over the id, which few rows share.
fn is_found(schema: &Schema, id: ModelId, content_type: &str, object_id: &str) -> bool {
    let both = [content_type.into(), object_id.into()];
    let served = schema.served_by(id, &Wanted { equal: &both, ..Wanted::default() });
    let leads = schema.get(id).indexes.iter().any(|index| {
        let first = index.columns.first().is_some_and(|column| column.name == object_id);
        first && index.condition.is_none() && index.method == "btree"
    });
    leads || served.is_some_and(|served| served.equal == 2) || is_narrowed(schema, id, &both)
}

/// `Index(fields=["user", "content_type", "object_id"])`: who asks for an object says whose as well, unless a relation
/// finds the rows from the object, which a deletion asks for.
fn is_narrowed(schema: &Schema, id: ModelId, both: &[smol_str::SmolStr; 2]) -> bool {
    let has = |index: &crate::schema::Index, name: &str| index.columns.iter().any(|column| column.name == name);
    let narrows = |index: &crate::schema::Index| both.iter().all(|name| has(index, name)) && index.condition.is_none();
    schema.get(id).indexes.iter().any(narrows) && !is_led_to(schema, id)
}

/// Whether a model has a `GenericRelation` to this one.
fn is_led_to(schema: &Schema, id: ModelId) -> bool {
    let leads_here = |field: &Field| {
        let generic = field.relation.as_ref().filter(|relation| relation.kind == RelationKind::Generic);
        generic.is_some_and(|relation| relation.target == Some(id))
    };
    schema.ids().any(|other| schema.get(other).fields.iter().any(leads_here))
}

/// Whether rows are looked up by what they refer to: by a relation back, or by a filter.
fn is_asked(traces: &[Trace], schema: &Schema, id: ModelId, object_id: &str) -> bool {
    let by_filter = |trace: &Trace| {
        trace.querysets.iter().any(|queryset| {
            queryset.model == Some(id)
                && queryset.filters.iter().any(|filter| filter.path.first().is_some_and(|name| name == object_id))
        })
    };
    is_led_to(schema, id) || traces.iter().filter(|trace| trace.role.is_judged()).any(by_filter)
}

fn report(
    (id, model): (ModelId, &Model),
    (content_type, object_id): (&str, &str),
    site: Site,
    is_asked: bool,
    cx: &mut Context<'_>,
) {
    let index = NewIndex::named(&model.name, vec![content_type.to_owned(), object_id.to_owned()]);
    let rewrite = cure::rewrite(cx.project, id, &index);
    cx.report(Draft {
        rule: &META,
        severity: META.severity,
        hint: Some(!is_asked),
        confidence: if model.is_partial { Confidence::Likely } else { Confidence::Certain },
        site: Some(site),
        message: format!(
            "{} has no index on ({content_type}, {object_id}): what refers to one object is found by reading all rows of \
             its content type.",
            model.label()
        ),
        cost: None,
        evidence: Vec::new(),
        advice: cure::advice(cx.project, model, &index, rewrite.is_some()),
        rewrite,
        key: model.label(),
    });
}
