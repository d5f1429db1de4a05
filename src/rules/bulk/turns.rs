//! A write that a loop sends in each of its turns, and what else such a turn does: whether one statement could do for
//! all.

use std::collections::BTreeSet;

use crate::config::Config;
use crate::model::{Confidence, Kind, LoopId, Over, Severity, Site, Span, Terms};
use crate::project::Project;
use crate::rewrite::{self, UseOfCall};
use crate::rules::concurrency::rows;
use crate::rules::{Context, Draft, DraftEvidence, DraftRewrite, Meta, loops};
use crate::trace::{
    CallStep, Cause, Event, EventKind, Handler, LoopInfo, Query, QuerySet, Role, Row, RowEvent, RowOp, Trace,
};

pub struct Repeated<'t> {
    pub trace: &'t Trace,
    pub at: usize,
    pub event: &'t Event,
    pub query: &'t Query,
    /// The loop that could do without: the innermost one that is worth it.
    pub id: LoopId,
    pub turning: Vec<LoopId>,
    /// The call in the loop's body that leads to the write; none where it stands in the body itself.
    pub step: Option<&'t CallStep>,
    /// The write, or that call.
    pub site: Site,
}

/// The write at `at` as one of a loop's turns; `None` where the turns are few, each is on its own for a reason, or it
/// is part of storing another row.
pub fn repeated<'t>(trace: &'t Trace, at: usize, config: &Config) -> Option<Repeated<'t>> {
    let event = trace.events.get(at)?;
    let EventKind::Query(query) = &event.kind else { return None };
    if event.rendered.is_some() || loops::in_write(event) {
        return None;
    }
    let turning = loops::repeating(trace, event, config)?;
    let id = *turning.last()?;
    let info = trace.loop_info(id);
    let few = info.exactly.or(info.at_most).is_some_and(|turns| turns <= config.thresholds.constant_loop);
    if few || info.conditional || loops::waits_within(trace, id) || waits_for_others(trace, id) {
        return None;
    }
    let step = loops::call_in(trace, event, id);
    let site = step.map_or(event.site, |step| Some(step.site))?;
    let found = Repeated { trace, at, event, query, id, turning, step, site };
    (!found.is_handled_alone() && !found.is_part_of_more()).then_some(found)
}

/// Each turn calls another program, or sends a task: slow work of its own, or work that needs what was written.
fn waits_for_others(trace: &Trace, id: LoopId) -> bool {
    in_turn(trace, id)
        .any(|(_, event)| matches!(event.kind, EventKind::ExternalIo(_) | EventKind::Dispatch(_) | EventKind::Later(_)))
}

/// What one turn does.
pub fn in_turn(trace: &Trace, id: LoopId) -> impl Iterator<Item = (usize, &Event)> {
    trace.events.iter().enumerate().filter(move |(_, event)| event.loops.contains(&id))
}

impl<'t> Repeated<'t> {
    pub fn info(&self) -> &'t LoopInfo {
        self.trace.loop_info(self.id)
    }

    /// What the loop turns over, where that is rows of a query.
    pub fn rows(&self) -> Option<&'t QuerySet> {
        self.info().queryset.map(|id| self.trace.queryset(id))
    }

    /// The row that is written, by the event before the statement.
    pub fn row(&self) -> Option<&'t RowEvent> {
        let before = self.trace.events.get(..self.at)?.iter().rev().take(4);
        before
            .filter(|event| event.site == self.event.site)
            .filter_map(rows::row_event)
            .find(|found| matches!(found.op, RowOp::Create | RowOp::Save { .. } | RowOp::Delete))
    }

    /// Its failure is the matter of one item: the others go on.
    fn is_handled_alone(&self) -> bool {
        let bodies = &self.info().bodies;
        let around = self.trace.scopes.attempts.iter().filter(|attempt| attempt.body.contains(&self.at));
        let alone = |attempt: &&crate::trace::Attempt| {
            let outside = bodies.iter().any(|b| b.file == attempt.site.file && attempt.site.span.contains(b.span));
            let events = self.trace.events.get(attempt.body.clone()).unwrap_or_default();
            !outside && events.iter().all(|event| event.loops.contains(&self.id))
        };
        let catches = |handler: &Handler| {
            // What a delete() of all would raise for one of them.
            const ALONE: [&str; 3] = ["ProtectedError", "RestrictedError", "ValidationError"];
            handler.catches_integrity() || handler.catches.iter().any(|name| ALONE.contains(&name.as_str()))
        };
        around.filter(alone).flat_map(|attempt| &attempt.handlers).any(|handler| catches(handler) && !handler.raises)
    }

    /// A helper that does more than this for an item: nobody takes that apart for the sake of one statement.
    fn is_part_of_more(&self) -> bool {
        let Some(step) = self.step else { return false };
        in_turn(self.trace, self.id).any(|(_, event)| {
            let EventKind::Query(query) = &event.kind else { return false };
            event.via.iter().any(|other| other.site == step.site)
                && event.site != self.event.site
                && !query.statement.facts.kind.reads()
        })
    }

    /// Another query of the turn reads the table that is written: what one turn writes may be what the next one reads.
    pub fn reads_on_the_way(&self, but: Option<crate::trace::QuerySetId>) -> bool {
        let Some(table) = self.query.statement.facts.tables.first() else { return false };
        in_turn(self.trace, self.id).any(|(_, event)| {
            let EventKind::Query(query) = &event.kind else { return false };
            query.statement.facts.kind.reads()
                && query.statement.facts.tables.contains(table)
                && event.site != self.event.site
                && (query.queryset.is_none() || query.queryset != but)
        })
    }

    /// Whether a test on the way here, in the loop, asked the database whether something is there.
    pub fn is_asked_for(&self) -> bool {
        self.trace.asked(self.event).any(|asked| {
            let queries = asked.absent.iter().chain(&asked.present);
            queries.filter_map(|at| self.trace.events.get(*at)).any(|event| event.loops.contains(&self.id))
        })
    }

    /// The test of a fork in the loop decides whether it is sent.
    pub fn is_conditional(&self, event: &Event) -> bool {
        let at = event.loops.iter().position(|id| *id == self.id);
        let inner = at.and_then(|at| event.loops.get(at..)).unwrap_or_default();
        event.arms.iter().any(|arm| arm.within.is_some_and(|id| inner.contains(&id)))
    }

    /// What the loop's code does with what the write, or the call that leads to it, gives.
    pub fn use_of(&self, project: &Project) -> UseOfCall {
        rewrite::use_of_call(&project.module(self.site.file).ir, self.site.span)
    }

    /// Whether anything asks for the row when it is written: its key, its relations, itself by its `name`.
    pub fn is_needed(&self, project: &Project, row: &Row, name: Option<&str>) -> bool {
        let identity = row.identity.as_str();
        let later = self.trace.events.get(self.at + 1..).unwrap_or_default();
        let asks = later.iter().filter(|event| event.site != self.event.site).any(|event| match &event.kind {
            EventKind::Row(found) => found.row.identity == identity,
            EventKind::Query(query) => {
                let of = match &query.cause {
                    Cause::Manager { row, .. } | Cause::Relation { row, .. } | Cause::Singular { row, .. } => Some(row),
                    _ => None,
                };
                let filters = query.queryset.map(|id| self.trace.queryset(id).filters.as_slice()).unwrap_or_default();
                of.is_some_and(|row| row.identity == identity)
                    || query.assigned.values.iter().any(|assigned| assigned.value.contains(identity))
                    || filters.iter().any(|filter| filter.value.contains(identity))
            }
            EventKind::Dispatch(sent) => sent.given.iter().any(|given| given.contains(identity)),
            _ => false,
        });
        asks || name.is_some_and(|name| self.is_read_later(project, name))
    }

    /// Whether the loop's body reads a name behind the write.
    pub fn is_read_later(&self, project: &Project, name: &str) -> bool {
        let module = project.module(self.site.file);
        let bodies = self.info().bodies.iter();
        let end = bodies.filter(|body| body.file == self.site.file).map(|body| body.span.end).max();
        let rest = Span { start: self.site.span.end, end: end.unwrap_or(self.site.span.end) };
        rewrite::read_in(&module.ir, rest).contains(name)
    }

    /// Rows come one after the other, so that they are never all in memory.
    pub fn is_streamed(&self) -> bool {
        let streams =
            |rows: &QuerySet| rows.streamed || rows.steps.iter().any(|step| step.method.ends_with("iterator"));
        self.rows().is_some_and(streams)
    }

    /// How sure it is that nothing stands against it: what leaves the input may do anything with the rows, and what a
    /// turn writes beside belongs together.
    pub fn confidence(&self, project: &Project) -> Confidence {
        let found = self.event.confidence;
        // Rows that are too many to be kept.
        match self.is_small(project) || self.is_streamed() || self.is_a_small_part() {
            true => Confidence::Possible,
            false if !self.is_alone() => found.min(Confidence::Likely),
            false => found,
        }
    }

    /// The turns send two statements or more beside, which stay.
    fn is_a_small_part(&self) -> bool {
        let sent = in_turn(self.trace, self.id).filter(|(_, event)| match &event.kind {
            EventKind::Query(query) => query.statement.facts.kind != Kind::Other && event.site != self.event.site,
            _ => false,
        });
        let places: BTreeSet<Site> = sent.filter_map(|(_, event)| event.site).collect();
        places.len() > 1
    }

    /// The loop's own body sends it, and a turn writes nothing beside, as far as is known.
    pub fn is_alone(&self) -> bool {
        let more = in_turn(self.trace, self.id).any(|(_, event)| match &event.kind {
            EventKind::Opaque(_) => true,
            EventKind::Query(query) => {
                let kind = query.statement.facts.kind;
                !kind.reads() && kind != Kind::Other && event.site != self.event.site
            }
            _ => false,
        });
        !more && self.step.is_none() && !self.is_streamed()
    }

    /// Little is saved: nobody waits for a command, and things that come from elsewhere, or that one row has, are a
    /// handful unless something says that they are many.
    fn is_small(&self, project: &Project) -> bool {
        let command = self.trace.role == Role::Command;
        let one_owner = self.rows().is_some_and(|rows| rows.related_to.is_some());
        let handful = match self.info().over {
            Over::Items => self.step.is_some() || !self.is_over_lines(project),
            _ => one_owner && (self.query.cause == Cause::Save || self.is_conditional(self.event)),
        };
        // A helper that decides whether it writes at all.
        let decides = self.step.is_some() && self.is_conditional(self.event);
        command || handful || decides || self.is_over_ticked(project)
    }

    /// The rows that somebody has ticked in the admin's list: those that an action there is given.
    fn is_over_ticked(&self, project: &Project) -> bool {
        let given = |rows: &QuerySet| rows.steps.is_empty() && rows.related_to.is_none();
        project.is_back_office(self.site.file) && self.rows().is_some_and(given)
    }

    /// The items are the lines of a file.
    fn is_over_lines(&self, project: &Project) -> bool {
        let said = project.text(self.info().site).to_lowercase();
        ["csv", "reader", "lines", "rows", "records"].iter().any(|word| said.contains(word))
    }

    /// What the loop is written over, whoever made that.
    fn over(&self, project: &Project) -> Site {
        // Loops over the same things count as one: which of them it is tells the place.
        let around = |body: &&Site| body.file == self.site.file && body.span.contains(self.site.span);
        let Some(body) = self.info().bodies.iter().find(around) else { return self.info().site };
        let turned = rewrite::for_loop(&project.module(body.file).ir, body.span);
        turned.map_or(*body, |turned| Site::new(body.file, turned.iter))
    }

    /// The finding: what is said, and what one statement for all saves.
    pub fn report(&self, told: Told, cx: &mut Context<'_>) {
        let before = Terms::product(1, self.event.loops.clone());
        let after = Terms::product(1, self.event.loops.iter().copied().filter(|id| *id != self.id).collect());
        let code = |site, message: &str| DraftEvidence::Code { site, message: message.to_owned() };
        let mut evidence = vec![code(self.over(cx.project), loops::TURNS)];
        if let (Some(_), Some(site)) = (self.step, self.event.site) {
            evidence.push(code(site, "written here"));
        }
        evidence.extend(loops::calls(self.event));
        let over = loops::described(cx.project, self.trace, &[self.id]);
        let severity = match told.rule.severity {
            Severity::Warning if self.trace.role.is_background() => Severity::Info,
            other => other,
        };
        let cost = cx.cost(self.trace, before, after);
        cx.report(Draft {
            rule: told.rule,
            severity,
            hint: None,
            confidence: told.confidence,
            site: Some(self.site),
            message: format!("{} per turn of the loop over {over}{}.", told.what, told.so),
            cost: Some(cost),
            evidence,
            rewrite: told.rewrite,
            advice: told.advice,
            key: told.key,
        });
    }
}

/// What a rule says of a write.
pub struct Told {
    pub rule: &'static Meta,
    /// `Creates a row of shop.Item`
    pub what: String,
    /// What follows in the sentence: `, each with its own INSERT`; may be empty.
    pub so: &'static str,
    pub confidence: Confidence,
    pub advice: String,
    pub rewrite: Option<DraftRewrite>,
    pub key: String,
}

/// `a row of shop.Item`
pub fn a_row_of(model: &str) -> String {
    if model.is_empty() { "a row".to_owned() } else { format!("a row of {model}") }
}
