//! A long list of which only the rows in sight exist.

use std::ops::Range;

use leptos::ev::KeyboardEvent;
use leptos::html::Div;
use leptos::prelude::*;

use super::pages::in_sight;

/// Rows beyond those in sight that exist too, so that scrolling shows no holes.
const AROUND: u32 = 8;

/// What the list is for those who hear it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    List,
    /// With a row of headers, which is given as `header`.
    Grid,
}

/// The keyboard walks with the arrows, `j` and `k`, Home and End; Enter opens. A click chooses and opens.
#[component]
pub fn Rows(
    /// Of the element; its rows' ids begin with it.
    id: &'static str,
    #[prop(into)] label: String,
    kind: Kind,
    /// Of one row, in pixels.
    height: u32,
    #[prop(into)] total: Signal<u32>,
    /// The chosen row, where it is known which one that is.
    #[prop(into)]
    chosen: Signal<Option<u32>>,
    /// `data-testid` of each row.
    testid: &'static str,
    /// The content of a row.
    row: Callback<u32, AnyView>,
    choose: Callback<u32>,
    open: Callback<u32>,
    /// Is told which rows exist, whenever others do.
    #[prop(optional)]
    seen: Option<Callback<Range<u32>>>,
    #[prop(optional)] header: Option<AnyView>,
) -> impl IntoView {
    let element = NodeRef::<Div>::new();
    let top = RwSignal::new(0.0_f64);
    // No list is higher than the window; what exists in vain is a few rows.
    let sight = || window().inner_height().ok().and_then(|height| height.as_f64()).unwrap_or(800.0);
    let shown = Memo::new(move |_| in_sight(top.get(), sight(), f64::from(height), total.get(), AROUND));
    if let Some(seen) = seen {
        Effect::new(move |_| seen.run(shown.get()));
    }
    Effect::new(move |_| {
        if let (Some(row), Some(element)) = (chosen.get(), element.get_untracked()) {
            bring_into_sight(&element, row, height);
        }
    });
    let on_key = move |event: KeyboardEvent| {
        if event.ctrl_key() || event.meta_key() || event.alt_key() {
            return;
        }
        let last = total.get_untracked().saturating_sub(1);
        let now = chosen.get_untracked();
        let next = match event.key().as_str() {
            "ArrowDown" | "j" => now.map_or(0, |row| row.saturating_add(1).min(last)),
            "ArrowUp" | "k" => now.map_or(0, |row| row.saturating_sub(1)),
            "Home" => 0,
            "End" => last,
            "Enter" => {
                if let Some(row) = now.filter(|_| event.target() == event.current_target()) {
                    event.prevent_default();
                    open.run(row);
                }
                return;
            }
            _ => return,
        };
        event.prevent_default();
        if total.get_untracked() > 0 {
            choose.run(next);
        }
    };
    let grid = kind == Kind::Grid;
    let (list_role, row_role) = if grid { ("grid", "row") } else { ("listbox", "option") };
    // In a grid, the row of headers counts.
    let first = if grid { 2 } else { 1 };
    view! {
        <div
            node_ref=element
            id=id
            class="rows"
            role=list_role
            tabindex="0"
            aria-label=label
            aria-rowcount=move || grid.then(|| total.get() + 1)
            aria-activedescendant=move || chosen.get().map(|row| format!("{id}-{row}"))
            on:scroll=move |_| {
                if let Some(element) = element.get_untracked() {
                    top.set(f64::from(element.scroll_top()));
                }
            }
            on:keydown=on_key
        >
            {header}
            <div class="rows-all" role="presentation" style:height=move || format!("{}px", u64::from(total.get()) * u64::from(height))>
                <div
                    role="presentation"
                    style:transform=move || format!("translateY({}px)", u64::from(shown.get().start) * u64::from(height))
                >
                    <For each=move || shown.get() key=|row| *row let:at>
                        <div
                            id=format!("{id}-{at}")
                            class="one-row"
                            role=row_role
                            style:height=format!("{height}px")
                            data-testid=testid
                            aria-rowindex=grid.then_some(at + first)
                            aria-posinset=(!grid).then_some(at + first)
                            aria-setsize=move || (!grid).then(|| total.get())
                            aria-selected=move || if chosen.get() == Some(at) { "true" } else { "false" }
                            on:click=move |_| {
                                choose.run(at);
                                open.run(at);
                            }
                        >
                            {row.run(at)}
                        </div>
                    </For>
                </div>
            </div>
        </div>
    }
}

fn bring_into_sight(list: &web_sys::HtmlElement, row: u32, height: u32) {
    let to_pixels = |value: u64| i32::try_from(value).unwrap_or(i32::MAX);
    let (row, height) = (u64::from(row), u64::from(height));
    // Headers stay on top of the rows and take as much from what is in sight.
    let headers = list.first_element_child().map_or(0, |first| first.client_height());
    let headers = if list.child_element_count() > 1 { headers } else { 0 };
    let (start, end) = (to_pixels(row * height), to_pixels((row + 1) * height));
    let sight = list.client_height() - headers;
    if start < list.scroll_top() {
        list.set_scroll_top(start);
    } else if end > list.scroll_top() + sight {
        list.set_scroll_top(end - sight);
    }
}
