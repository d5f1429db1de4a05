//! Django's template language → a small closed tree with spans: what a template iterates, reads and includes.
//!
//! Text between the tags is dropped. A tag that is not known is kept with its arguments, and with its body where an
//! `{% end… %}` follows. Nothing fails: what cannot be read is an unknown expression.

mod expr;
mod ir;
mod lex;
mod parse;
mod test;

pub use ir::{Arg, Base, Branch, Comment, Expr, Filter, Node, NodeKind, Part, Template, Test};
pub use parse::parse;

/// Whether a path is that of a template, going by its extension.
pub fn is_template(path: &str) -> bool {
    let name = path.rsplit(['/', '\\']).next().unwrap_or(path);
    let extension = name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
    matches!(extension.as_deref(), Some("html" | "htm" | "xhtml" | "djhtml" | "jinja" | "jinja2" | "j2"))
}

#[cfg(test)]
mod tests;
