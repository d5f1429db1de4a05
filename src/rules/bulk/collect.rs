//! One statement behind a loop in the place of one in each turn.

use super::turns::Repeated;
use crate::model::Site;
use crate::project::Project;
use crate::rewrite::{self, FileEdit, ForLoop};

/// `Tag.objects.bulk_create([…], batch_size=1000)`, its first argument open.
pub struct Write {
    /// `Tag.objects.bulk_create`
    pub callee: String,
    /// The arguments behind the rows.
    pub more: Vec<String>,
}

/// Longer calls get a line for each argument.
const WIDTH: usize = 100;

impl Write {
    fn lines(&self, rows: &str, indent: usize) -> String {
        let mut args = vec![rows.to_owned()];
        args.extend(self.more.iter().cloned());
        let line = format!("{}({})", self.callee, args.join(", "));
        if indent + line.chars().count() <= WIDTH {
            return format!("{line}\n");
        }
        let args: String = args.iter().map(|arg| format!("    {arg},\n")).collect();
        format!("{}(\n{args})\n", self.callee)
    }
}

/// The edits that keep `item` in a list instead of writing it, and write the list behind the loop; where the loop does
/// nothing else, a comprehension. `None` where the write is no statement of its own, or the loop's function may end
/// before all of it.
pub fn edits(project: &Project, found: &Repeated<'_>, item: &str, write: &Write) -> Option<Vec<FileEdit>> {
    let (whole, turned) = plain_loop(project, found)?;
    let statement = found.event.statement?;
    let module = project.module(whole.file);
    let text = |span| project.text(Site::new(whole.file, span)).trim();
    if turned.leaves || found.is_streamed() || found.event.site != Some(statement) || item.contains('\n') {
        return None;
    }
    let indent = module.source.indent(whole.span.start).chars().count();
    let (target, iter) = (text(turned.target), text(turned.iter));
    let commented = module.ir.comments.iter().any(|comment| whole.span.contains(comment.span));
    if turned.body == [statement.span] && !commented && !target.contains('\n') && !iter.contains('\n') {
        let rows = format!("[{item} for {target} in {iter}]");
        return Some(vec![rewrite::replace_line(&module.source, whole, &write.lines(&rows, indent))?]);
    }
    let list =
        ["rows", "collected", "to_write"].into_iter().find(|name| !rewrite::is_used(module.source.text(), name))?;
    Some(vec![
        rewrite::insert_before(&module.source, whole, &format!("{list} = []\n"))?,
        rewrite::replace_line(&module.source, statement, &format!("{list}.append({item})\n"))?,
        rewrite::insert_after(&module.source, whole, &write.lines(list, indent))?,
    ])
}

/// The `for` statement whose body holds the write itself.
pub fn plain_loop(project: &Project, found: &Repeated<'_>) -> Option<(Site, ForLoop)> {
    let [whole] = found.info().bodies.as_slice() else { return None };
    let inside = found.step.is_none() && whole.file == found.site.file && whole.span.contains(found.site.span);
    // An excused loop inside of it would stay one statement a turn.
    let innermost = found.event.loops.last() == Some(&found.id);
    let turned = rewrite::for_loop(&project.module(whole.file).ir, whole.span)?;
    let site = Site::new(whole.file, turned.whole);
    (inside && innermost && turned.plain).then_some((site, turned))
}
