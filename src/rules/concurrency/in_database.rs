//! `filter(pk=…).update(n=F("n") + 1)` in the place of `row.n += 1` and `row.save()`.

use super::rows;
use crate::model::{Safety, Site, Span};
use crate::project::Project;
use crate::rewrite::{self, FileEdit};
use crate::rules::{DraftRewrite, models};
use crate::schema::ModelId;
use crate::trace::{Event, EventKind, RowOp, Trace};

/// The rewrite, where addition and save follow each other as statements of their own and nothing but the sum is stored.
pub fn rewrite(project: &Project, trace: &Trace, added: usize, saved: usize) -> Option<DraftRewrite> {
    let (adds, saves) = (trace.events.get(added)?, trace.events.get(saved)?);
    let (row, written) = rows::write(adds)?;
    let counted = written.counted.as_ref()?;
    let field = written.assigned.field.as_str();
    let model = row.model?;
    let effects = project.save_effects(model);
    // A save() or receivers of the model's own would not run any more.
    if !effects.is_plain() || effects.inherits || !is_alone(trace, added, saved, field) {
        return None;
    }
    let (from, to) = (adds.statement?, saves.statement?);
    let file = from.file;
    let module = project.module(file);
    let own_statement = saves.site == Some(to) && saves.via == adds.via && saves.arms == adds.arms;
    if to.file != file || !own_statement || !rewrite::follow_each_other(&module.ir, from.span, to.span) {
        return None;
    }
    let target = project.text(adds.site?);
    let (holder, _) = target.rsplit_once('.')?;
    let plain =
        |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '.');
    if !plain(holder) {
        return None;
    }
    let by = project.text(counted.by);
    let by = if plain(by) { by.to_owned() } else { format!("({by})") };
    if by.contains('\n') {
        return None;
    }
    let quote = rewrite::Quote::of(module.source.text());
    let f = rewrite::import(file, &module.source, &module.ir, "django.db.models", &["F"])?;
    let sign = if counted.down { "-" } else { "+" };
    let written_f = f.names.first()?;
    let manager = manager(project, file, model, holder)?;
    let quoted = quote.text(field);
    let mut lines = format!("{manager}.filter(pk={holder}.pk).update({field}={written_f}({quoted}) {sign} {by})\n");
    let again = is_read_later(project, trace, saved, &row.identity, holder, to);
    if again {
        lines.push_str(&format!("{holder}.refresh_from_db(fields=[{quoted}])\n"));
    }
    let mut edits = vec![
        FileEdit::replace(rewrite::whole_lines(&module.source, from)?, ""),
        rewrite::replace_line(&module.source, to, &lines)?,
    ];
    edits.extend(f.edit);
    let mut note = "update() calls no save() and sends no signals.".to_owned();
    if !effects.auto_now.is_empty() {
        note.push_str(&format!(" It leaves {} as it was, which save() sets to now.", effects.auto_now.join(", ")));
    }
    if !again {
        note.push_str(&format!(" {holder}.{field} keeps the value that was read."));
    }
    note.push_str(" A row that was deleted meanwhile stays away; save() would have made it again.");
    Some(DraftRewrite { safety: Safety::Review, title: "Add in the database".to_owned(), note, edits })
}

/// How a file names the model's manager.
pub(super) fn manager(project: &Project, file: crate::model::FileId, model: ModelId, holder: &str) -> Option<String> {
    let has_objects = models::has_objects(project, model);
    has_objects.then(|| models::manager_in(project, file, model).unwrap_or_else(|| format!("type({holder}).objects")))
}

/// Nothing else of the row is written before the save, and no other save stores the sum.
pub(super) fn is_alone(trace: &Trace, added: usize, saved: usize, field: &str) -> bool {
    let Some((row, _)) = trace.events.get(added).and_then(rows::write) else { return false };
    let partial = match trace.events.get(saved).map(|event| &event.kind) {
        Some(EventKind::Row(save)) => matches!(&save.op, RowOp::Save { update_fields: Some(names), .. }
            if names.len() == 1 && names[0] == field),
        _ => false,
    };
    let others =
        trace.events.iter().take(saved).enumerate().filter(|(at, event)| {
            *at != added && rows::write(event).is_some_and(|(of, _)| of.identity == row.identity)
        });
    partial || others.count() == 0
}

/// Whether anything asks the instance again after the save: what it has then is old.
fn is_read_later(project: &Project, trace: &Trace, saved: usize, identity: &str, holder: &str, to: Site) -> bool {
    let later = trace.events.get(saved + 1..).unwrap_or_default();
    let seen = later.iter().any(|event: &Event| rows::row_event(event).is_some_and(|r| r.row.identity == identity));
    let module = project.module(to.file);
    let end = module.source.text().len() as u32;
    let name = holder.split('.').next().unwrap_or(holder);
    let rest = rewrite::rest_of_function(&module.ir, to.span).unwrap_or(Span { start: to.span.end, end });
    // Others hold `self`, and what is an attribute of something.
    seen || holder.contains('.') || name == "self" || rewrite::read_in(&module.ir, rest).contains(name)
}
