//! `if rows.filter(pk=…, state=old).update(state=new):` in the place of a test, a change and a save.

use super::{in_database, rows};
use crate::model::{Safety, Site};
use crate::project::Project;
use crate::rewrite::{self, Asked, FileEdit};
use crate::rules::{DraftRewrite, models};
use crate::schema::FieldKind;
use crate::trace::Trace;

/// The rewrite, where the test asks for the column alone, and change and save follow it at once.
pub fn rewrite(project: &Project, trace: &Trace, written: usize, saved: usize) -> Option<DraftRewrite> {
    let (change, save) = (trace.events.get(written)?, trace.events.get(saved)?);
    let (row, write) = rows::write(change)?;
    let (field, model) = (write.assigned.field.as_str(), row.model?);
    let effects = project.save_effects(model);
    let alone = in_database::is_alone(trace, written, saved, field);
    if !effects.is_plain() || effects.inherits || !alone || save.via != change.via {
        return None;
    }
    let (from, to) = (change.statement?, save.statement?);
    if save.site != Some(to) || from.file != to.file {
        return None;
    }
    let module = project.module(from.file);
    let form = rewrite::tested_change(&module.ir, from.span, to.span)?;
    let text = |span| project.text(Site::new(from.file, span));
    let kind = models::column_kind(project, Some(model), field)??;
    let condition = match form.asked {
        Asked::Value(value) => format!("{field}={}", text(value)),
        Asked::None => format!("{field}__isnull=True"),
        // Truth of another kind of value is more than one value.
        Asked::True if kind == FieldKind::Boolean => format!("{field}=True"),
        Asked::False if kind == FieldKind::Boolean => format!("{field}=False"),
        Asked::True | Asked::False => return None,
    };
    let manager = in_database::manager(project, from.file, model, &form.row)?;
    let row = &form.row;
    let not = if form.leaves { "not " } else { "" };
    let test = format!("{not}{manager}.filter(pk={row}.pk, {condition}).update({field}={})", text(form.value));
    if test.contains('\n') {
        return None;
    }
    // A comment behind the save stands in its line.
    let gone = rewrite::lines_of(&module.source, to)?;
    let mut note =
        "The database tests and changes the row in one step, and the number of changed rows tells who was first. \
                    update() calls no save() and sends no signals."
            .to_owned();
    if !effects.auto_now.is_empty() {
        note.push_str(&format!(" It leaves {} as it was, which save() sets to now.", effects.auto_now.join(", ")));
    }
    Some(DraftRewrite {
        safety: Safety::Review,
        title: "Let the database test and change the row in one step".to_owned(),
        note,
        edits: vec![FileEdit::replace(Site::new(from.file, form.test), test), FileEdit::replace(gone, "")],
    })
}
