//! Which columns a save is meant to store, as all runs that lead to it tell.

use smol_str::SmolStr;

use super::rows;
use crate::model::Site;
use crate::project::Project;
use crate::rewrite;
use crate::rules::models;
use crate::schema::ModelId;
use crate::trace::{Event, Row, RowEvent, RowOp, Trace};

/// What all runs that lead to a save have written of the row before.
pub struct Saved {
    /// Written in the function that saves, or in what that calls.
    pub here: Vec<(Option<ModelId>, SmolStr)>,
    /// A caller of that function has written more, which it may or may not mean to be stored.
    pub by_callers: bool,
    /// The row may be one that is not in the database yet.
    pub may_be_new: bool,
}

impl Saved {
    /// What the save of `event` stores of a row of this model, whichever run leads there.
    pub fn of(project: &Project, traces: &[Trace], event: &Event, model_name: &str) -> Self {
        let mut out = Self { here: Vec::new(), by_callers: false, may_be_new: false };
        let Some(site) = event.site else { return out };
        for trace in traces.iter().filter(|trace| trace.role.is_judged()) {
            for (at, event) in trace.events.iter().enumerate().filter(|(_, event)| event.site == Some(site)) {
                let Some(RowEvent { row, op: RowOp::Save { update_fields: None, creates } }) = rows::row_event(event)
                else {
                    continue;
                };
                out.may_be_new |= *creates || rows::is_new(trace, event, row);
                out.add(trace, at, event, row);
            }
        }
        // `row = Model()` on another way through the function.
        if let Some(call) = rewrite::call_at(&project.module(site.file).ir, site.span)
            && let Some((name, _)) = project.text(Site::new(site.file, call.callee)).rsplit_once('.')
        {
            let class = model_name.rsplit('.').next().unwrap_or_default();
            out.may_be_new |= rewrite::is_made_by(&project.module(site.file).ir, site.span, name, class);
        }
        out
    }

    fn add(&mut self, trace: &Trace, at: usize, event: &Event, row: &Row) {
        for earlier in trace.events.get(..at).unwrap_or_default() {
            let Some((_, written)) = rows::write(earlier).filter(|(of, _)| of.identity == row.identity) else {
                continue;
            };
            if !earlier.via.starts_with(&event.via) {
                self.by_callers = true;
                continue;
            }
            let column = (row.model, written.assigned.field.clone());
            if !self.here.contains(&column) {
                self.here.push(column);
            }
        }
    }

    /// What to save instead of the whole row; `list` names the columns as the code would, and may be empty.
    pub fn advice(&self, list: &str) -> String {
        let what = match list {
            "" => "Save what was changed here only: save(update_fields=[…]), auto_now columns included".to_owned(),
            _ => format!("Save what was changed here only: save(update_fields=[{list}])"),
        };
        let more = if self.by_callers { ", with what callers set and mean to be stored" } else { "" };
        let new = if self.may_be_new {
            " A row that is not in the database yet takes no update_fields: save that one as it is."
        } else {
            ""
        };
        format!("{what}{more}.{new}")
    }

    /// The columns that are written here, and those that set themselves; none where they are not known.
    pub fn fields(&self, project: &Project, model: Option<ModelId>) -> Vec<String> {
        let Some(model) = model else { return Vec::new() };
        let mut out: Vec<String> = Vec::new();
        for (_, name) in self.here.iter().filter(|(of, _)| *of == Some(model)) {
            let name = name.as_str();
            match models::column_kind(project, Some(model), name) {
                Some(Some(_)) => {
                    let field = project.schema.field(model, name).map_or(name, |(_, field)| field.name.as_str());
                    if !out.iter().any(|known| known == field) {
                        out.push(field.to_owned());
                    }
                }
                // No column: nothing is stored of it.
                Some(None) => {}
                None => return Vec::new(),
            }
        }
        if !out.is_empty() {
            let own = project.save_effects(model).auto_now;
            let more: Vec<String> = own.iter().map(ToString::to_string).filter(|name| !out.contains(name)).collect();
            out.extend(more);
        }
        out
    }
}
