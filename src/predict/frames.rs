//! Call frames: whose code is running, what it has returned so far, and what its ways out cost.

use std::rc::Rc;

use smol_str::SmolStr;

use super::Interpreter;
use super::flow::{Flow, join_values};
use super::value::{Driver, Value};
use crate::model::{FileId, Terms};
use crate::project::{ClassRef, FunctionRef};

#[derive(Debug)]
pub struct Frame<'p> {
    pub file: FileId,
    pub function: Option<FunctionRef<'p>>,
    /// The class whose method this is, for `super()`.
    pub class: Option<ClassRef<'p>>,
    pub receiver: Option<Value<'p>>,
    pub returned: Option<Value<'p>>,
    pub yielded: Option<Value<'p>>,
    /// The loop around the `yield`: what turns a loop over this generator.
    pub yield_driver: Option<Driver<'p>>,
    /// Region of the recorder where this frame began.
    pub base: usize,
    /// Costs of the ways that left early.
    pub exits: Vec<Terms>,
    /// The loops of this frame that are open: where each begins and how its turns ended early.
    pub turns: Vec<Turn<'p>>,
    /// Flows at the returns: what they fetched stays fetched.
    pub exit_flows: Vec<Flow<'p>>,
    /// `try` blocks that are open: an exception goes on in a handler.
    pub tries: u32,
    /// Names that the function binds for its module: `global n`.
    pub globals: Vec<SmolStr>,
    /// What its tests asked so far, as text.
    pub asked: Vec<Rc<str>>,
    /// Parameters with a default that its caller gives something else, of which nothing is known: what that is called.
    pub given: Vec<(SmolStr, Rc<str>)>,
}

#[derive(Debug)]
pub struct Turn<'p> {
    pub base: usize,
    pub exits: Vec<Terms>,
    pub flows: Vec<Flow<'p>>,
    pub driver: Option<Driver<'p>>,
    /// Names that its head and its body give other values in every turn.
    pub binds: Vec<SmolStr>,
}

impl<'p> Frame<'p> {
    pub fn new(file: FileId) -> Self {
        Self {
            file,
            function: None,
            class: None,
            receiver: None,
            returned: None,
            yielded: None,
            yield_driver: None,
            base: 0,
            exits: Vec::new(),
            turns: Vec::new(),
            exit_flows: Vec::new(),
            tries: 0,
            globals: Vec::new(),
            asked: Vec::new(),
            given: Vec::new(),
        }
    }
}

impl<'p> Interpreter<'p, '_> {
    /// Notes a return: its value, what the way to it costs, what holds there.
    pub(super) fn note_return(&mut self, value: Value<'p>) {
        let flow = self.flow.clone();
        let Some(frame) = self.frames.last_mut() else { return };
        frame.exits.push(self.rec.path_cost(frame.base));
        frame.exit_flows.push(flow);
        frame.returned = Some(match frame.returned.take() {
            Some(before) => join_values(&before, &value),
            None => value,
        });
    }

    pub(super) fn note_raise(&mut self) {
        let Some(frame) = self.frames.last_mut() else { return };
        if frame.tries == 0 {
            frame.exits.push(self.rec.path_cost(frame.base));
        }
    }

    pub(super) fn note_turn_end(&mut self) {
        let flow = self.flow.clone();
        let Some(turn) = self.frames.last_mut().and_then(|frame| frame.turns.last_mut()) else { return };
        turn.exits.push(self.rec.path_cost(turn.base));
        turn.flows.push(flow);
    }

    pub(super) fn push_frame(&mut self, mut frame: Frame<'p>) {
        frame.base = self.rec.depth();
        self.rec.open_region();
        self.frames.push(frame);
    }

    /// Ends the frame: adds the dearest way through it to the caller's cost and gives the frame back.
    pub(super) fn pop_frame(&mut self) -> Option<Frame<'p>> {
        let mut frame = self.frames.pop()?;
        let mut through = Terms::zero();
        while self.rec.depth() > frame.base {
            through.add(&self.rec.close_region());
        }
        for exit in std::mem::take(&mut frame.exits) {
            through = self.rec.dearer(through, exit);
        }
        self.rec.add(&through);
        Some(frame)
    }
}
