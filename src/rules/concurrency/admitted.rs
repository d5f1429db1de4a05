//! Races that the code itself speaks of: whoever wrote it knows, and has left it so.

use crate::model::Site;
use crate::project::Project;

const WORDS: [&str; 3] = ["race condition", "concurren", "simultaneous"];
/// How many lines above a statement its comment may begin.
const ABOVE: u32 = 6;

/// Whether a comment right above the place speaks of what two requests do to each other.
pub fn is_admitted(project: &Project, site: Site) -> bool {
    let module = project.module(site.file);
    let line = module.source.line(site.span.start);
    let near = module.ir.comments.iter().filter(|comment| {
        let at = module.source.line(comment.span.start);
        at <= line && line - at <= ABOVE
    });
    let said = near.map(|comment| comment.text.to_lowercase()).collect::<Vec<_>>().join(" ");
    WORDS.iter().any(|word| said.contains(word))
}
