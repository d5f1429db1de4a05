//! What scrolls: the lines in sight, the map of all of them, and the way to the line that is looked for.

use std::collections::BTreeSet;
use std::sync::Arc;

use leptos::ev::{self, KeyboardEvent, WheelEvent};
use leptos::html::Div;
use leptos::prelude::*;

use super::lines::{At, Choices, Lines};
use super::loaded::{Loaded, Shown};
use super::minimap::minimap;
use super::row::code_row;
use super::statements;
use super::trail::Trail;
use super::window::Window;
use crate::app::review::desk::Desk;
use crate::app::state::App;
use crate::model::QueryRow;

/// Narrower, two texts side by side cannot be read.
const SIDES_FROM: f64 = 700.0;

#[component]
pub fn Scroller(shown: Memo<Shown>, on_key: impl Fn(KeyboardEvent) + 'static) -> impl IntoView {
    let app = App::get();
    let desk = Desk::get();
    let node = NodeRef::<Div>::new();
    let scrolled = RwSignal::new(0.0);
    let size = RwSignal::new((0.0, 800.0));
    let opened_folds = RwSignal::new(BTreeSet::<u32>::new());
    let inset = statements::follow(app, desk, shown);

    let sides = Memo::new(move |_| desk.sides.get() && size.get().0 >= SIDES_FROM);
    let lines = Memo::new(move |_| {
        let choices = Choices {
            side_by_side: sides.get(),
            folded: !desk.unfolded.get(),
            opened: opened_folds.get(),
            inset: inset.with(|inset| inset.as_ref().map(|inset| (inset.row, inset.lines.len() as u32))),
        };
        shown.with(|shown| {
            let file = shown.as_ref().and_then(|(review, file)| review.files.get(*file));
            Arc::new(file.map_or_else(Lines::default, |file| {
                let kept = file.row_of_line.values().copied().collect();
                Lines::new(&file.runs, &kept, &choices)
            }))
        })
    });
    let trail = Memo::new(move |_| {
        let chosen = desk.chosen.get();
        shown
            .with(|shown| {
                let (review, file) = shown.as_ref()?;
                let sent = review.report.queries.iter().filter_map(|row| match row {
                    QueryRow::Predicted(prediction) => Some(prediction),
                    QueryRow::Observed(_) => None,
                });
                Some(Trail::new(review.finding(chosen?)?, review.files.get(*file)?, sent))
            })
            .unwrap_or_default()
    });
    let window = Memo::new(move |_| Window { rows: lines.with(|lines| lines.total()), height: size.get().1 });
    let range = Memo::new(move |_| window.get().range(scrolled.get()));
    let loaded = Loaded::follow(app, shown, lines, range);

    let measure = move || {
        if let Some(node) = node.try_get_untracked().flatten() {
            size.set((f64::from(node.client_width()), f64::from(node.client_height())));
            scrolled.set(f64::from(node.scroll_top()));
        }
    };
    // Scrolls only where a line is not seen whole.
    let bring = move |line| {
        let (Some(node), Some(window)) = (node.try_get_untracked().flatten(), window.try_get_untracked()) else {
            return;
        };
        if !window.shows(line, f64::from(node.scroll_top())) {
            node.set_scroll_top(window.scroll_to(line) as i32);
        }
    };
    let resized = window_event_listener(ev::resize, move |_| measure());
    on_cleanup(move || resized.remove());
    Effect::new(move |_| {
        shown.track();
        opened_folds.set(BTreeSet::new());
    });
    Effect::new(move |_| {
        // A step of a narrow screen changes how much of it is seen; arranged otherwise, the line stands elsewhere.
        desk.step.track();
        app.side_by_side.track();
        desk.unfolded.track();
        node.track();
        let line = desk.opened.with(|opened| opened.as_ref().and_then(|opened| opened.line));
        let line = line.or_else(|| desk.line.get_untracked());
        let row = line.and_then(|line| row_of(&shown.get_untracked(), line));
        request_animation_frame(move || {
            measure();
            if let Some(line) = row.and_then(|row| lines.try_get_untracked()?.of_row(row)) {
                bring(line);
            }
        });
    });
    Effect::new(move |_| {
        let (line, shown) = (desk.line.get(), shown.get());
        let row = line.and_then(|line| row_of(&shown, line));
        // After the height of this file is in the page.
        request_animation_frame(move || {
            measure();
            let line = row.and_then(|row| lines.try_get_untracked()?.of_row(row));
            match (line, node.try_get_untracked().flatten()) {
                (Some(line), _) => bring(line),
                (None, Some(node)) => node.set_scroll_top(0),
                (None, None) => {}
            }
        });
    });

    // Side by side, both texts are moved to the side at once.
    let shift = RwSignal::new(0);
    let aside = NodeRef::<Div>::new();
    let wheel = move |event: WheelEvent| {
        let sideways = if event.shift_key() { event.delta_y() } else { event.delta_x() };
        if let Some(aside) = aside.get_untracked().filter(|_| sideways != 0.0) {
            aside.set_scroll_left(aside.scroll_left() + sideways as i32);
        }
    };
    let sideways = move || {
        sides.get().then(|| {
            view! {
                <div
                    class="sideways"
                    node_ref=aside
                    aria-hidden="true"
                    on:scroll=move |_| shift.set(aside.get_untracked().map_or(0, |aside| aside.scroll_left()))
                >
                    <div style:width=move || format!("calc(100% + {}ch)", loaded.widest.get().saturating_sub(40))></div>
                </div>
            }
        })
    };

    let top = move || format!("{}px", window.get().top(range.get().start, scrolled.get()));
    let unfold = move |first: u32| {
        opened_folds.update(|opened| {
            opened.insert(first);
        });
        // The line that was pressed is gone.
        crate::app::widgets::focus("code");
    };
    view! {
        <div class="code-and-map">
            <div
                class="code"
                class:sides=move || sides.get()
                class:plain=move || !desk.is_changed.get()
                id="code"
                data-testid="code"
                node_ref=node
                tabindex="0"
                role="region"
                aria-label="Lines of the file"
                style=("--shift", move || format!("-{}px", shift.get()))
                on:scroll=move |_| measure()
                on:wheel=wheel
                on:keydown=on_key
            >
                <div class="all-rows" style:height=move || format!("{}px", window.get().total())>
                    <div class="some-rows" style:transform=move || format!("translateY({})", top())>
                        <For each=move || lines.with(|lines| loaded.slots(lines, range.get())) key=|slot| slot.key() let:slot>
                            {match slot.at {
                                At::Inset(_) => statements::row(inset, slot.at),
                                At::Fold { first, count } => fold(first, count, unfold),
                                _ => code_row(&slot, trail),
                            }}
                        </For>
                    </div>
                </div>
            </div>
            {minimap(shown, lines, window, scrolled, node)}
        </div>
        {sideways}
    }
}

/// Unchanged lines that are not in sight.
fn fold(first: u32, count: u32, unfold: impl Fn(u32) + 'static) -> AnyView {
    let text = format!("⋯ {} unchanged lines", crate::app::widgets::count(count.into()));
    view! {
        <div class="row gap">
            <button class="fold" data-testid="fold" title="Show them" on:click=move |_| unfold(first)>{text}</button>
        </div>
    }
    .into_any()
}

/// The row that a line of the shown file stands in.
fn row_of(shown: &Shown, line: u32) -> Option<u32> {
    let (review, file) = shown.as_ref()?;
    review.files.get(*file)?.row_of_line.get(&line).copied()
}
