//! Columns that a command makes anew from other things: what is lost of them is not lost for good.

use std::collections::HashSet;

use smol_str::SmolStr;

use super::rows;
use crate::schema::ModelId;
use crate::trace::{EventKind, Role, Trace};

pub struct Rebuilt {
    columns: HashSet<(ModelId, SmolStr)>,
}

impl Rebuilt {
    pub fn of(traces: &[Trace]) -> Self {
        let mut columns = HashSet::new();
        for trace in traces.iter().filter(|trace| trace.role == Role::Command) {
            for event in &trace.events {
                if let Some((row, written)) = rows::write(event).filter(|(_, written)| !written.derived) {
                    columns.extend(row.model.map(|model| (model, written.assigned.field.clone())));
                } else if let EventKind::Query(query) = &event.kind
                    && let Some(model) = query.queryset.and_then(|id| trace.queryset(id).model)
                {
                    columns.extend(query.assigned.values.iter().map(|set| (model, set.field.clone())));
                }
            }
        }
        Self { columns }
    }

    pub fn has(&self, model: Option<ModelId>, field: &str) -> bool {
        model.is_some_and(|model| self.columns.contains(&(model, field.into())))
    }
}
