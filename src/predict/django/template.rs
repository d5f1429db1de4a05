//! The nodes of a template, in the order in which they are shown.

use std::rc::Rc;

use smol_str::SmolStr;

use super::super::flow::Flow;
use super::super::iterate::Turning;
use super::super::sym::Sym;
use super::super::value::{Const, Driver, Seq, Value};
use super::super::{Interpreter, NESTING};
use super::render::Page;
use crate::model::{Site, Terms};
use crate::template::{Base, Branch, Expr, Node, NodeKind, Test};
use crate::trace::{Renderer, Usage};

impl<'p> Interpreter<'p, '_> {
    pub(super) fn run_nodes(&mut self, nodes: &[Node], page: &Page) {
        if self.nesting >= NESTING {
            self.rec.exact = false;
            return;
        }
        self.nesting += 1;
        for node in nodes {
            if self.fuel == 0 {
                self.rec.exact = false;
                break;
            }
            self.fuel -= 1;
            self.run_node(node, page);
        }
        self.nesting -= 1;
    }

    fn run_node(&mut self, node: &Node, page: &Page) {
        match &node.kind {
            NodeKind::Output(expr) => self.output(expr, page),
            NodeKind::For { targets, over, body, empty, .. } => {
                self.run_for(node, targets, over, body, page);
                self.run_nodes(empty, page);
            }
            NodeKind::If(branches) => self.run_if(branches, page),
            NodeKind::With { names, body } => {
                let outer = self.flow.vars.clone();
                for (name, expr) in names {
                    let value = self.template_value(expr);
                    self.flow.set(name, value);
                }
                self.run_nodes(body, page);
                self.flow.vars = outer;
            }
            NodeKind::Include { template, with, only } => self.include(template, with, *only, node),
            NodeKind::Block { name, body } => match page.blocks.get(name).and_then(|bodies| bodies.first()) {
                Some((file, body)) => self.block(name, 0, *file, body, page),
                None => self.run_nodes(body, page),
            },
            NodeKind::Regroup { over, by, target } => {
                let value = self.template_value(over);
                let site = self.site(over.span);
                let turning = self.iterate(&value, site);
                let sym = Sym::of(format!("regroup({})", value.sym().text), [&value.sym()]);
                self.each(&turning, site, |this, element| {
                    this.walk_path(element, by);
                });
                let groups = self.items_driver(&sym, site);
                let seq = |element, driver, sym| {
                    Value::Seq(Rc::new(Seq { items: None, element: Some(element), driver, sym }))
                };
                let list = seq(turning.element, turning.driver, sym.attr("list"));
                let group = self.named_dict(&[("list", list), ("grouper", Value::Scalar(sym.attr("grouper")))], &sym);
                self.flow.set(target, seq(group, Some(groups), sym));
            }
            NodeKind::Tag { name, args, target, body } => {
                self.run_tag(node, name, args, target.as_ref(), body, page);
            }
        }
    }

    fn output(&mut self, expr: &Expr, page: &Page) {
        let site = self.site(expr.span);
        if let Base::Path(parts) = &expr.base
            && let [first, second] = parts.as_slice()
            && (first.name == "block" && second.name == "super")
        {
            return self.block_super(page);
        }
        self.rec.enter_statement(site);
        let value = self.template_value(expr);
        self.text_of(&value, site);
        self.rec.leave_statement();
    }

    /// One of the bodies of a block: what it overrides is the next one.
    fn block(&mut self, name: &SmolStr, at: usize, file: crate::model::FileId, body: &Rc<Vec<Node>>, page: &Page) {
        let sym = Sym::new(format!("{at} {name}"));
        let outer = self.flow.vars.get(BLOCK).cloned();
        self.flow.set(&BLOCK.into(), Value::Scalar(sym));
        let body = body.clone();
        self.in_file(file, |this| this.run_nodes(&body, page));
        self.flow.set(&BLOCK.into(), outer.unwrap_or_else(Value::none));
    }

    fn block_super(&mut self, page: &Page) {
        let Some(Value::Scalar(current)) = self.flow.vars.get(BLOCK) else { return };
        let Some((at, name)) = current.text.split_once(' ') else { return };
        let (next, name) = (at.parse::<usize>().unwrap_or(0) + 1, SmolStr::new(name));
        if let Some((file, body)) = page.blocks.get(&name).and_then(|bodies| bodies.get(next)) {
            self.block(&name, next, *file, body, page);
        }
    }

    fn include(&mut self, template: &Expr, with: &[(SmolStr, Expr)], only: bool, node: &Node) {
        let name = self.template_value(template);
        let mut vars = if only { self.context_vars(&Value::none()) } else { self.flow.vars.clone() };
        for (name, expr) in with {
            let value = self.template_value(expr);
            Rc::make_mut(&mut vars).insert(name.clone(), value);
        }
        let site = self.site(node.span);
        match self.template_named(&name) {
            Some(file) => self.render(file, vars, site),
            None => self.rec.exact = false,
        }
    }

    fn run_for(&mut self, node: &Node, targets: &[SmolStr], over: &Expr, body: &[Node], page: &Page) {
        let site = self.site(over.span);
        self.rec.enter_statement(site);
        let value = self.template_value(over);
        let turning = self.iterate(&value, site);
        self.rec.leave_statement();
        let whole = self.site(node.span);
        self.each(&turning, whole, |this, element| {
            match targets {
                [only] => this.flow.set(only, element),
                several => this.unpack_into(several, &element, site),
            }
            this.flow.set(&"forloop".into(), Value::Scalar(Sym::new("forloop")));
            this.run_nodes(body, page);
        });
    }

    fn unpack_into(&mut self, targets: &[SmolStr], element: &Value<'p>, site: Site) {
        for (at, target) in targets.iter().enumerate() {
            let item = match element {
                Value::Seq(seq) => match &seq.items {
                    Some(items) if items.len() == targets.len() => items.get(at).cloned(),
                    _ => seq.element.clone(),
                },
                Value::QuerySet(_) => Some(self.iterate(element, site).element),
                _ => None,
            };
            let sym = element.sym();
            let item = item.unwrap_or_else(|| Value::Unknown(Sym::of(format!("{}[{at}]", sym.text), [&sym])));
            self.flow.set(target, item);
        }
    }

    /// Runs something for each item, in a loop of the template; names that it sets do not outlive it.
    pub(super) fn each(&mut self, turning: &Turning<'p>, whole: Site, run: impl FnOnce(&mut Self, Value<'p>)) {
        self.each_of(turning, whole, Renderer::Template, run);
    }

    /// The same, in a loop of any part of a framework.
    pub(super) fn each_of(
        &mut self,
        turning: &Turning<'p>,
        whole: Site,
        by: Renderer,
        run: impl FnOnce(&mut Self, Value<'p>),
    ) {
        let Turning { element, driver: Some(driver) } = turning else { return };
        let driver: Driver<'p> = driver.clone();
        let before = self.flow.clone();
        self.rec.enter_loop_of(&driver, whole, by);
        run(self, element.clone());
        self.rec.leave_loop();
        let after = std::mem::take(&mut self.flow).with(before.vars.clone());
        self.flow = before.join(after);
    }

    fn run_if(&mut self, branches: &[Branch], page: &Page) {
        let fork = self.rec.fork();
        // What the tests so far sent, which every later way has paid.
        let mut spent = Terms::zero();
        let mut ways: Vec<(Terms, Flow<'p>)> = Vec::new();
        let mut open = true;
        for (arm, branch) in branches.iter().enumerate() {
            let tested = branch.test.as_ref().map(|test| {
                self.rec.open_region();
                let value = self.test_value(test, 0);
                let cost = self.rec.close_region();
                spent.add(&cost);
                value
            });
            let known = match &tested {
                Some(Value::Const(constant)) => constant.truth(),
                Some(_) => None,
                None => Some(true),
            };
            if known == Some(false) {
                continue;
            }
            let start = self.flow.clone();
            let sym = tested.map_or_else(|| Sym::new("else"), |value| value.sym());
            self.rec.open_region();
            self.rec.enter_arm(fork, arm as u32, false, sym);
            self.run_nodes(&branch.body, page);
            self.rec.leave_arm();
            let mut cost = self.rec.close_region();
            cost.add(&spent);
            ways.push((cost, std::mem::replace(&mut self.flow, start)));
            if known == Some(true) {
                open = false;
                break;
            }
        }
        if open {
            ways.push((spent, self.flow.clone()));
        }
        let mut dearest = Terms::zero();
        let mut flow: Option<Flow<'p>> = None;
        for (cost, way) in ways {
            dearest = self.rec.dearer(dearest, cost);
            flow = Some(match flow {
                Some(before) => before.join(way),
                None => way,
            });
        }
        self.rec.add(&dearest);
        self.flow = flow.unwrap_or_default();
    }

    /// The value of a test, with what asking for its truth sends.
    fn test_value(&mut self, test: &Test, depth: u32) -> Value<'p> {
        if depth > 40 {
            return Value::Unknown(Sym::new("test"));
        }
        match test {
            Test::Value(expr) => {
                let value = self.template_value(expr);
                let site = self.site(expr.span);
                self.ask_truth(&value, site);
                value
            }
            Test::Not(inner) => match self.test_value(inner, depth + 1) {
                Value::Const(constant) => match constant.truth() {
                    Some(truth) => Value::Const(Const::Bool(!truth)),
                    None => Value::Unknown(Sym::new("not")),
                },
                other => {
                    let sym = other.sym();
                    Value::Scalar(Sym::of(format!("not {}", sym.text), [&sym]))
                }
            },
            Test::And(parts) => self.test_values(parts, false, depth),
            Test::Or(parts) => self.test_values(parts, true, depth),
            Test::Compare { left, contains, right } => {
                let first = self.template_value(left).sym();
                let value = self.template_value(right);
                if let (true, Value::QuerySet(node)) = (*contains, &value) {
                    let site = self.site(right.span);
                    self.evaluate(node, site, Usage::Truth);
                }
                let second = value.sym();
                Value::Scalar(Sym::of(format!("({} ~ {})", first.text, second.text), [&first, &second]))
            }
        }
    }
}

impl<'p> Interpreter<'p, '_> {
    /// `a and b`, or with `deciding` `a or b`: what stands behind the first that decides is not asked, and behind one
    /// that may decide perhaps.
    fn test_values(&mut self, parts: &[Test], deciding: bool, depth: u32) -> Value<'p> {
        let arms = self.rec.arm_depth();
        let mut open: Vec<Sym> = Vec::new();
        let mut decided = None;
        for part in parts {
            let value = self.test_value(part, depth + 1);
            match super::super::truth::known(&value) {
                Some(truth) if truth == deciding => {
                    decided = Some(truth);
                    break;
                }
                Some(_) => {}
                None => {
                    let sym = value.sym();
                    let fork = self.rec.fork_on(&sym);
                    self.rec.enter_arm(fork, u32::from(deciding), false, sym.clone());
                    open.push(sym);
                }
            }
        }
        self.rec.truncate_arms(arms);
        match decided {
            Some(truth) => Value::Const(Const::Bool(truth)),
            None if open.is_empty() => Value::Const(Const::Bool(!deciding)),
            _ => {
                let text = open.iter().map(|sym| &*sym.text).collect::<Vec<_>>().join(" ? ");
                Value::Scalar(Sym::of(format!("({text})"), &open))
            }
        }
    }
}

/// The name under which the block that is shown is known; no template can write it.
const BLOCK: &str = "block super";
