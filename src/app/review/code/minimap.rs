//! The whole file in a narrow strip: what changed, what asks the database, what was found, and what is in sight. For the
//! pointer; the list and the gutter say the same to everyone.

use std::fmt::Write;
use std::sync::Arc;

use leptos::ev::PointerEvent;
use leptos::html::Div;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

use super::lines::Lines;
use super::loaded::Shown;
use super::window::Window;
use crate::model::Severity;
use crate::protocol::RowKind;

/// Height of the drawing, whatever it is shown as.
const HEIGHT: f64 = 1000.0;
/// What is there at all is at least this high.
const LEAST: f64 = 4.0;

/// A path of the drawing, by the class that gives it its colour.
type Marks = [(&'static str, String); 6];

pub fn minimap(
    shown: Memo<Shown>,
    lines: Memo<Arc<Lines>>,
    window: Memo<Window>,
    scrolled: RwSignal<f64>,
    code: NodeRef<Div>,
) -> AnyView {
    let marks = Memo::new(move |_| lines.with(|lines| shown.with(|shown| marks(shown, lines))));
    let paths = move || {
        marks.with(|marks| {
            let path = |(class, d): &(&'static str, String)| view! { <path class=*class d=d.clone() /> }.into_any();
            marks.iter().filter(|(_, d)| !d.is_empty()).map(path).collect::<Vec<_>>()
        })
    };
    let share = move |part: f64| format!("{:.2}%", 100.0 * part / window.get().total().max(1.0));
    let is_all_in_sight = move || window.with(|window| window.total() <= window.height);
    // The middle of what is in sight goes where the pointer is.
    let go = move |event: PointerEvent| {
        let strip = event.current_target().and_then(|strip| strip.dyn_into::<HtmlElement>().ok());
        let Some((strip, code)) = strip.zip(code.get_untracked()) else { return };
        if event.buttons() & 1 == 0 {
            return;
        }
        if event.type_() == "pointerdown" {
            let _ = strip.set_pointer_capture(event.pointer_id());
        }
        let at = f64::from(event.offset_y()) / f64::from(strip.client_height().max(1));
        let window = window.get_untracked();
        code.set_scroll_top((at * window.total() - window.height / 2.0) as i32);
    };
    view! {
        <div class="minimap" class:idle=is_all_in_sight data-testid="minimap" aria-hidden="true" on:pointerdown=go on:pointermove=go>
            <svg viewBox="0 0 10 1000" preserveAspectRatio="none">{paths}</svg>
            <div
                class="in-sight"
                style:top=move || share(scrolled.get())
                style:height=move || share(window.get().height.min(window.get().total()))
            ></div>
        </div>
    }
    .into_any()
}

fn marks(shown: &Shown, lines: &Lines) -> Marks {
    let mut marks = ["map-removed", "map-added", "map-query", "map-info", "map-warning", "map-blocker"]
        .map(|class| (class, String::new()));
    let file = shown.as_ref().and_then(|(review, file)| Some((review, review.files.get(*file)?)));
    let Some((review, file)) = file else { return marks };
    let total = f64::from(lines.total().max(1));
    let mut draw = |at: usize, (left, width): (u32, u32), first: u32, count: u32| {
        if let (Some((_, path)), Some(line)) = (marks.get_mut(at), lines.of_row(first)) {
            let (top, height) = (f64::from(line) / total * HEIGHT, (f64::from(count) / total * HEIGHT).max(LEAST));
            let _ = write!(path, "M{left} {top:.1}h{width}v{height:.1}h-{width}z");
        }
    };
    let mut first = 0;
    for (kind, count) in &file.runs {
        match kind {
            RowKind::Removed => draw(0, (0, 3), first, *count),
            RowKind::Added => draw(1, (0, 3), first, *count),
            RowKind::Same | RowKind::Gap => {}
        }
        first += count;
    }
    for row in file.row_of_line.values() {
        draw(2, (4, 2), *row, 1);
    }
    for finding in file.findings.iter().filter_map(|at| review.finding(*at as usize)) {
        let at = match finding.severity {
            Severity::Info => 3,
            Severity::Warning => 4,
            Severity::Blocker => 5,
        };
        if let Some(row) = finding.line.and_then(|line| file.row_of_line.get(&line)) {
            draw(at, (4, 6), *row, 1);
        }
    }
    marks
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::lines::Choices;
    use super::*;
    use crate::app::state::{Reviewed, sample_finding};
    use crate::protocol::{FileView, Review};

    #[test]
    fn findings_and_changes_stand_where_their_lines_are() {
        let mut review = Review::default();
        review.report.findings = vec![crate::model::Finding { line: Some(51), ..sample_finding("a") }];
        review.files = vec![FileView {
            rows: 100,
            runs: vec![(RowKind::Same, 50), (RowKind::Added, 50)],
            row_of_line: [(51, 50)].into(),
            findings: vec![0],
            ..FileView::default()
        }];
        let lines = Lines::new(&review.files[0].runs, &BTreeSet::new(), &Choices::default());
        let marks = marks(&Some((Reviewed::new(review), 0)), &lines);
        let drawn: Vec<_> = marks.iter().filter(|(_, path)| !path.is_empty()).map(|(c, p)| (*c, &**p)).collect();
        let expected = [
            ("map-added", "M0 500.0h3v500.0h-3z"),
            ("map-query", "M4 500.0h2v10.0h-2z"),
            ("map-blocker", "M4 500.0h6v10.0h-6z"),
        ];
        assert_eq!(drawn, expected);
    }
}
