//! RT107

use crate::model::{Confidence, Kind, LoopId, Over, Site, Terms};
use crate::rules::macros::rule;
use crate::rules::{Context, Draft, DraftEvidence, Meta, Rule, loops, weight};
use crate::trace::{CallStep, Cause, Event, EventKind, Origin, Query, Role, Trace};

rule! {
    /// Calls a function, method or property in a loop that sends queries of its own.
    ///
    /// ## Why
    /// The query does not stand in the loop: the line there is `topic.summary()`, or only `topic.heading`, and the
    /// statement is sent in another file. This is the kind of N+1 that reviewers miss most.
    ///
    /// ## Example
    /// ```python flag
    /// # file: shop/models.py
    /// from django.db import models
    ///
    /// class Product(models.Model):
    ///     name = models.CharField(max_length=80)
    ///
    ///     @property
    ///     def best_price(self):
    ///         return Offer.objects.filter(product=self).order_by("price").first()
    ///
    /// class Offer(models.Model):
    ///     product = models.ForeignKey(Product, on_delete=models.CASCADE)
    ///     price = models.IntegerField()
    /// # file: shop/views.py
    /// from shop.models import Product
    ///
    /// def prices(request):
    ///     return [product.best_price for product in Product.objects.all()]  # RT107
    /// ```
    /// One query for all rows, before the loop:
    /// ```python ok
    /// # file: shop/models.py
    /// from django.db import models
    ///
    /// class Product(models.Model):
    ///     name = models.CharField(max_length=80)
    ///
    /// class Offer(models.Model):
    ///     product = models.ForeignKey(Product, on_delete=models.CASCADE)
    ///     price = models.IntegerField()
    /// # file: shop/views.py
    /// from django.db.models import Min
    /// from shop.models import Product
    ///
    /// def prices(request):
    ///     return [product.best_price for product in Product.objects.annotate(best_price=Min("offer__price"))]
    /// ```
    /// A helper that keeps what it has read asks once:
    /// ```python ok
    /// # file: shop/models.py
    /// from django.db import models
    ///
    /// class Rate(models.Model):
    ///     percent = models.IntegerField()
    /// # file: shop/prices.py
    /// from functools import lru_cache
    ///
    /// from shop.models import Rate
    ///
    /// @lru_cache
    /// def rate():
    ///     return Rate.objects.get(pk=1)
    ///
    /// def gross(prices):
    ///     return [price * rate().percent for price in prices]
    /// ```
    ///
    /// ## When not to
    /// Where the helper keeps its answer in a way that the code does not show, or where each item is slow work of its
    /// own beside which one statement does not matter.
    pub struct HelperQueryInLoop: "RT107", "helper-query-in-loop", NPlusOne, Warning, seeds: Blocker;
}

impl Rule for HelperQueryInLoop {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn trace(&self, trace: &Trace, cx: &mut Context<'_>) {
        let Origin::Code { .. } = trace.origin else { return };
        for group in groups(trace, cx) {
            report(trace, &group, cx);
        }
    }
}

/// What one call in a loop sends.
struct Group<'t> {
    step: &'t CallStep,
    id: LoopId,
    turning: Vec<LoopId>,
    sent: Vec<(&'t Event, &'t Query)>,
    /// Other calls in the same loop that send the same.
    further: Vec<Group<'t>>,
}

fn groups<'t>(trace: &'t Trace, cx: &Context<'_>) -> Vec<Group<'t>> {
    let mut out: Vec<Group<'t>> = Vec::new();
    for (_, event, query) in trace.queries() {
        let Some((step, id, turning)) = repeats(trace, event, query, cx) else { continue };
        match out.iter_mut().find(|group| group.step.site == step.site && group.id == id) {
            Some(group) => group.sent.push((event, query)),
            None => out.push(Group { step, id, turning, sent: vec![(event, query)], further: Vec::new() }),
        }
    }
    // The same helper, called by several lines of one loop, is one place to mend.
    let mut told: Vec<Group<'t>> = Vec::new();
    for group in out {
        let sends = |group: &Group<'_>| group.sent.iter().map(|(event, _)| event.site).collect::<Vec<_>>();
        // So is one that two branches call, each in a loop of its own.
        let apart = |known: &Group<'_>| match (known.sent.first(), group.sent.first()) {
            (Some((known, _)), Some((event, _))) => event.excludes(known),
            _ => false,
        };
        let same = |known: &&mut Group<'_>| {
            (known.id == group.id || apart(known))
                && known.step.callee == group.step.callee
                && sends(known) == sends(&group)
        };
        match told.iter_mut().find(same) {
            Some(known) => known.further.push(group),
            None => told.push(group),
        }
    }
    told
}

/// The call and the loop in whose body it stands, for a look-up that it sends. Relations that it reads are told where
/// the rows are fetched (RT101 to RT103).
fn repeats<'t>(
    trace: &Trace,
    event: &'t Event,
    query: &Query,
    cx: &Context<'_>,
) -> Option<(&'t CallStep, LoopId, Vec<LoopId>)> {
    let facts = &query.statement.facts;
    let looked_up = match &query.cause {
        Cause::Method(name) | Cause::Manager { method: name, .. }
            if matches!(name.as_str(), "get_or_create" | "update_or_create") =>
        {
            false
        }
        Cause::Method(_) | Cause::Evaluation => true,
        Cause::Manager { prefetched, .. } => !prefetched && !super::reverse_in_loop::is_plain_read(trace, query),
        _ => false,
    };
    if !looked_up || !facts.kind.reads() || facts.locked {
        return None;
    }
    let turning = loops::repeating(trace, event, cx.config)?;
    let id = *turning.last().filter(|id| event.loops.last() == Some(id))?;
    if is_of_failure(trace, event) {
        return None;
    }
    let info = trace.loop_info(id);
    let step = loops::call_in(trace, event, id).filter(|_| !loops::in_write(event))?;
    let steady = query.varies_with.is_none_or(|varies| !turning.contains(&varies));
    let on_purpose = steady && (loops::writes_within(trace, id, &facts.tables) || loops::waits_within(trace, id));
    let loops_on = info.over == Over::Pages || (steady && info.conditional);
    (!on_purpose && !loops_on).then_some((step, id, turning))
}

/// Whether it is sent where something went wrong, which does not happen in each turn.
fn is_of_failure(trace: &Trace, event: &Event) -> bool {
    let Some(at) = trace.events.iter().position(|other| std::ptr::eq(other, event)) else { return false };
    let mut handlers = trace.scopes.attempts.iter().flat_map(|attempt| &attempt.handlers);
    handlers.any(|handler| handler.events.contains(&at))
}

fn report(trace: &Trace, group: &Group<'_>, cx: &mut Context<'_>) {
    let steady = group.sent.iter().all(|(_, query)| query.varies_with.is_none());
    let opaque = trace.events.iter().any(|e| matches!(e.kind, EventKind::Opaque(_)) && e.loops.contains(&group.id));
    let found = group.sent.iter().map(|(event, _)| event.confidence).max().unwrap_or(Confidence::Possible);
    // What is asked in the same way each time may be kept somewhere.
    let confidence = match (works(trace, group), steady || opaque) {
        (true, _) => found.min(Confidence::Possible),
        (false, true) => found.min(Confidence::Likely),
        (false, false) => found,
    };
    // Of what excludes each other, one is sent.
    let mut sent: Vec<(&Event, &Query)> = Vec::new();
    for &(event, query) in group.sent.iter().chain(group.further.iter().flat_map(|further| &further.sent)) {
        if sent.iter().all(|(other, _)| !other.excludes(event)) {
            sent.push((event, query));
        }
    }
    let mut before = Terms::zero();
    let mut after = Terms::zero();
    let mut evidence = Vec::new();
    let mut places: Vec<Site> = Vec::new();
    for (event, query) in &sent {
        before.add(&Terms::product(1, event.loops.clone()));
        after.add(&Terms::product(1, event.loops.iter().copied().filter(|id| *id != group.id).collect()));
        let Some(site) = event.site.filter(|site| !places.contains(site)) else { continue };
        places.push(site);
        let model = query.queryset.map_or("", |id| trace.queryset(id).model_name.as_str());
        evidence.push(DraftEvidence::Code { site, message: sends(query, model) });
        evidence.extend(
            event
                .via
                .iter()
                .skip_while(|step| step.site != group.step.site)
                .skip(1)
                .map(|step| DraftEvidence::Code { site: step.site, message: format!("by way of {}()", step.callee) }),
        );
    }
    evidence.extend(group.further.iter().map(|further| match further.id == group.id {
        true => loops::in_same_loop(further.step.site),
        false => DraftEvidence::Code { site: further.step.site, message: "and here, on another way".to_owned() },
    }));
    let site = trace.loop_info(group.id).site;
    evidence.push(DraftEvidence::Code { site, message: loops::TURNS.to_owned() });
    let models: Vec<&str> =
        group.sent.iter().filter_map(|(_, q)| Some(trace.queryset(q.queryset?).model_name.as_str())).collect();
    let count = sent.len().max(1);
    let statements = if count == 1 { "a statement".to_owned() } else { format!("{count} statements") };
    // Nobody waits for a command's, and a few are not many.
    let minor = trace.role == Role::Command
        || loops::is_handful(trace, &group.turning)
        || weight::is_part_of_work(trace, &group.turning);
    // The statement for which the most wait.
    let weights = sent.iter().map(|(event, _)| weight::of(cx.project, trace, event, &group.turning).or_minor(minor));
    let weight = weights.max_by_key(|weight| (!weight.hint, weight.severity));
    let same = if steady { ", the same each time" } else { "" };
    cx.report(Draft {
        rule: &META,
        severity: weight.map_or(META.severity, |weight| weight.severity),
        hint: weight.and_then(weight::Weight::hinted),
        confidence,
        site: Some(group.step.site),
        message: format!(
            "`{}` sends {statements} per turn of the loop over {}{same}: see {}.",
            cx.project.text(group.step.site).split_whitespace().collect::<Vec<_>>().join(" "),
            loops::described(cx.project, trace, &[group.id]),
            places.first().map_or_else(String::new, |site| {
                let place = cx.project.place(*site);
                format!("{} line {}", place.path, place.line)
            }),
        ),
        cost: Some(cx.cost(trace, before, after)),
        evidence,
        rewrite: None,
        advice: if steady && takes_nothing(cx.project.text(group.step.site)) {
            "Call it once before the loop and keep the result in a variable.".to_owned()
        } else if steady {
            "What it fetches does not change with the turns: fetch that once before the loop, and hand it in.".to_owned()
        } else {
            format!(
                "Fetch what {} reads for all items before the loop, with one query or an annotation, and give it to the \
                 helper.",
                group.step.callee
            )
        },
        key: format!("{}.{}", group.step.callee, models.first().copied().unwrap_or_default()),
    });
}

/// `self.rates()`, `settings.rate`: a call that is the same in every turn; that of another name may be of its row.
fn takes_nothing(call: &str) -> bool {
    let (target, arguments) = call.split_once('(').map_or((call, ")"), |(target, rest)| (target, rest));
    let of_row = target.split_once('.').is_some_and(|(name, _)| {
        !matches!(name, "self" | "cls" | "settings") && name.starts_with(|first: char| first.is_lowercase())
    });
    !of_row && arguments.replace(char::is_whitespace, "") == ")"
}

/// Whether the helper works on one item, of which the reads may not be had for all at once: it writes as well, or talks
/// to somebody else; the loop tries again until something fits; or a cache keeps what it finds.
fn works(trace: &Trace, group: &Group<'_>) -> bool {
    let info = trace.loop_info(group.id);
    let tries = info.conditional && info.over == Over::Items;
    let busy = trace.events.iter().any(|event| {
        let within = event.loops.contains(&group.id) && event.via.iter().any(|step| step.site == group.step.site);
        within
            && match &event.kind {
                EventKind::Query(query) => {
                    let kind = query.statement.facts.kind;
                    !kind.reads() && kind != Kind::Other
                }
                EventKind::ExternalIo(_) => true,
                _ => false,
            }
    });
    tries || busy || group.sent.iter().all(|(event, _)| loops::is_cached(trace, event, group.step.site))
}

fn sends(query: &Query, model: &str) -> String {
    let what = match query.statement.facts.kind {
        Kind::Count => "counts",
        Kind::Exists => "asks for",
        Kind::Aggregate => "aggregates",
        _ => "fetches",
    };
    format!("{what} {}", if model.is_empty() { "rows" } else { model })
}
