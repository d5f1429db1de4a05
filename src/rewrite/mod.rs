//! Builds the edits of rewrites: calls in a chain, imports, statements; and applies them to a copy.
//!
//! What the rules decide ends here as text, in the file's own quotes, indentation and line breaks. Nothing here judges
//! whether a rewrite is right.

mod calls;
mod chain;
mod concurrent_index;
mod edit;
mod imports;
mod increment;
mod index_migration;
mod lookup;
mod loops;
mod model_index;
mod names;
mod new_index;
mod place;
mod quotes;
mod statement;
mod take_out;
mod tested;

pub use crate::python::walk::{blocks, inside_fstring, unit_around};
pub use calls::{CallAt, assigned_call, call_at, lambda_call};
pub use chain::{Call, append_call, extend_args, prepend_call, receiver};
pub use concurrent_index::build_concurrently;
pub use edit::{FileEdit, Rewritten, apply, to_report};
pub use imports::{Import, import};
pub use increment::{Increment, added_to, assigned_increment, increment};
pub use index_migration::{After, Change, migration};
pub use lookup::{LookedUp, Lookup, looked_up_or_made};
pub use loops::{
    ForLoop, UseOfCall, for_loop, is_awaited, keywords_of_call, loop_over, only_argument, pairs_of_dict, use_of_call,
};
pub use model_index::add_index;
pub use names::{assigned_name, bound_between, has_other_values, is_global, is_made_by, is_used, read_in};
pub use new_index::{Keys, NewIndex};
pub use place::{dominates, follow_each_other, function_at, is_class_at, rest_of_function, runs_once, tests_around};
pub use quotes::Quote;
pub use statement::{
    indent_under, insert_after, insert_before, lines_of, replace_line, statement_at, try_body, whole_lines,
};
pub use take_out::{take_argument, take_item};
pub use tested::{Asked, TestedChange, tested_change};
