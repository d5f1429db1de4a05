//! Relations of a row: loaded already, free, or one statement more.

use std::rc::Rc;

use smol_str::SmolStr;

use super::super::Interpreter;
use super::super::flow::Fact;
use super::super::value::{
    ManagerValue, ModelRef, PrefetchValue, QsNode, RelatedManager, RowOrigin, RowValue, Seq, Value,
};
use super::lookups::Lookups;
use crate::model::{Confidence, Site};
use crate::schema::{ModelId, Relation, RelationKind};
use crate::trace::{Cause, EventKind, RowEvent, RowOp, Usage};

/// How one row leads to another.
#[derive(Debug, Clone, Copy)]
enum Way {
    /// By a foreign key or one-to-one of its own.
    Forward {
        /// `select_related()` without arguments loaded it.
        joined: bool,
    },
    /// By a one-to-one of the other, or a generic foreign key.
    Singular { generic: bool },
}

/// For the paths of a prefetch whose names are computed.
pub(super) const ANY: &str = "*";

impl<'p> Interpreter<'p, '_> {
    /// A foreign key or one-to-one of the row's own model.
    pub(super) fn forward(
        &mut self,
        row: &Rc<RowValue<'p>>,
        name: &SmolStr,
        relation: &'p Relation,
        null: bool,
        site: Site,
    ) -> Value<'p> {
        let model = match relation.target {
            Some(id) => self.model_ref(id),
            None => ModelRef { id: None, name: relation.target_label.clone() },
        };
        // The parent whose children these are is known without a query.
        if let Some(node) = &row.queryset
            && row.path.is_empty()
            && let Some(related) = &node.related
            && related.back.as_ref() == Some(name)
        {
            return Value::Row(related.row.clone());
        }
        let joined = !null && row.queryset.as_ref().is_some_and(|node| node.desc.select_related_all);
        self.follow(row, name, model, Way::Forward { joined }, site)
    }

    /// A relation of a row whose model is not in the input.
    pub(super) fn forward_unknown(&mut self, row: &Rc<RowValue<'p>>, name: &SmolStr, site: Site) -> Value<'p> {
        let model = ModelRef { id: None, name: SmolStr::default() };
        let joined = row.queryset.as_ref().is_some_and(|node| node.desc.select_related_all || node.desc.opaque);
        self.follow(row, name, model, Way::Forward { joined }, site)
    }

    /// A reverse one-to-one, or a generic foreign key.
    pub(super) fn singular(
        &mut self,
        row: &Rc<RowValue<'p>>,
        name: &SmolStr,
        model: ModelRef,
        site: Site,
        generic: bool,
    ) -> Value<'p> {
        self.follow(row, name, model, Way::Singular { generic }, site)
    }

    fn follow(&mut self, row: &Rc<RowValue<'p>>, name: &SmolStr, model: ModelRef, way: Way, site: Site) -> Value<'p> {
        let generic = matches!(way, Way::Singular { generic: true });
        let joined = matches!(way, Way::Forward { joined: true });
        let mut path = row.path.clone();
        path.push(name.clone());
        let certain = row.certain && model.id.is_some();
        // Rows of any model: no join leads on from them, and only a prefetch says what they bring along.
        let further = generic && row.queryset.as_ref().is_none_or(|node| !leads_on(&node.desc.prefetch_related, &path));
        let related = Rc::new(RowValue {
            model: model.clone(),
            queryset: row.queryset.clone().filter(|_| !further),
            path: if further { Vec::new() } else { path.clone() },
            sym: row.sym.attr(name),
            origin: if row.origin == RowOrigin::Given { RowOrigin::Given } else { RowOrigin::Read },
            certain,
            sure: false,
        });
        let fact = Fact::Loaded(row.sym.text.clone(), name.clone());
        let loaded = joined
            || row.origin == RowOrigin::Made
            || self.flow.knows(&fact)
            || row.queryset.as_ref().is_some_and(|node| is_loaded(node, &path) || self.is_attached(node, &path));
        let of_row = self.rec.row(row);
        if loaded {
            let op = RowOp::Relation { field: name.clone(), loaded: true, pk_only: false };
            self.rec.emit(EventKind::Row(RowEvent { row: of_row, op }), Some(site), None, Confidence::Certain);
        } else {
            self.flow.learn(fact);
            let field = name.clone();
            let cause = match way {
                Way::Forward { .. } => Cause::Relation { row: of_row, field, pk_only: false },
                Way::Singular { generic } => Cause::Singular { row: of_row, field, generic },
            };
            self.send_row_lookup(row, &model, cause, Usage::Value, site);
        }
        Value::Row(related)
    }

    /// Whether `prefetch_related_objects()` loaded a path for rows of the queryset.
    fn is_attached(&self, node: &QsNode<'p>, path: &[SmolStr]) -> bool {
        self.flow.knows(&Fact::Attached(node.uid, path.join("__").into()))
    }

    /// Whether a relation of a row may have been loaded in a way that is not followed: by names that are computed, or by
    /// whoever gave the row that the rows are related to, where the input has a prefetch of that path.
    pub(super) fn is_perhaps_loaded(&self, row: &RowValue<'p>, name: &SmolStr) -> bool {
        let mut path: Vec<SmolStr> = row.path.iter().chain([name]).cloned().collect();
        let mut above = row.queryset.clone();
        let mut prefetched_somewhere = true;
        while let Some(node) = above {
            if node.desc.loads_more || self.flow.knows(&Fact::Attached(node.uid, ANY.into())) {
                return true;
            }
            let Some(related) = node.related.clone().filter(|_| node.is_served_by_prefetch()) else { return false };
            let first = path.first().unwrap_or(name).clone();
            prefetched_somewhere &= self.lookups().lead_on(&related.accessor, &first);
            if related.row.origin == RowOrigin::Given && related.row.queryset.is_none() {
                return prefetched_somewhere;
            }
            path = related.row.path.iter().chain([&related.accessor]).cloned().collect();
            above = related.row.queryset.clone();
        }
        false
    }

    fn lookups(&self) -> &Lookups {
        self.shared.lookups.get_or_init(|| Lookups::read(self.project))
    }

    /// `topic.posts`: nothing is sent yet.
    pub(super) fn related_manager(
        &mut self,
        row: &Rc<RowValue<'p>>,
        accessor: &SmolStr,
        kind: RelationKind,
        back: Option<SmolStr>,
        target: Option<ModelId>,
    ) -> Value<'p> {
        let model = match target {
            Some(id) => self.model_ref(id),
            None => ModelRef { id: None, name: SmolStr::default() },
        };
        let mut path = row.path.clone();
        path.push(accessor.clone());
        let prefetched =
            row.queryset.as_ref().is_some_and(|node| is_prefetched(node, &path) || self.is_attached(node, &path));
        let classes = self.default_classes(&model);
        let certain = row.certain && model.id.is_some();
        let related = RelatedManager { row: row.clone(), accessor: accessor.clone(), kind, back, prefetched };
        let manager = ManagerValue { model, classes, related: Some(related), opaque: false, certain };
        Value::Manager(Rc::new(manager))
    }

    /// The prefetch that left its rows in an attribute of that name.
    pub(super) fn to_attr(&self, row: &RowValue<'p>, name: &str) -> Option<Rc<PrefetchValue<'p>>> {
        let node = row.queryset.as_ref()?;
        node.prefetches.iter().find(|p| p.to_attr.as_deref() == Some(name)).cloned()
    }

    pub(super) fn prefetched_list(&mut self, row: &Rc<RowValue<'p>>, name: &SmolStr, site: Site) -> Value<'p> {
        let sym = row.sym.attr(name);
        let Some(prefetch) = self.to_attr(row, name) else { return Value::Unknown(sym) };
        let Some(node) = &prefetch.queryset else {
            return Value::Seq(Rc::new(Seq { items: None, element: None, driver: None, sym }));
        };
        let mut driver = self.rows_driver(node, site);
        driver.key = self.items_driver(&sym, site).key;
        let element = self.element_of(node, &driver);
        Value::Seq(Rc::new(Seq { items: None, element: Some(element), driver: Some(driver), sym }))
    }
}

/// Whether a path from a queryset's rows is loaded with them.
pub fn is_loaded(node: &QsNode<'_>, path: &[SmolStr]) -> bool {
    let wanted = path.join("__");
    covers(&node.desc.select_related, &wanted) || is_prefetched_path(node, &wanted)
}

fn is_prefetched(node: &QsNode<'_>, path: &[SmolStr]) -> bool {
    is_prefetched_path(node, &path.join("__"))
}

fn is_prefetched_path(node: &QsNode<'_>, wanted: &str) -> bool {
    if node.desc.streamed {
        return false;
    }
    let lookups = node.prefetches.iter().any(|prefetch| {
        if prefetch.to_attr.is_some() && prefetch.lookup == wanted {
            return false;
        }
        let inner = wanted.strip_prefix(prefetch.lookup.as_str()).and_then(|rest| rest.strip_prefix("__"));
        match (&prefetch.queryset, inner) {
            (Some(queryset), Some(inner)) => {
                covers(&queryset.desc.select_related, inner) || is_prefetched_path(queryset, inner)
            }
            _ => false,
        }
    });
    lookups || covers(&node.desc.prefetch_related, wanted)
}

/// Whether one of the lookups is `wanted` or goes on from it.
fn covers(lookups: &[SmolStr], wanted: &str) -> bool {
    lookups
        .iter()
        .any(|lookup| lookup.strip_prefix(wanted).is_some_and(|rest| rest.is_empty() || rest.starts_with("__")))
}

/// Whether one of the lookups goes on from a path.
fn leads_on(lookups: &[SmolStr], path: &[SmolStr]) -> bool {
    let path = path.join("__");
    lookups.iter().any(|lookup| lookup.strip_prefix(path.as_str()).is_some_and(|rest| rest.starts_with("__")))
}

/// Whether a prefetch lookup's rows come with the join already.
pub fn joined_already(node: &QsNode<'_>, path: &str) -> bool {
    covers(&node.desc.select_related, path)
}
