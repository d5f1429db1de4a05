//! Columns that the database counts up in some place: whoever saves them as they were read sets them back.

use std::collections::HashMap;

use smol_str::SmolStr;

use super::rows;
use crate::model::Site;
use crate::project::Project;
use crate::schema::ModelId;
use crate::trace::{Assigned, EventKind, Trace, ValueKind};

pub struct Counted {
    pub field: SmolStr,
    pub site: Site,
}

/// The columns of each model that `F("field") + …` is stored in, by `update()` or an assignment, with a place that does.
pub fn by_model(project: &Project, traces: &[Trace]) -> HashMap<ModelId, Vec<Counted>> {
    let mut out: HashMap<ModelId, Vec<Counted>> = HashMap::new();
    let mut add = |model: Option<ModelId>, assigned: &Assigned| {
        let (Some(model), Some(site)) = (model, assigned.site.filter(|_| counts(project, assigned))) else { return };
        let columns = out.entry(model).or_default();
        if !columns.iter().any(|column| column.field == assigned.field) {
            columns.push(Counted { field: assigned.field.clone(), site });
        }
    };
    for trace in traces.iter().filter(|trace| trace.role.is_judged()) {
        for event in &trace.events {
            if let EventKind::Query(query) = &event.kind {
                let model = query.queryset.and_then(|id| trace.queryset(id).model);
                query.assigned.values.iter().for_each(|assigned| add(model, assigned));
            } else if let Some((row, written)) = rows::write(event) {
                add(row.model, &written.assigned);
            }
        }
    }
    out
}

/// `views=F("views") + 1`
fn counts(project: &Project, assigned: &Assigned) -> bool {
    let text = assigned.site.map_or("", |site| project.text(site));
    let of_itself = ['"', '\''].iter().any(|quote| text.contains(&format!("F({quote}{}{quote})", assigned.field)));
    assigned.kind == ValueKind::Expression && of_itself && text.contains(['+', '-'])
}
