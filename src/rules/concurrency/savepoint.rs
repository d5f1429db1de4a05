//! `with transaction.atomic():` around what may fail.

use crate::model::{Safety, Site};
use crate::project::Project;
use crate::rewrite::{self, FileEdit};
use crate::rules::DraftRewrite;

/// Puts the body of the `try` at `site` into a transaction of its own.
pub fn around(project: &Project, site: Site) -> Option<DraftRewrite> {
    let module = project.module(site.file);
    let body = Site::new(site.file, rewrite::try_body(&module.ir, site.span)?);
    let import = rewrite::import(site.file, &module.source, &module.ir, "django.db", &["transaction"])?;
    let head = format!("with {}.atomic():", import.names.first()?);
    let mut edits: Vec<FileEdit> = vec![rewrite::indent_under(&module.source, body, &head)?];
    edits.extend(import.edit);
    Some(DraftRewrite {
        safety: Safety::Review,
        title: "Put it into a transaction of its own".to_owned(),
        note: "All that the block has written is rolled back with it when it fails, and nothing of what was before."
            .to_owned(),
        edits,
    })
}
