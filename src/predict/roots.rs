//! The runs of an input: of each function, of each request that a class answers by what it inherits, and of each
//! module's body.

use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use smol_str::SmolStr;

use super::django::Action;
use super::frames::Frame;
use super::{Interpreter, MODULE, Shared};
use crate::model::{FileId, Site, Span};
use crate::project::{ClassRef, FunctionRef, Project};
use crate::trace::{Origin, Role, Trace};

/// Nothing is found in tests, and one of them may lead through half of a project.
const TEST_FUEL: u32 = 2_000;

/// Natively, that of a main thread; [`super::NESTING`] is made for less.
const STACK: usize = 8 << 20;
/// Fewer are not worth a thread.
const ROOTS_OF_A_THREAD: usize = 16;

/// What is run with arguments of which nothing is known.
#[derive(Clone, Copy)]
enum Root<'p> {
    Function(FunctionRef<'p>),
    Action(ClassRef<'p>, Action),
    Module(FileId),
}

/// One trace for each function and method that `wanted` accepts, and one for each module body that sends queries, in
/// the order of the input. It is asked for a file, `None`, and then by the names of what is in it, as
/// [`Origin::Code`] has them.
pub fn run(project: &Project, wanted: &dyn Fn(FileId, Option<&str>) -> bool) -> Vec<Trace> {
    let roots = roots(project, wanted);
    let next = AtomicUsize::new(0);
    let lookups = Arc::default();
    let some = || {
        let mut shared = Shared { lookups: Arc::clone(&lookups), ..Shared::default() };
        let mut out = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(root) = roots.get(at) else { return out };
            out.extend(trace(project, &mut shared, *root).map(|trace| (at, trace)));
        }
    };
    let mut traces: Vec<(usize, Trace)> = match threads(roots.len()) {
        1 => some(),
        // A root says the same alone and in company, so it is all one who runs it.
        threads => thread::scope(|scope| {
            let spawn = |_| thread::Builder::new().stack_size(STACK).spawn_scoped(scope, some).ok();
            let spawned: Vec<_> = (1..threads).filter_map(spawn).collect();
            let mut all = some();
            for thread in spawned {
                all.extend(thread.join().unwrap_or_else(|panic| resume_unwind(panic)));
            }
            all
        }),
    };
    traces.sort_unstable_by_key(|(at, _)| *at);
    traces.into_iter().map(|(_, trace)| trace).collect()
}

fn threads(roots: usize) -> usize {
    if cfg!(target_family = "wasm") {
        return 1;
    }
    let cores = thread::available_parallelism().map_or(1, usize::from);
    cores.min(roots / ROOTS_OF_A_THREAD).max(1)
}

fn roots<'p>(project: &'p Project, wanted: &dyn Fn(FileId, Option<&str>) -> bool) -> Vec<Root<'p>> {
    let mut out = Vec::new();
    let of =
        |function: &FunctionRef<'_>| wanted(function.file, None) && wanted(function.file, Some(function.qualified));
    out.extend(project.functions().filter(of).map(Root::Function));
    for class in project.classes().filter(|class| wanted(class.file, None)) {
        let actions = Action::inherited(project, class).into_iter();
        let of = |action: &Action| wanted(class.file, Some(&name(class, *action)));
        out.extend(actions.filter(of).map(|action| Root::Action(class, action)));
    }
    let modules = project.modules.iter().map(|module| module.id);
    out.extend(modules.filter(|file| wanted(*file, None) && wanted(*file, Some(MODULE))).map(Root::Module));
    out
}

fn name(class: ClassRef<'_>, action: Action) -> SmolStr {
    SmolStr::from(format!("{}.{}", class.qualified, action.name()))
}

/// The run of a function, whatever it does; of others, one that sends something.
fn trace<'p>(project: &'p Project, shared: &mut Shared<'p>, root: Root<'p>) -> Option<Trace> {
    let mut interpreter = Interpreter::new(project, shared);
    match root {
        Root::Function(function) => {
            let role = project.role(function);
            if role == Role::Test {
                interpreter.fuel = TEST_FUEL;
            }
            interpreter.in_request(role, |this| this.run_with_unknown_arguments(function));
            let site = function.site;
            let origin = Origin::Code { file: function.file, function: function.qualified.clone(), site };
            let own_name = &function.function.name.name;
            let beside = function.class.map(|class| interpreter.beside(class, own_name)).unwrap_or_default();
            Some(Trace { beside, ..interpreter.finish(origin, role) })
        }
        Root::Action(class, action) => {
            let role = project.class_role(class);
            interpreter.in_request(role, |this| this.run_action(class, action));
            let origin = Origin::Code { file: class.file, function: name(class, action), site: class.site() };
            let beside = interpreter.beside(class, action.name());
            let trace = Trace { beside, ..interpreter.finish(origin, role) };
            let sends = trace.queries().next().is_some();
            sends.then_some(trace)
        }
        Root::Module(file) => {
            interpreter.push_frame(Frame::new(file));
            interpreter.exec_block(&project.module(file).ir.body);
            interpreter.pop_frame();
            let site = Site::new(file, Span::at(0));
            let origin = Origin::Code { file, function: SmolStr::new_static(MODULE), site };
            let trace = interpreter.finish(origin, project.file_role(file));
            (!trace.events.is_empty()).then_some(trace)
        }
    }
}
