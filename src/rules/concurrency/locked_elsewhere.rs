//! Models whose rows some place of the project locks before it changes them: there, others do come in between.

use std::collections::HashSet;

use crate::project::Project;
use crate::schema::ModelId;
use crate::trace::{EventKind, QuerySet, Trace};

const LOCKS: &str = "select_for_update";

pub struct Locked {
    models: HashSet<ModelId>,
}

impl Locked {
    pub fn of(project: &Project, traces: &[Trace]) -> Self {
        let mut models = HashSet::new();
        for trace in traces.iter().filter(|trace| trace.role.is_judged()) {
            for event in &trace.events {
                let EventKind::Query(query) = &event.kind else { continue };
                let locks = |queryset: &&QuerySet| queryset.steps.iter().any(|step| step.method == LOCKS);
                let queryset = query.queryset.map(|id| trace.queryset(id)).filter(locks);
                models.extend(queryset.and_then(|queryset| queryset.model));
            }
        }
        // `basket.vouchers.select_for_update()` of a basket that is not known.
        for module in &project.modules {
            let text = module.source.text();
            let called = text.match_indices(LOCKS).filter_map(|(at, _)| text.get(..at)?.strip_suffix('.'));
            for accessor in called.filter_map(|of| of.rsplit(|c: char| !c.is_alphanumeric() && c != '_').next()) {
                models.extend(led_to(project, accessor));
            }
        }
        // A method of `AbstractVoucher` has rows of `Voucher`.
        let classes = models.iter().filter_map(|model| project.model_class(*model));
        let bases: Vec<ModelId> = classes
            .flat_map(|class| {
                project.lineage(class).filter_map(|base| project.model_of_class(base)).collect::<Vec<_>>()
            })
            .collect();
        models.extend(bases);
        Locked { models }
    }

    pub fn has(&self, model: Option<ModelId>) -> bool {
        model.is_some_and(|model| self.models.contains(&model))
    }
}

/// The models that a relation of this name leads to; none of no name.
fn led_to(project: &Project, accessor: &str) -> Vec<ModelId> {
    let models = || project.schema.ids().map(|id| project.schema.get(id));
    let forward = models().flat_map(|model| &model.fields).filter(|field| field.name == accessor);
    let forward = forward.filter_map(|field| field.relation.as_ref()?.target);
    let reverse = models().flat_map(|model| &model.reverse).filter(|reverse| reverse.accessor == accessor);
    forward.chain(reverse.map(|reverse| reverse.model)).collect()
}
