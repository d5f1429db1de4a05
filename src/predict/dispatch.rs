//! Tasks for a queue, and callbacks for the end of a transaction.

use smol_str::SmolStr;

use super::Interpreter;
use super::assign::assigned_names;
use super::sym::Sym;
use super::value::{Args, ClosureKind, Value};
use crate::model::{Confidence, Site};
use crate::python::ir::{ExprKind, Params};
use crate::python::walk::{expressions, expressions_of, statements};
use crate::trace::{BlockKind, Dispatch, EventKind, Later};

impl<'p> Interpreter<'p, '_> {
    /// `task.delay(…)` and the like; `None` for other calls.
    pub(super) fn dispatch(&mut self, callee: &Sym, args: &Args<'p>, site: Site) -> Option<Value<'p>> {
        let (task, method) = callee.text.rsplit_once('.')?;
        let after_commit = method.ends_with("_on_commit");
        let sends = matches!(
            method.strip_suffix("_on_commit").unwrap_or(method),
            "delay" | "apply_async" | "send_task" | "send_with_options"
        );
        // `multiprocessing.Pool` has an `apply_async` as well.
        if !sends || task.to_lowercase().contains("pool") {
            return None;
        }
        let named = match method {
            "send_task" => args.positional.first().and_then(|arg| arg.value.as_str()),
            _ => None,
        };
        let task = named.map_or(task.trim_start_matches("def "), SmolStr::as_str);
        let given = args.all().map(|arg| arg.value.sym().text.to_string()).collect();
        let sent = Dispatch { task: task.into(), method: method.into(), after_commit, given };
        self.rec.emit(EventKind::Dispatch(sent), Some(site), None, Confidence::Certain);
        let result = self.result_sym(callee, args);
        let number = self.number();
        Some(Value::Unknown(self.fresh(Sym { text: format!("{}#{number}", result.text).into(), ..result })))
    }

    /// `on_commit(callback)`: what the callback does is done when the transaction is over.
    pub(super) fn on_commit(&mut self, args: &Args<'p>, site: Site) -> Value<'p> {
        let Some(callback) = args.get(0, "func").cloned() else { return Value::none() };
        let late = self.read_late(&callback.value);
        let later = Later { callback: callback.value_site, late };
        self.rec.emit(EventKind::Later(later), Some(site), None, Confidence::Certain);
        let block = self.rec.open_block(BlockKind::Deferred, Some(callback.value_site));
        self.invoke(&callback.value, Args::default(), site, None);
        self.rec.close_block(block);
        Value::none()
    }

    /// Names that a callback made in a loop reads when it is called, and that the loop binds anew in every turn.
    fn read_late(&self, callback: &Value<'p>) -> Vec<SmolStr> {
        let Value::Function(closure) = callback else { return Vec::new() };
        let Some(frame) = self.frames.last() else { return Vec::new() };
        let bound = |name: &SmolStr| frame.turns.iter().any(|turn| turn.binds.contains(name));
        let (read, own) = match closure.kind {
            ClosureKind::Lambda(lambda) => {
                let read: Vec<SmolStr> = expressions(&lambda.body).filter_map(|expr| name_of(&expr.kind)).collect();
                (read, params_of(&lambda.params))
            }
            ClosureKind::Function(function) => {
                // One that stands elsewhere has its names from there.
                let here = frame.function.is_some_and(|f| f.function.body_span.contains(function.site.span));
                if !here || function.file != frame.file {
                    return Vec::new();
                }
                let body = &function.function.body;
                let all = statements(body).flat_map(expressions_of).flat_map(expressions);
                let mut own = params_of(&function.function.params);
                own.extend(assigned_names(body));
                (all.filter_map(|expr| name_of(&expr.kind)).collect(), own)
            }
        };
        let mut late: Vec<SmolStr> = Vec::new();
        for name in read {
            if bound(&name) && !own.contains(&name) && !late.contains(&name) {
                late.push(name);
            }
        }
        late
    }
}

fn name_of(kind: &ExprKind) -> Option<SmolStr> {
    match kind {
        ExprKind::Name(name) => Some(name.clone()),
        _ => None,
    }
}

fn params_of(params: &Params) -> Vec<SmolStr> {
    let all = params.positional.iter().chain(&params.keyword_only).chain(&params.varargs).chain(&params.kwargs);
    all.map(|param| param.name.name.clone()).collect()
}
