//! Where statements are sent: each becomes an event with its cause and what it reads.

use std::rc::Rc;
use std::sync::Arc;

use smol_str::SmolStr;

use super::super::Interpreter;
use super::super::flow::Fact;
use super::super::sym::Sym;
use super::super::value::{Arg, Args, ModelRef, Operand, QsNode, RowOrigin, RowValue, Value};
use super::compiler::{self, Action};
use crate::model::{Confidence, Kind, Site, Terms};
use crate::trace::{Assignment, Cause, EventKind, Query, RowEvent, RowOp, Statement, Usage};

impl<'p> Interpreter<'p, '_> {
    pub(in super::super) fn is_evaluated(&self, node: &QsNode<'p>) -> bool {
        !node.desc.streamed && self.flow.knows(&Fact::Evaluated(node.uid))
    }

    /// Fetches the rows of a queryset, unless it has them.
    pub(in super::super) fn evaluate(&mut self, node: &Rc<QsNode<'p>>, site: Site, usage: Usage) {
        let empty = node.desc.slice.is_some_and(|s| s.stop == Some(0));
        if node.prefetched || empty || self.is_evaluated(node) {
            return;
        }
        self.send_select(node, Kind::Select, Cause::Evaluation, usage, site);
        self.tells_of_last(&node.sym);
        self.flow.learn(Fact::Evaluated(node.uid));
        if !node.desc.streamed {
            self.send_prefetches(node, site);
        }
    }

    /// A statement that reads rows of a queryset, or a number from them.
    pub(super) fn send_select(&mut self, node: &Rc<QsNode<'p>>, kind: Kind, cause: Cause, usage: Usage, site: Site) {
        self.send_read(node, kind, cause, usage, site, &[]);
    }

    /// The same, with what `aggregate()` asks for.
    pub(super) fn send_read(
        &mut self,
        node: &Rc<QsNode<'p>>,
        kind: Kind,
        cause: Cause,
        usage: Usage,
        site: Site,
        aggregates: &[(SmolStr, Operand<'p>)],
    ) {
        let sent_by = match &cause {
            Cause::Method(method) => method.clone(),
            _ => node.desc.steps.last().map_or_else(|| "all".into(), |step| step.method.clone()),
        };
        let sent_by = if node.related.is_none() && !matches!(cause, Cause::Method(_)) { "".into() } else { sent_by };
        let build = |node: &QsNode<'p>| {
            compiler::build(self.project, node, Action::Read { kind, method: &sent_by, aggregates })
        };
        let statement = build(node);
        let others = node.plan.others.iter().map(|other| build(other)).collect();
        let aggregation = compiler::aggregation(&self.project.schema, node, kind, aggregates);
        self.send_known(node, (Some(statement), others), kind, cause, usage, site);
        if let (Some(aggregation), Some(query)) = (aggregation, self.rec.last_query()) {
            query.aggregation = Some(Arc::new(aggregation));
        }
    }

    /// The same where the statement is another than the queryset's own; none is the queryset's own. With what it is on
    /// the other ways that lead here.
    pub(super) fn send_known(
        &mut self,
        node: &Rc<QsNode<'p>>,
        (statement, others): (Option<Statement>, Vec<Statement>),
        kind: Kind,
        cause: Cause,
        usage: Usage,
        site: Site,
    ) {
        let method = match &cause {
            Cause::Method(method) => method.clone(),
            _ => node.desc.steps.last().map_or_else(|| "all".into(), |step| step.method.clone()),
        };
        let evaluated = cause == Cause::Evaluation;
        let cause = match &node.related {
            Some(related) => Cause::Manager {
                row: self.rec.row(&related.row),
                accessor: related.accessor.clone(),
                method,
                prefetched: related.prefetched,
            },
            None => cause,
        };
        let statement = match statement {
            Some(statement) => Arc::new(statement),
            None => self.statement(node, Action::Read { kind, method: "", aggregates: &[] }),
        };
        let id = self.rec.queryset(node);
        let certain = node.certain && !node.desc.opaque;
        let perhaps = node.related.as_ref().is_some_and(|related| {
            node.is_served_by_prefetch() && self.is_perhaps_loaded(&related.row, &related.accessor)
        });
        let confidence = if perhaps { Confidence::Possible } else { sure(certain) };
        // What a refinement in the loop evaluates is sent in every turn; any other queryset keeps its rows.
        let born = evaluated.then_some(node.born);
        let query = Query {
            statement,
            queryset: Some(id),
            cause,
            usage,
            tested: None,
            identity: Some(format!("{}:{}", kind.as_str(), node.sym.text)),
            varies_with: self.rec.varies_with(&node.sym),
            assigned: Assignment::default(),
            observed: None,
            others: others.into_iter().map(Arc::new).collect(),
            aggregation: None,
        };
        self.emit_query(query, confidence, site, born);
    }

    fn emit_query(&mut self, query: Query, confidence: Confidence, site: Site, born: Option<usize>) {
        let bound = self.bound.clone();
        self.rec.emit_at(EventKind::Query(Box::new(query)), Some(site), bound, confidence, born);
    }

    /// The statements that a prefetch adds: one for each step of each lookup.
    pub(super) fn send_prefetches(&mut self, node: &Rc<QsNode<'p>>, site: Site) {
        let mut sent: Vec<String> = Vec::new();
        for lookup in node.desc.prefetch_related.clone() {
            let mut model = node.model.clone();
            let mut path = String::new();
            for part in lookup.split("__") {
                if !path.is_empty() {
                    path.push_str("__");
                }
                path.push_str(part);
                let queryset = node.prefetches.iter().find(|p| p.lookup == path).and_then(|p| p.queryset.clone());
                let parent = model.clone();
                model = self.related_model(&model, part);
                if sent.contains(&path) || super::relations::joined_already(node, &path) {
                    continue;
                }
                sent.push(path.clone());
                let own = match queryset {
                    Some(queryset) => queryset,
                    None => Rc::new(self.new_node(
                        model.clone(),
                        Vec::new(),
                        site,
                        Sym::new(format!("{}>{path}", node.sym.text)),
                    )),
                };
                let statement = self.statement(&own, Action::Prefetch { parent: &parent, lookup: part });
                let id = self.rec.queryset(&own);
                let query = Query {
                    statement,
                    queryset: Some(id),
                    cause: Cause::Prefetch(SmolStr::from(path.as_str())),
                    usage: Usage::Rows,
                    tested: None,
                    identity: None,
                    varies_with: self.rec.varies_with(&node.sym),
                    assigned: Assignment::default(),
                    observed: None,
                    others: Vec::new(),
                    aggregation: None,
                };
                let certain = node.certain && model.id.is_some();
                self.emit_query(query, sure(certain), site, Some(node.born));
                self.send_prefetches_of(&own, site, &sent);
            }
        }
    }

    /// Prefetches that the queryset of a `Prefetch` brings along.
    fn send_prefetches_of(&mut self, node: &Rc<QsNode<'p>>, site: Site, sent: &[String]) {
        if !node.desc.prefetch_related.is_empty() && sent.len() < 16 {
            self.send_prefetches(node, site);
        }
    }

    /// The model that a relation's name leads to.
    fn related_model(&self, model: &ModelRef, name: &str) -> ModelRef {
        let unknown = ModelRef { id: None, name: SmolStr::default() };
        let Some(id) = model.id else { return unknown };
        let schema = &self.project.schema;
        if let Some((_, field)) = schema.field(id, name) {
            return match field.relation.as_ref().and_then(|r| r.target) {
                Some(target) => self.model_ref(target),
                None => unknown,
            };
        }
        let reverse = schema.reverse(id, name).or_else(|| schema.reverse_query(id, name));
        reverse.map_or(unknown, |reverse| self.model_ref(reverse.model))
    }

    /// A row by its key: a relation that is not loaded, a column that was left out, a refresh.
    pub(super) fn send_row_lookup(
        &mut self,
        row: &Rc<RowValue<'p>>,
        model: &ModelRef,
        cause: Cause,
        usage: Usage,
        site: Site,
    ) {
        let node = Rc::new(self.new_node(model.clone(), Vec::new(), site, row.sym.clone()));
        let statement = self.statement(&node, Action::ByKey { cause: &cause });
        let name = match &cause {
            Cause::Relation { field, .. } | Cause::Singular { field, .. } => field.clone(),
            Cause::Deferred { column, .. } => column.clone(),
            _ => "pk".into(),
        };
        let repeated = matches!(cause, Cause::Method(_));
        let query = Query {
            statement,
            queryset: None,
            cause,
            usage,
            tested: None,
            identity: Some(format!("row:{}.{name}", row.sym.text)),
            varies_with: self.rec.varies_with(&row.sym),
            assigned: Assignment::default(),
            observed: None,
            others: Vec::new(),
            aggregation: None,
        };
        let certain = row.certain && row.model.id.is_some() && row.queryset.as_ref().is_none_or(|n| !n.desc.opaque);
        let follows = matches!(query.cause, Cause::Relation { .. } | Cause::Singular { .. });
        let perhaps = follows && self.is_perhaps_loaded(row, &name);
        let confidence = match (certain, row.origin == RowOrigin::Given && follows) {
            _ if perhaps => Confidence::Possible,
            // A loop over rows that were given costs as much as this unless who gave them took care.
            (_, true) if self.rec.varies_with(&row.sym).is_some() => Confidence::Likely,
            (_, true) => Confidence::Possible,
            (true, false) => Confidence::Certain,
            (false, false) => Confidence::Likely,
        };
        // It is sent once for each row: a row of an outer loop is asked once there.
        let born = (!repeated).then(|| self.rec.depth_of(&row.sym));
        self.emit_query(query, confidence, site, born);
    }

    /// Statements that write one row.
    pub(super) fn send_writes(
        &mut self,
        statements: Vec<Statement>,
        cause: &Cause,
        of: &Sym,
        confidence: Confidence,
        site: Site,
        assigned: &Assignment,
    ) {
        for statement in statements {
            let query = Query {
                statement: Arc::new(statement),
                queryset: None,
                cause: cause.clone(),
                usage: Usage::Unused,
                tested: None,
                identity: None,
                varies_with: self.rec.varies_with(of),
                assigned: assigned.clone(),
                observed: None,
                others: Vec::new(),
                aggregation: None,
            };
            self.emit_query(query, confidence, site, None);
        }
    }

    /// Statements of which one group is sent: that of a new row, or that of one that is there.
    pub(super) fn send_either(
        &mut self,
        ways: Vec<Vec<Statement>>,
        cause: &Cause,
        of: &Sym,
        (confidence, site): (Confidence, Site),
        assigned: &Assignment,
    ) {
        if ways.len() == 1 {
            return ways.into_iter().for_each(|way| self.send_writes(way, cause, of, confidence, site, assigned));
        }
        let fork = self.rec.fork();
        let mut dearest = Terms::zero();
        for (arm, statements) in ways.into_iter().enumerate() {
            self.rec.open_region();
            self.rec.enter_arm(fork, arm as u32, false, of.clone());
            self.send_writes(statements, cause, of, confidence, site, assigned);
            self.rec.leave_arm();
            let cost = self.rec.close_region();
            dearest = self.rec.dearer(dearest, cost);
        }
        self.rec.add(&dearest);
    }

    /// A statement of `update()`, `delete()`, `bulk_create()` … of a queryset.
    pub(super) fn send_bulk(&mut self, node: &Rc<QsNode<'p>>, statement: Statement, method: &str, site: Site) {
        self.send_assigning(node, statement, method, site, Assignment::default());
    }

    /// The same with the columns that it sets.
    pub(super) fn send_assigning(
        &mut self,
        node: &Rc<QsNode<'p>>,
        statement: Statement,
        method: &str,
        site: Site,
        assigned: Assignment,
    ) {
        let confidence = sure(node.certain && !node.desc.opaque);
        self.send_bulk_as(confidence, node, statement, method, site, assigned);
    }

    pub(super) fn send_bulk_as(
        &mut self,
        confidence: Confidence,
        node: &Rc<QsNode<'p>>,
        statement: Statement,
        method: &str,
        site: Site,
        assigned: Assignment,
    ) {
        let id = self.rec.queryset(node);
        let cause = match &node.related {
            Some(related) => Cause::Manager {
                row: self.rec.row(&related.row),
                accessor: related.accessor.clone(),
                method: method.into(),
                prefetched: related.prefetched,
            },
            None => Cause::Method(method.into()),
        };
        let query = Query {
            statement: Arc::new(statement),
            queryset: Some(id),
            cause,
            usage: Usage::Unused,
            tested: None,
            identity: None,
            varies_with: self.rec.varies_with(&node.sym),
            assigned,
            observed: None,
            others: Vec::new(),
            aggregation: None,
        };
        self.emit_query(query, confidence, site, None);
    }

    pub(super) fn emit_row(&mut self, row: &Value<'p>, op: RowOp, site: Site) {
        if let Value::Row(row) = row {
            let row = self.rec.row(row);
            let bound = self.bound.clone();
            self.rec.emit(EventKind::Row(RowEvent { row, op }), Some(site), bound, Confidence::Certain);
        }
    }

    /// The columns that keyword arguments set.
    pub(super) fn assigned_by(&self, args: &Args<'p>) -> Assignment {
        let given = |(name, arg): &(SmolStr, Arg<'p>)| self.assigned(name, &arg.value, Some(arg.value_site));
        Assignment { values: args.keyword.iter().map(given).collect(), open: args.spread }
    }

    fn statement(&mut self, node: &QsNode<'p>, action: Action<'_, 'p>) -> Arc<Statement> {
        Arc::new(compiler::build(self.project, node, action))
    }
}

/// How sure a statement is whose model and chain are known, or guessed.
pub fn sure(known: bool) -> Confidence {
    if known { Confidence::Certain } else { Confidence::Likely }
}
