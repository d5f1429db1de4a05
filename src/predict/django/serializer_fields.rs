//! Which fields a serializer has, and where each is named.

use rustc_hash::FxHashMap;
use std::rc::Rc;

use smol_str::SmolStr;

use super::super::Interpreter;
use super::super::value::{Const, Value};
use crate::model::{FileId, Site};
use crate::project::{Binding, ClassRef};
use crate::python::ir::{Call, Expr, ExprKind, StmtKind};
use crate::schema::{FieldKind, RelationKind};

#[derive(Debug, Clone)]
pub struct SerializerField<'p> {
    pub name: SmolStr,
    pub file: FileId,
    /// Where the class names it.
    pub site: Site,
    /// The expression that declares it; none for one that is made from the model.
    pub declared: Option<&'p Call>,
    /// `Meta.depth`
    pub depth: u32,
}

impl<'p> Interpreter<'p, '_> {
    pub(super) fn serializer_fields(&mut self, class: ClassRef<'p>) -> Rc<Vec<SerializerField<'p>>> {
        if let Some(known) = self.shared.serializers.get(&class) {
            return known.clone();
        }
        let fields = Rc::new(self.read_serializer(class));
        self.shared.serializers.insert(class, fields.clone());
        fields
    }

    fn read_serializer(&mut self, class: ClassRef<'p>) -> Vec<SerializerField<'p>> {
        let project: &'p crate::project::Project = self.project;
        let declared = self.declared_fields(class);
        let meta = match project.class_member(class, "Meta") {
            Some(Binding::Class(meta)) => meta,
            _ => return declared.into_values().collect(),
        };
        let depth = match project.class_attr(meta, "depth") {
            Some((_, Expr { kind: ExprKind::Int(Some(depth)), .. })) => u32::try_from(*depth).unwrap_or(0),
            _ => 0,
        };
        let Some((file, expr)) = project.class_attr(meta, "fields").or_else(|| project.class_attr(meta, "exclude"))
        else {
            return declared.into_values().collect();
        };
        let site = Site::new(file, expr.span);
        let is_exclude = project.class_attr(meta, "fields").is_none();
        let named: Vec<(SmolStr, Site)> = match expr.as_str() {
            Some("__all__") => self.all_fields(meta, site, &[]),
            _ if is_exclude => {
                let left_out: Vec<SmolStr> = self.names_in(file, expr).into_iter().map(|(name, _)| name).collect();
                self.all_fields(meta, site, &left_out)
            }
            _ => self.names_in(file, expr),
        };
        let mut out: Vec<SerializerField<'p>> = Vec::new();
        let all = expr.as_str().is_some() || is_exclude;
        for (name, site) in named {
            match declared.get(&name) {
                Some(field) => out.push(field.clone()),
                None => out.push(SerializerField { name, file: site.file, site, declared: None, depth }),
            }
        }
        if all {
            // Declared ones come beside those of the model.
            let more: Vec<_> = declared.into_values().filter(|d| out.iter().all(|o| o.name != d.name)).collect();
            out.extend(more);
        }
        out.sort_by_key(|field| (field.site.file, field.site.span.start));
        out
    }

    /// Fields that the bodies of the class and its bases declare; the nearest class counts.
    fn declared_fields(&self, class: ClassRef<'p>) -> FxHashMap<SmolStr, SerializerField<'p>> {
        let project: &'p crate::project::Project = self.project;
        let mut out: FxHashMap<SmolStr, SerializerField<'p>> = FxHashMap::default();
        for base in project.lineage(class) {
            for stmt in &base.class.body {
                let (target, value) = match &stmt.kind {
                    StmtKind::Assign { targets, value } => (targets.first(), Some(value)),
                    StmtKind::AnnAssign { target, value, .. } => (Some(target), value.as_ref()),
                    _ => continue,
                };
                let (Some(ExprKind::Name(name)), Some(value)) = (target.map(|target| &target.kind), value) else {
                    continue;
                };
                let Some(call) = value.as_call() else { continue };
                let site = Site::new(base.file, stmt.span);
                out.entry(name.clone()).or_insert_with(|| SerializerField {
                    name: name.clone(),
                    file: base.file,
                    site,
                    declared: Some(call),
                    depth: 0,
                });
            }
        }
        out
    }

    /// The strings of a list with their places; of one that is put together, all at its place.
    fn names_in(&mut self, file: FileId, expr: &'p Expr) -> Vec<(SmolStr, Site)> {
        if let ExprKind::List(items) | ExprKind::Tuple(items) = &expr.kind {
            let strings = items.iter().filter_map(|item| Some((item.as_str()?, item.span)));
            let named: Vec<(SmolStr, Site)> =
                strings.map(|(name, span)| (SmolStr::new(name), Site::new(file, span))).collect();
            if named.len() == items.len() {
                return named;
            }
        }
        let Value::Seq(seq) = self.global(file, expr) else { return Vec::new() };
        let names = seq.items.iter().flatten().filter_map(|item| match item {
            Value::Const(Const::Str(name)) => Some((name.clone(), Site::new(file, expr.span))),
            _ => None,
        });
        names.collect()
    }

    /// `__all__`: the columns and forward relations of the model.
    fn all_fields(&mut self, meta: ClassRef<'p>, site: Site, left_out: &[SmolStr]) -> Vec<(SmolStr, Site)> {
        let project: &'p crate::project::Project = self.project;
        let model = project.class_attr(meta, "model").map(|(file, expr)| self.global(file, expr));
        let Some(Value::Model(model)) = model else { return Vec::new() };
        let Some(id) = model.id else { return Vec::new() };
        let shown = project.schema.get(id).fields.iter().filter(|field| {
            let generic = field.relation.as_ref().is_some_and(|r| r.kind == RelationKind::Generic);
            field.kind != FieldKind::GenericForeignKey && !generic && !left_out.contains(&field.name)
        });
        shown.map(|field| (field.name.clone(), site)).collect()
    }
}
