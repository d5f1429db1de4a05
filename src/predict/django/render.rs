//! Templates run with the values that a view passes them.

use rustc_hash::FxHashMap;
use std::rc::Rc;

use smol_str::SmolStr;

use super::super::Interpreter;
use super::super::flow::Vars;
use super::super::frames::Frame;
use super::super::sym::Sym;
use super::super::value::{Args, Const, Value};
use crate::model::{FileId, Site, Span};
use crate::template::{Base, Node, NodeKind, Template};
use crate::trace::CallStep;

/// Templates that extend each other in a row.
const MAX_PARENTS: usize = 12;

/// A block's nodes and the template that they stand in.
type Body = (FileId, Rc<Vec<Node>>);

/// What the nodes of one page share.
#[derive(Debug, Default)]
pub(super) struct Page {
    /// The bodies of each block, with their files: that of the outermost child first.
    pub blocks: FxHashMap<SmolStr, Vec<Body>>,
}

impl<'p> Interpreter<'p, '_> {
    /// `render()`, `render_to_string()` and the like: `None` where the function is none of them, or the template is
    /// not in the input.
    pub(super) fn call_render(&mut self, function: &str, args: &Args<'p>, site: Site) -> Option<Value<'p>> {
        let (name, context) = match function {
            "django.shortcuts.render" | "django.template.response.TemplateResponse" => (1, 2),
            "django.template.response.SimpleTemplateResponse"
            | "django.template.loader.render_to_string"
            | "django.shortcuts.render_to_response" => (0, 1),
            _ => return None,
        };
        let name = ["template_name", "template"].iter().find_map(|key| args.get(name, key))?.value.clone();
        let context = args.get(context, "context").or_else(|| args.keyword("dictionary"));
        let context = context.map(|arg| arg.value.clone()).unwrap_or_else(Value::none);
        let file = self.template_named(&name)?;
        self.render(file, self.context_vars(&context), site);
        Some(Value::Scalar(self.result_sym(&Sym::new(function), args)))
    }

    /// The template of a constant name, or of the first of several that is in the input.
    pub(super) fn template_named(&self, name: &Value<'p>) -> Option<FileId> {
        match name {
            Value::Const(Const::Str(name)) => self.project.template(name, self.file()),
            Value::Seq(seq) => seq.items.iter().flatten().find_map(|name| {
                let Value::Const(Const::Str(name)) = name else { return None };
                self.project.template(name, self.file())
            }),
            _ => None,
        }
    }

    /// The names that a context gives a template.
    pub(super) fn context_vars(&self, context: &Value<'p>) -> Vars<'p> {
        let mut vars = FxHashMap::default();
        vars.insert("request".into(), Value::Instance("django.http.HttpRequest".into(), Sym::new("request")));
        if let Value::Dict(dict) = context {
            for (key, value) in &dict.items {
                if let Const::Str(key) = key {
                    vars.insert(key.clone(), value.clone());
                }
            }
        }
        Rc::new(vars)
    }

    /// Runs a template, once, with these names; `site` is where it is called from.
    pub(super) fn render(&mut self, file: FileId, vars: Vars<'p>, site: Site) {
        let again = self.frames.iter().filter(|frame| frame.file == file).count();
        if again > 0 || self.frames.len() >= 2 * super::super::DEPTH || self.fuel == 0 {
            self.rec.exact = false;
            return;
        }
        let callee = self.project.module(file).source.path.rsplit("templates/").next().unwrap_or_default();
        let defined = Some(Site::new(file, Span::at(0)));
        self.rec.enter_call(CallStep { site, callee: callee.into(), defined, renders: true });
        let outer = std::mem::replace(&mut self.flow.vars, vars);
        self.push_frame(Frame::new(file));
        self.run_page(file);
        self.pop_frame();
        self.flow.vars = outer;
        self.rec.leave_call();
    }

    fn run_page(&mut self, file: FileId) {
        let mut chain = vec![(file, self.template_of(file))];
        let mut complete = true;
        while let Some((last, template)) = chain.last()
            && let Some(extends) = &template.extends
        {
            let parent = match &extends.base {
                Base::Str(name) => self.project.template(name, *last),
                _ => None,
            };
            let Some(parent) = parent.filter(|p| chain.iter().all(|(f, _)| f != p) && chain.len() < MAX_PARENTS) else {
                complete = false;
                break;
            };
            chain.push((parent, self.template_of(parent)));
        }
        let mut page = Page::default();
        for (file, template) in &chain {
            collect_blocks(*file, &template.nodes, &mut page);
        }
        let Some((root, template)) = chain.last().cloned() else { return };
        if complete {
            self.in_file(root, |this| this.run_nodes(&template.nodes, &page));
            return;
        }
        // The parent is elsewhere: what it shows beside the blocks is not known.
        self.rec.exact = false;
        let blocks = template.nodes.iter().filter(|node| matches!(node.kind, NodeKind::Block { .. }));
        for node in blocks {
            self.in_file(root, |this| this.run_nodes(std::slice::from_ref(node), &page));
        }
    }

    /// Runs something whose sites are those of another file.
    pub(super) fn in_file(&mut self, file: FileId, run: impl FnOnce(&mut Self)) {
        let Some(outer) = self.frames.last_mut().map(|frame| std::mem::replace(&mut frame.file, file)) else { return };
        run(self);
        if let Some(frame) = self.frames.last_mut() {
            frame.file = outer;
        }
    }

    fn template_of(&mut self, file: FileId) -> Rc<Template> {
        if let Some(template) = self.shared.templates.get(&file) {
            return template.clone();
        }
        let template = Rc::new(crate::template::parse(self.project.module(file).source.text()));
        self.shared.templates.insert(file, template.clone());
        template
    }
}

/// Blocks of a template, those inside of others too. The tree is no deeper than the parser lets it be.
fn collect_blocks(file: FileId, nodes: &[Node], page: &mut Page) {
    for node in nodes {
        match &node.kind {
            NodeKind::Block { name, body } => {
                page.blocks.entry(name.clone()).or_default().push((file, body.clone()));
                collect_blocks(file, body, page);
            }
            NodeKind::For { body, empty, .. } => {
                collect_blocks(file, body, page);
                collect_blocks(file, empty, page);
            }
            NodeKind::If(branches) => branches.iter().for_each(|b| collect_blocks(file, &b.body, page)),
            NodeKind::With { body, .. } | NodeKind::Tag { body, .. } => collect_blocks(file, body, page),
            NodeKind::Output(_) | NodeKind::Include { .. } | NodeKind::Regroup { .. } => {}
        }
    }
}
