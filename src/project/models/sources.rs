//! The trees and names that reading models needs, together.

use smol_str::SmolStr;

use crate::model::FileId;
use crate::project::names::{Names, Target};
use crate::python::ir::{self, BinaryOp, ExprKind};

pub struct Sources<'a> {
    pub names: &'a Names,
    pub modules: &'a [&'a ir::Module],
    pub paths: &'a [&'a str],
    /// Text of each file.
    pub texts: &'a [&'a str],
}

/// How far names and sums of lists are followed.
const MAX_DEPTH: usize = 16;
const MAX_ITEMS: usize = 4096;

impl<'a> Sources<'a> {
    pub fn module(&self, file: FileId) -> Option<&'a ir::Module> {
        self.modules.get(file.0 as usize).copied()
    }

    pub fn class(&self, (file, number): (FileId, u32)) -> Option<&'a ir::Class> {
        self.names.index(file)?.class(self.module(file)?, number)
    }

    pub fn value(&self, file: FileId, number: u32) -> Option<&'a ir::Expr> {
        self.names.index(file)?.value(self.module(file)?, number)
    }

    /// What an expression of names stands for.
    pub fn resolve(&self, file: FileId, expr: &ir::Expr) -> Option<Target> {
        self.names.expr(file, expr)
    }

    /// A string, also by a constant's name.
    pub fn text(&self, file: FileId, expr: &ir::Expr) -> Option<SmolStr> {
        let (mut file, mut expr) = (file, expr);
        for _ in 0..MAX_DEPTH {
            match &expr.kind {
                ExprKind::Str(text) => return Some(text.clone()),
                _ => match self.resolve(file, expr)? {
                    Target::Value(from, number) => {
                        let next = self.value(from, number)?;
                        if from == file && std::ptr::eq(next, expr) {
                            return None;
                        }
                        (file, expr) = (from, next);
                    }
                    _ => return None,
                },
            }
        }
        None
    }

    /// The items of a list or tuple, sums and names of such followed; each with the file that it stands in.
    pub fn items(&self, file: FileId, expr: &'a ir::Expr) -> Vec<(FileId, &'a ir::Expr)> {
        let mut out = Vec::new();
        let mut pending = vec![(file, expr, 0, false)];
        while let Some((file, expr, depth, is_item)) = pending.pop() {
            if is_item {
                out.push((file, expr));
                continue;
            }
            if depth > MAX_DEPTH || out.len() > MAX_ITEMS {
                continue;
            }
            match &expr.kind {
                ExprKind::List(items) | ExprKind::Tuple(items) | ExprKind::Set(items) => {
                    pending.extend(items.iter().rev().map(|item| match &item.kind {
                        ExprKind::Starred(inner) => (file, inner.as_ref(), depth + 1, false),
                        _ => (file, item, 0, true),
                    }));
                }
                ExprKind::Binary { op: BinaryOp::Add, left, right } => {
                    pending.push((file, right, depth + 1, false));
                    pending.push((file, left, depth + 1, false));
                }
                ExprKind::Call(call) if call.func.dotted().is_some_and(|f| matches!(f.as_str(), "list" | "tuple")) => {
                    pending.extend(call.positional().next().map(|inner| (file, inner, depth + 1, false)));
                }
                _ => {
                    if let Some(Target::Value(from, number)) = self.resolve(file, expr)
                        && let Some(value) = self.value(from, number)
                    {
                        pending.push((from, value, depth + 1, false));
                    }
                }
            }
        }
        out
    }

    /// Strings of a list or tuple.
    pub fn texts_of(&self, file: FileId, expr: &'a ir::Expr) -> Vec<SmolStr> {
        self.items(file, expr).into_iter().filter_map(|(file, item)| self.text(file, item)).collect()
    }

    pub fn slice(&self, file: FileId, expr: &ir::Expr) -> &'a str {
        self.texts.get(file.0 as usize).and_then(|text| text.get(expr.span.range())).unwrap_or("")
    }
}
