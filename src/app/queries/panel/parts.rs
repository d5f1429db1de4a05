//! Where a statement comes from, what it was sent with, and how long it took.

use leptos::prelude::*;

use crate::app::queries::Choice;
use crate::app::queries::digest::digest;
use crate::app::queries::histogram::{bucket, heights};
use crate::app::state::{App, Reviewed, View};
use crate::app::widgets::{count, milliseconds};
use crate::model::Evidence;
use crate::protocol::ShapeDetail;

/// Parameter sets and stacks beyond these are told by their number.
const MOST_PARAMS: usize = 20;
const MOST_STACKS: usize = 5;

pub fn parent(review: &Reviewed, shape: &ShapeDetail, choice: Choice) -> Option<AnyView> {
    let parent = shape.parent.clone()?;
    let evidence = review.report.findings.iter().flat_map(|finding| &finding.evidence);
    let mut named = evidence.filter_map(|evidence| match evidence {
        Evidence::Statements { fingerprint, sql, .. } => Some((fingerprint, sql)),
        Evidence::Code { .. } => None,
    });
    let sql = named.find(|(fingerprint, _)| **fingerprint == parent);
    let text = sql.map_or_else(|| parent.clone(), |(_, sql)| digest(sql));
    let view = view! {
        <section>
            <h3>"Its parameters come from"</h3>
            <button class="link" data-testid="parent" on:click=move |_| choice.choose_shape(parent.clone())>
                <code>{text}</code>
            </button>
        </section>
    };
    Some(view.into_any())
}

pub fn stacks(shape: &ShapeDetail) -> Option<AnyView> {
    let all = shape.stacks.len();
    let stacks: Vec<_> = shape.stacks.iter().take(MOST_STACKS).map(|(frames, times)| stack(frames, *times)).collect();
    (all > 0).then(|| {
        view! {
            <section data-testid="stacks">
                <h3>"Sent from"</h3>
                {stacks}
                {more(all, MOST_STACKS)}
            </section>
        }
        .into_any()
    })
}

/// The innermost frame first, for that is where the statement is sent; the callers are folded.
fn stack(frames: &[String], times: u64) -> AnyView {
    let mut inwards = frames.iter().rev();
    let sender = inwards.next().map(|text| frame(text));
    let callers: Vec<_> = inwards.map(|text| view! { <li>{frame(text)}</li> }).collect();
    let callers = (!callers.is_empty()).then(|| {
        let title = format!("called through {} more", callers.len());
        view! { <details><summary>{title}</summary><ol>{callers}</ol></details> }
    });
    view! { <div class="stack"><p>{sender}<span class="number">{format!(" {}×", count(times))}</span></p>{callers}</div> }.into_any()
}

/// `path:line function`; a way to the line where the code is under review too.
fn frame(text: &str) -> AnyView {
    let app = App::get();
    let place = text.split(' ').next().and_then(|place| place.rsplit_once(':'));
    let known = place.and_then(|(path, line)| {
        let line: u32 = line.parse().ok()?;
        let file = app.code_review.with_untracked(|review| {
            let files = review.as_ref().map(|review| review.files.as_slice()).unwrap_or_default();
            files.iter().map(|file| &file.path).find(|file| is_end_of(path, file)).cloned()
        });
        Some((file?, line))
    });
    match known {
        Some((file, line)) => {
            let go = move |_| {
                let file = file.clone();
                app.router.go(|route| {
                    (route.view, route.finding, route.file, route.line) = (View::Review, None, Some(file), Some(line));
                });
            };
            view! { <button class="link" title="Show in Review" on:click=go><code>{text.to_owned()}</code></button> }
                .into_any()
        }
        None => view! { <code>{text.to_owned()}</code> }.into_any(),
    }
}

/// A stack has whole paths of the machine, the review those of the project.
fn is_end_of(path: &str, file: &str) -> bool {
    path.strip_suffix(file).is_some_and(|before| before.is_empty() || before.ends_with(['/', '\\']))
}

pub fn params(shape: &ShapeDetail) -> Option<AnyView> {
    let all = shape.params.len();
    let most = shape.params.iter().map(|(_, times)| *times).max().unwrap_or(1).max(1);
    let rows: Vec<_> = shape
        .params
        .iter()
        .take(MOST_PARAMS)
        .map(|(params, times)| {
            let width = format!("{:.1}%", *times as f64 / most as f64 * 100.0);
            view! {
                <tr>
                    <td><code>{params.clone()}</code></td>
                    <td class="param-times">
                        {format!("{}×", count(*times))}
                        <span class="share" aria-hidden="true"><span style:width=width></span></span>
                    </td>
                </tr>
            }
        })
        .collect();
    (all > 0).then(|| {
        view! {
            <section data-testid="params">
                <h3>"Parameters seen"</h3>
                <table class="params"><tbody>{rows}</tbody></table>
                {more(all, MOST_PARAMS)}
            </section>
        }
        .into_any()
    })
}

fn more(all: usize, shown: usize) -> Option<AnyView> {
    let more = all.checked_sub(shown).filter(|more| *more > 0)?;
    Some(view! { <p class="soft">{format!("and {} more", count(more as u64))}</p> }.into_any())
}

/// One duration is no distribution.
pub fn distribution(shape: &ShapeDetail) -> Option<AnyView> {
    let buckets = &shape.histogram;
    let (first, last) = (buckets.first()?.0, shape.row.max_ms.or_else(|| Some(buckets.last()?.0))?);
    let seen: u64 = buckets.iter().map(|(_, times)| times).sum();
    if seen < 2 {
        return None;
    }
    let width = 300.0 / buckets.len() as f64;
    let mut columns = String::new();
    for (at, height) in heights(buckets).into_iter().enumerate().filter(|(_, height)| *height > 0.0) {
        let (from, to, top) =
            (at as f64 * width, (at + 1) as f64 * width - width.min(2.0) / 2.0, 60.0 * (1.0 - height));
        columns.push_str(&format!("M{from:.1} 60V{top:.1}H{to:.1}V60z"));
    }
    let p95 = shape.row.p95_ms.and_then(|ms| bucket(buckets, ms)).map(|at| (at as f64 + 0.5) * width);
    let p95 = p95.map(|x| view! { <path class="histogram-p95" d=format!("M{x:.1} 0V60") /> });
    let said = format!("{} runs from {} to {}", count(seen), milliseconds(first), milliseconds(last));
    let text = shape.row.p95_ms.map(|ms| format!("p95 {}", milliseconds(ms)));
    let view = view! {
        <section>
            <h3>"Distribution"</h3>
            <figure class="histogram">
                <svg viewBox="0 0 300 60" preserveAspectRatio="none" role="img" aria-label=said>
                    <path class="histogram-columns" d=columns />
                    {p95}
                </svg>
                <figcaption aria-hidden="true">
                    <span>{milliseconds(first)}</span><span>{text}</span><span>{milliseconds(last)}</span>
                </figcaption>
            </figure>
        </section>
    };
    Some(view.into_any())
}
