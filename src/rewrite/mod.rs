//! Builds the edits of rewrites: calls in a chain, imports, statements; and applies them to a copy.
//!
//! What the rules decide ends here as text, in the file's own quotes, indentation and line breaks. Nothing here judges
//! whether a rewrite is right.

mod chain;
mod edit;
mod imports;
mod model_index;
mod names;
mod quotes;
mod statement;
mod walk;

pub use chain::{Call, append_call, extend_args};
pub use edit::{FileEdit, Rewritten, apply, to_report};
pub use imports::{Import, import};
pub use model_index::{After, NewIndex, add_index, migration};
pub use names::{bound_between, is_used, read_in};
pub use quotes::Quote;
pub use statement::{insert_before, replace_line, statement_at};
pub use walk::{expression_at, inside_fstring};
