//! Calls that are put off until the transaction is over, with the values that they have now.

use crate::model::{Safety, Site};
use crate::project::Project;
use crate::rewrite::{self, FileEdit};
use crate::rules::DraftRewrite;
use crate::trace::Event;

/// `transaction.on_commit(partial(f, a))` in the place of a statement `f(a)`.
pub fn after_commit(project: &Project, event: &Event) -> Option<DraftRewrite> {
    let site = event.site?;
    // Nobody uses the result.
    if event.statement != Some(site) {
        return None;
    }
    let module = project.module(site.file);
    let call = rewrite::call_at(&module.ir, site.span)?;
    let partial = rewrite::import(site.file, &module.source, &module.ir, "functools", &["partial"])?;
    let on_commit = rewrite::import(site.file, &module.source, &module.ir, "django.db", &["transaction"])?;
    let slice = |span| project.text(Site::new(site.file, span));
    let args = slice(call.args).trim();
    if args.contains('\n') {
        return None;
    }
    let (partial_name, transaction) = (partial.names.first()?, on_commit.names.first()?);
    let callee = slice(call.callee);
    let bound = if args.is_empty() { callee.to_owned() } else { format!("{partial_name}({callee}, {args})") };
    let mut edits = vec![FileEdit::replace(site, format!("{transaction}.on_commit({bound})"))];
    edits.extend(on_commit.edit);
    edits.extend(partial.edit.filter(|_| !args.is_empty()));
    Some(DraftRewrite {
        safety: Safety::Review,
        title: "Send it when the transaction is over".to_owned(),
        note: "Nothing is sent if the transaction is rolled back, and an error of the queue no longer rolls it back. \
               TestCase does not run these callbacks by itself."
            .to_owned(),
        edits,
    })
}

/// `partial(f, a)` in the place of `lambda: f(a)`.
pub fn bound_now(project: &Project, callback: Site) -> Option<DraftRewrite> {
    let module = project.module(callback.file);
    let call = rewrite::lambda_call(&module.ir, callback.span)?;
    let slice = |span| project.text(Site::new(callback.file, span)).trim();
    let (callee, args) = (slice(call.callee), slice(call.args));
    if args.is_empty() || args.contains('\n') {
        return None;
    }
    let partial = rewrite::import(callback.file, &module.source, &module.ir, "functools", &["partial"])?;
    let mut edits = vec![FileEdit::replace(callback, format!("{}({callee}, {args})", partial.names.first()?))];
    edits.extend(partial.edit);
    Some(DraftRewrite { safety: Safety::Safe, title: "Bind the value at once".to_owned(), note: String::new(), edits })
}
