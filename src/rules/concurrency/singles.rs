//! Queries for one row, which fail where there are two.

use smol_str::SmolStr;

use crate::schema::ModelId;
use crate::trace::{Cause, Trace};

/// The models that are asked for one row, with the fields that each such `get()` compares: where there are two, it
/// raises.
pub struct Singles {
    asked: Vec<(ModelId, Vec<SmolStr>)>,
}

impl Singles {
    pub fn of(traces: &[Trace]) -> Self {
        let mut asked: Vec<(ModelId, Vec<SmolStr>)> = Vec::new();
        for trace in traces.iter().filter(|trace| trace.role.is_judged()) {
            for (_, _, query) in trace.queries() {
                let Some(queryset) = query.queryset.map(|id| trace.queryset(id)) else { continue };
                let (Some(model), true) = (queryset.model, is_get(&query.cause)) else { continue };
                let compared = queryset.filters.iter().filter(|filter| !filter.negated && !filter.alternative);
                let fields: Vec<SmolStr> = compared.filter_map(|filter| filter.path.first().cloned()).collect();
                if !asked.iter().any(|known| known.0 == model && known.1 == fields) {
                    asked.push((model, fields));
                }
            }
        }
        Singles { asked }
    }

    /// Whether some `get()` finds both rows, if two have the same values in these fields.
    pub fn find_two(&self, model: ModelId, fields: &[&str]) -> bool {
        let bare = |name: &str| name.strip_suffix("_id").unwrap_or(name).to_owned();
        self.asked.iter().any(|(of, compared)| {
            *of == model
                && !compared.is_empty()
                && compared.iter().all(|name| fields.iter().any(|f| bare(f) == bare(name)))
        })
    }
}

pub fn is_get(cause: &Cause) -> bool {
    let (Cause::Method(method) | Cause::Manager { method, .. }) = cause else { return false };
    matches!(method.as_str(), "get" | "get_object_or_404" | "get_or_create" | "update_or_create")
}
