//! What a line asks the database, laid out below it: opened by the line's badge.

use std::sync::Arc;

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::lines::At;
use super::loaded::Shown;
use crate::app::review::desk::{Desk, Opened};
use crate::app::state::App;
use crate::app::widgets::CopyButton;
use crate::model::{Prediction, QueryRow};

/// Columns that a statement is laid out for.
const WIDTH: u32 = 88;

/// One line of what was opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line {
    /// What a statement is about, and all of it.
    Head {
        about: String,
        sql: String,
    },
    Sql(String),
}

/// The opened statements: the row that they stand below, and their lines.
#[derive(Debug, Clone, PartialEq)]
pub struct Inset {
    pub row: u32,
    pub lines: Arc<Vec<Line>>,
}

/// Follows what is opened. The lines come when all of them are laid out, so that they open once.
pub fn follow(app: App, desk: Desk, shown: Memo<Shown>) -> RwSignal<Option<Inset>> {
    let inset = RwSignal::new(None);
    Effect::new(move |_| {
        let (opened, shown) = (desk.opened.get(), shown.get());
        inset.set(None);
        let Some((Opened { line: Some(line), queries, .. }, (review, file))) = opened.clone().zip(shown) else {
            return;
        };
        let Some(row) = review.files.get(file).and_then(|file| file.row_of_line.get(&line).copied()) else { return };
        let rows = queries.iter().filter_map(|at| review.report.queries.get(*at as usize));
        let predictions: Vec<Prediction> = rows
            .filter_map(|row| match row {
                QueryRow::Predicted(prediction) => Some(prediction.clone()),
                QueryRow::Observed(_) => None,
            })
            .collect();
        spawn_local(async move {
            let mut lines = Vec::new();
            for prediction in predictions {
                // The plain text where the engine is busy or gone.
                let plain = prediction.sql.clone();
                let sql = app.code.layout(plain.clone(), WIDTH).await.unwrap_or(plain);
                let text = sql.split('\n').map(|line| Line::Sql(line.to_owned()));
                lines.push(Line::Head { about: about(&prediction), sql: sql.clone() });
                lines.extend(text);
            }
            if desk.opened.try_get_untracked() == Some(opened) {
                inset.try_set(Some(Inset { row, lines: Arc::new(lines) }));
            }
        });
    });
    inset
}

/// `select on forum.Topic, N times, certain; built in app/views.py:9`
fn about(prediction: &Prediction) -> String {
    let Prediction { kind, model, loops, built, via, confidence, .. } = prediction;
    let often = if loops.is_empty() { "once".to_owned() } else { format!("{} times", loops.join("·")) };
    let model = model.as_ref().map(|model| format!(" on {model}")).unwrap_or_default();
    let built = built.as_ref().map(|built| format!("; built in {}:{}", built.path, built.line)).unwrap_or_default();
    let via = if via.is_empty() { String::new() } else { format!("; by way of {}", via.join(" → ")) };
    format!("{}{model}, {often}, {}{built}{via}", kind.as_str(), confidence.as_str())
}

/// A line of the inset, as a row of the code view.
pub fn row(inset: RwSignal<Option<Inset>>, at: At) -> AnyView {
    let At::Inset(line) = at else { return ().into_any() };
    let line = inset.with_untracked(|inset| inset.as_ref()?.lines.get(line as usize).cloned());
    match line {
        Some(Line::Head { about, sql }) => {
            let title = about.clone();
            view! {
                <div class="row inset head" data-testid="statements">
                    <span class="gutter"></span>
                    <span class="text" title=title>{about}</span>
                    <CopyButton text=move || sql.clone() label="Copy SQL" />
                </div>
            }
            .into_any()
        }
        Some(Line::Sql(text)) => view! {
            <div class="row inset" data-testid="statement-line">
                <span class="gutter"></span>
                <span class="text">{coloured(&text)}</span>
            </div>
        }
        .into_any(),
        None => ().into_any(),
    }
}

/// Keywords are what the layout writes in capitals.
fn coloured(text: &str) -> Vec<AnyView> {
    let mut out = Vec::new();
    for (is_keyword, piece) in keywords(text) {
        out.push(match is_keyword {
            true => view! { <span class="t-keyword">{piece.to_owned()}</span> }.into_any(),
            false => piece.to_owned().into_any(),
        });
    }
    out
}

/// Cut where capitals begin and end; what lies in quotes is no keyword.
fn keywords(text: &str) -> Vec<(bool, &str)> {
    let mut out: Vec<(bool, &str)> = Vec::new();
    let mut plain = 0;
    let mut quote = None;
    let mut word: Option<usize> = None;
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    for (at, c) in text.char_indices().chain([(text.len(), ' ')]) {
        match (quote, c) {
            (Some(open), c) if open == c => quote = None,
            (Some(_), _) => continue,
            (None, '\'' | '"' | '`') => quote = Some(c),
            (None, _) => {}
        }
        match word {
            None if is_word(c) => word = Some(at),
            Some(start) if !is_word(c) => {
                let found = text.get(start..at).unwrap_or_default();
                if found.len() > 1 && found.bytes().all(|byte| byte.is_ascii_uppercase()) {
                    out.extend(text.get(plain..start).filter(|piece| !piece.is_empty()).map(|piece| (false, piece)));
                    out.push((true, found));
                    plain = at;
                }
                word = None;
            }
            _ => {}
        }
    }
    out.extend(text.get(plain..).filter(|piece| !piece.is_empty()).map(|piece| (false, piece)));
    out
}

#[cfg(test)]
mod tests {
    use super::keywords;

    #[test]
    fn capitals_outside_of_quotes_are_keywords() {
        let found = keywords("SELECT a.ID, 'FROM x' AS \"AS\" FROM T1 LIMIT");
        let expected = [
            (true, "SELECT"),
            (false, " a."),
            (true, "ID"),
            (false, ", 'FROM x' "),
            (true, "AS"),
            (false, " \"AS\" "),
            (true, "FROM"),
            (false, " T1 "),
            (true, "LIMIT"),
        ];
        assert_eq!(found, expected);
        assert_eq!(keywords("é 'open IN"), [(false, "é 'open IN")]);
        assert!(keywords("").is_empty());
    }
}
