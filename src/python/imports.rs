//! Imports and dotted names.

use super::grammar::{Field, Kind};
use super::ir::{Alias, Name, StmtKind};
use super::lower::Lower;
use crate::model::Span;

impl Lower<'_> {
    pub(super) fn import_from(&mut self) -> StmtKind {
        let mut level = 0;
        let mut module = Name::default();
        let mut star = false;
        let mut names = Vec::new();
        self.parts(|lower, here| match (here.kind, lower.field()) {
            (Kind::RelativeImport, _) => lower.parts(|lower, here| match here.kind {
                Kind::ImportPrefix => level = lower.slice(here.span).matches('.').count() as u32,
                Kind::DottedName => module = lower.dotted(here.span),
                _ => {}
            }),
            (Kind::DottedName, Field::ModuleName) => module = lower.dotted(here.span),
            (Kind::WildcardImport, _) => star = true,
            _ => names.extend(lower.alias()),
        });
        StmtKind::ImportFrom { level, module, names, star }
    }

    pub(super) fn aliases(&mut self) -> Vec<Alias> {
        let mut aliases = Vec::new();
        self.parts(|lower, _| aliases.extend(lower.alias()));
        aliases
    }

    fn alias(&mut self) -> Option<Alias> {
        let here = self.here();
        let span = here.span;
        match here.kind {
            Kind::DottedName => Some(Alias { span, name: self.dotted(span), asname: None }),
            Kind::AliasedImport => {
                let mut name = Name::default();
                let mut asname = None;
                self.parts(|lower, here| match here.kind {
                    Kind::DottedName => name = lower.dotted(here.span),
                    Kind::Identifier => asname = Some(lower.ident()),
                    _ => {}
                });
                Some(Alias { span, name, asname })
            }
            _ => None,
        }
    }

    /// A dotted name, which may be spread over white space.
    pub(super) fn dotted(&self, span: Span) -> Name {
        let text = self.slice(span);
        if text.contains(|c: char| c.is_whitespace() || c == '\\') {
            text.chars().filter(|c| !c.is_whitespace() && *c != '\\').collect()
        } else {
            Name::new(text)
        }
    }
}
