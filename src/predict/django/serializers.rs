//! REST framework's serializers: `.data` runs over the rows and reads every field.

use std::rc::Rc;

use smol_str::SmolStr;

use super::super::Interpreter;
use super::super::frames::Frame;
use super::super::sym::Sym;
use super::super::value::{Arg, Args, Const, DictValue, ObjectValue, Value};
use super::serializer_fields::SerializerField;
use crate::model::Site;
use crate::project::ClassRef;
use crate::python::ir::{Call, ExprKind};
use crate::schema::{FieldKind, RelationKind};
use crate::trace::{CallStep, Renderer};

const SERIALIZER: [&str; 1] = ["rest_framework.serializers.BaseSerializer"];

impl<'p> Interpreter<'p, '_> {
    pub(super) fn is_serializer(&self, class: ClassRef<'p>) -> bool {
        self.project.is_subclass(class, &SERIALIZER)
    }

    /// What a serializer is given when it is made.
    pub(in super::super) fn note_serializer(&mut self, class: ClassRef<'p>, args: &Args<'p>, sym: &Sym) {
        if !self.is_serializer(class) {
            return;
        }
        for (name, arg) in [("instance", args.get(0, "instance")), ("many", args.keyword("many"))] {
            if let Some(arg) = arg {
                self.flow.set_attr(sym, &SmolStr::new_static(name), arg.value.clone());
            }
        }
    }

    /// `serializer.data`
    pub(super) fn serializer_data(&mut self, object: &Rc<ObjectValue<'p>>, site: Site) -> Value<'p> {
        let Some(instance) = self.flow.attr(&object.sym, "instance").cloned() else {
            return Value::Unknown(object.sym.attr("data"));
        };
        let many = matches!(self.flow.attr(&object.sym, "many"), Some(Value::Const(Const::Bool(true))));
        let data = match many {
            true => self.represent_all(object, instance, site),
            false => self.represent(object, instance, site),
        };
        self.flow.set_attr(&object.sym, &"data".into(), data.clone());
        data
    }

    fn represent_all(&mut self, object: &Rc<ObjectValue<'p>>, rows: Value<'p>, site: Site) -> Value<'p> {
        let rows = self.rows_of(rows, site);
        if rows.is_plain() {
            return Value::Unknown(object.sym.attr("data"));
        }
        let turning = self.iterate(&rows, site);
        self.each_of(&turning, site, Renderer::Serializer, |this, row| {
            this.represent(object, row, site);
        });
        Value::Unknown(object.sym.attr("data"))
    }

    /// A manager as all of its rows.
    fn rows_of(&mut self, value: Value<'p>, site: Site) -> Value<'p> {
        match value {
            Value::Manager(manager) => Value::QuerySet(self.manager_queryset(&manager, site)),
            Value::MaybeRelation(..) => {
                let method = Value::Method(Rc::new(value), "all".into(), site);
                self.invoke(&method, Args::default(), site, None)
            }
            other => other,
        }
    }

    /// One row by a serializer, whose own `to_representation` comes first.
    fn represent(&mut self, object: &Rc<ObjectValue<'p>>, instance: Value<'p>, site: Site) -> Value<'p> {
        let class = object.class;
        let unknown = Value::Unknown(object.sym.attr("data"));
        let again = self.frames.iter().any(|frame| frame.function.is_none() && frame.class == Some(class));
        if instance.is_plain() || again || self.frames.len() >= 2 * super::super::DEPTH || self.fuel == 0 {
            self.rec.exact &= !again;
            return unknown;
        }
        self.fuel -= 1;
        let callee = class.class.name.name.clone();
        self.rec.enter_call(CallStep { site, callee, defined: Some(class.site()), renders: true });
        let mut frame = Frame::new(class.file);
        frame.class = Some(class);
        frame.receiver = Some(Value::Object(object.clone()));
        let outer = std::mem::take(&mut self.flow.vars);
        self.push_frame(frame);
        let value = match self.project.method(class, "to_representation") {
            Some(function) => {
                let given = Arg { value: instance, site: class.site(), value_site: class.site() };
                let args = Args { positional: vec![given], ..Args::default() };
                self.call_function(function, Some(Value::Object(object.clone())), args, class.site())
            }
            None => self.represent_fields(object, &instance),
        };
        self.pop_frame();
        self.flow.vars = outer;
        self.rec.leave_call();
        value
    }

    /// Methods of serializers that are not the program's; `None` for others.
    pub(super) fn serializer_method(
        &mut self,
        object: &Rc<ObjectValue<'p>>,
        name: &str,
        args: &Args<'p>,
    ) -> Option<Value<'p>> {
        match (name, args.positional.first()) {
            ("to_representation", Some(instance)) => {
                let instance = instance.value.clone();
                // The sites of fields are those of the serializer's file.
                let file = object.class.file;
                let mut value = Value::none();
                self.in_file(file, |this| value = this.represent_fields(object, &instance));
                Some(value)
            }
            _ => None,
        }
    }

    fn represent_fields(&mut self, object: &Rc<ObjectValue<'p>>, instance: &Value<'p>) -> Value<'p> {
        let fields = self.serializer_fields(object.class);
        for field in fields.iter() {
            if self.fuel == 0 {
                self.rec.exact = false;
                break;
            }
            self.fuel -= 1;
            self.rec.enter_statement(field.site);
            match field.declared {
                Some(call) => self.declared_field(object, field, call, instance),
                None => self.model_field(instance.clone(), &field.name, field.depth, field.site),
            }
            self.rec.leave_statement();
        }
        let sym = instance.sym().attr("represented");
        let element = Some(Value::Unknown(sym.clone()));
        Value::Dict(Rc::new(DictValue { items: Vec::new(), element, key: None, driver: None, closed: false, sym }))
    }

    fn declared_field(
        &mut self,
        object: &Rc<ObjectValue<'p>>,
        field: &SerializerField<'p>,
        call: &'p Call,
        instance: &Value<'p>,
    ) {
        let file = field.file;
        let flag = |name: &str| call.keyword(name).is_some_and(|value| matches!(value.kind, ExprKind::True));
        if flag("write_only") {
            return;
        }
        let source = call.keyword("source").and_then(|value| Some((value.as_str()?, Site::new(file, value.span))));
        let (source, site) = source.unwrap_or((&field.name, field.site));
        let class = self.global(file, &call.func);
        match class {
            Value::Class(class) if self.is_serializer(class) => {
                let value = self.source_value(instance, source, site);
                let number = self.number();
                let sym = self.fresh(Sym::new(format!("{}()#{number}", class.qualified)));
                let nested = Rc::new(ObjectValue { class, sym });
                match flag("many") {
                    true => self.represent_all(&nested, value, site),
                    false => self.represent(&nested, value, site),
                };
            }
            Value::Class(class) => {
                let reads = match self.project.method(class, "get_attribute") {
                    Some(_) => instance.clone(),
                    None => self.source_value(instance, source, site),
                };
                if let Some(function) = self.project.method(class, "to_representation") {
                    let number = self.number();
                    let sym = self.fresh(Sym::new(format!("{}()#{number}", class.qualified)));
                    let receiver = Value::Object(Rc::new(ObjectValue { class, sym }));
                    let args =
                        Args { positional: vec![Arg { value: reads, site, value_site: site }], ..Args::default() };
                    self.call_function(function, Some(receiver), args, site);
                }
            }
            Value::External(name) if name.starts_with("rest_framework.") => {
                let kind = name.rsplit('.').next().unwrap_or_default();
                self.builtin_field(object, kind, field, call, (source, site), instance);
            }
            _ => self.rec.exact = false,
        }
    }

    fn builtin_field(
        &mut self,
        object: &Rc<ObjectValue<'p>>,
        kind: &str,
        field: &SerializerField<'p>,
        call: &'p Call,
        (source, site): (&str, Site),
        instance: &Value<'p>,
    ) {
        let many = call.keyword("many").is_some_and(|value| matches!(value.kind, ExprKind::True));
        match kind {
            "HiddenField" | "HyperlinkedIdentityField" => {}
            "SerializerMethodField" => {
                let named = call.keyword("method_name").or_else(|| call.positional().next());
                let named = named.and_then(|name| name.as_str()).map(SmolStr::new);
                let name = named.unwrap_or_else(|| SmolStr::from(format!("get_{}", field.name)));
                let Some(function) = self.project.method(object.class, &name) else { return };
                let args = Args {
                    positional: vec![Arg { value: instance.clone(), site, value_site: site }],
                    ..Args::default()
                };
                self.call_function(function, Some(Value::Object(object.clone())), args, site);
            }
            "PrimaryKeyRelatedField" | "HyperlinkedRelatedField" if !many => {
                let (before, last) = source.rsplit_once('.').unwrap_or(("", source));
                let holder =
                    if before.is_empty() { instance.clone() } else { self.source_value(instance, before, site) };
                self.key_of(holder, last, site);
            }
            "PrimaryKeyRelatedField"
            | "HyperlinkedRelatedField"
            | "StringRelatedField"
            | "SlugRelatedField"
            | "ManyRelatedField" => {
                let slug = call.keyword("slug_field").and_then(|slug| slug.as_str()).unwrap_or_default();
                let value = self.source_value(instance, source, site);
                let show = |this: &mut Self, value: Value<'p>| match kind {
                    "StringRelatedField" => this.text_of(&value, site),
                    "SlugRelatedField" if !slug.is_empty() => {
                        this.source_value(&value, &slug.replace("__", "."), site);
                    }
                    _ => {}
                };
                if !many {
                    return show(self, value);
                }
                let rows = self.rows_of(value, site);
                if rows.is_plain() {
                    return;
                }
                let turning = self.iterate(&rows, site);
                self.each_of(&turning, site, Renderer::Serializer, show);
            }
            _ => {
                let value = self.source_value(instance, source, site);
                match kind {
                    "CharField" => self.text_of(&value, site),
                    "ListField" | "MultipleChoiceField" if matches!(value, Value::QuerySet(_)) => {
                        self.iterate(&value, site);
                    }
                    _ => {}
                }
            }
        }
    }

    /// The key of a relation: a column of the row itself where it holds one.
    fn key_of(&mut self, holder: Value<'p>, name: &str, site: Site) {
        let attname = match &holder {
            Value::Row(row) => row.model.id.and_then(|id| {
                let (_, field) = self.project.schema.field(id, name)?;
                field.relation.is_some().then(|| field.attname())
            }),
            _ => None,
        };
        match (attname, &holder) {
            (Some(attname), _) => drop(self.part(holder, &attname, site)),
            // Without the model it is taken for a foreign key.
            (None, Value::Row(row)) if row.model.id.is_some() => drop(self.part(holder, &SmolStr::new(name), site)),
            _ => {}
        }
    }

    /// `source="forum.owner"`, `source="*"`
    fn source_value(&mut self, instance: &Value<'p>, source: &str, site: Site) -> Value<'p> {
        if source == "*" {
            return instance.clone();
        }
        source.split('.').fold(instance.clone(), |value, name| self.part(value, &SmolStr::new(name), site))
    }

    /// A field that `Meta.fields` names: a column, a relation by its keys, a method or property.
    fn model_field(&mut self, instance: Value<'p>, name: &SmolStr, depth: u32, site: Site) {
        let model = match &instance {
            Value::Row(row) => row.model.id,
            _ => None,
        };
        let found = model.and_then(|id| self.project.schema.field(id, name)).map(|(_, field)| field);
        let relation = found.filter(|field| field.name == *name).and_then(|field| field.relation.as_ref());
        match relation.map(|relation| relation.kind) {
            Some(RelationKind::ForeignKey | RelationKind::OneToOne) if depth == 0 => {
                return self.key_of(instance, name, site);
            }
            _ if found.is_some_and(|field| field.kind == FieldKind::GenericForeignKey) => return,
            _ => {}
        }
        // What may be a relation of a model that is not in the input is more often a column here: nothing is guessed.
        let rows = match self.part(instance, name, site) {
            Value::MaybeRelation(..) => return,
            value => self.rows_of(value, site),
        };
        match rows {
            rows @ Value::QuerySet(_) => {
                let turning = self.iterate(&rows, site);
                self.each_of(&turning, site, Renderer::Serializer, |this, row| this.nested_fields(row, depth, site));
            }
            row @ Value::Row(_) => self.nested_fields(row, depth, site),
            _ => {}
        }
    }

    /// What `Meta.depth` shows of a related row: all of its own fields.
    fn nested_fields(&mut self, row: Value<'p>, depth: u32, site: Site) {
        let (Some(depth), Value::Row(of)) = (depth.checked_sub(1), &row) else { return };
        let Some(id) = of.model.id else { return };
        let project: &'p crate::project::Project = self.project;
        for field in &project.schema.get(id).fields {
            self.model_field(row.clone(), &field.name, depth.min(10), site);
        }
    }
}
