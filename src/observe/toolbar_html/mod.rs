//! The SQL panel of django-debug-toolbar as HTML: the panel itself, the answer of `render_panel`, or a saved page.
//!
//! Carriers: the panel's element (devtools: copy outerHTML of `#SQLPanel`); `/__debug__/render_panel/…` and
//! `history_sidebar` as JSON with the HTML inside; a page saved by Chromium, "complete" (shadow DOM in
//! `<template shadowrootmode="open">`) or as MHTML; before 6 any saved page, once the panel was open. Seen: 3.8, 4.4,
//! 5.2, 8.0. <https://django-debug-toolbar.readthedocs.io/en/latest/panels.html#sql>
//!
//! And the page of a Flask application, as it was served or saved: Flask-DebugToolbar writes its SQLAlchemy panel into it.
//! Seen: 0.16, with and without sqlparse and Pygments. <https://flask-debugtoolbar.readthedocs.io/>
//!
//! Gaps of Flask-DebugToolbar: values of SELECTs only, one line of the stack, a call with several sets of values as one.
//! Gaps of django-debug-toolbar: parameters stand in the SQL; times have two decimals of a millisecond, made finer by the
//! bars of the timeline; the template line that sent a statement is not read. Visible text is translated, so only classes
//! and ids are read.

mod flask;
mod har;
mod mime;
mod panel;
mod row;
mod tokens;

use std::io;

use serde_json::Value;

pub(super) use self::har::FORMAT as HAR;
use self::mime::QuotedPrintable;
use self::panel::Panel;
use super::{Format, Input, Score, Sink};

pub(super) const FORMAT: Format = Format {
    id: "toolbar-html",
    description: "django-debug-toolbar: the SQL panel's HTML, its render_panel answer, or a page saved with it open",
    endings: &["html", "htm", "mhtml", "mht", "json"],
    sniff,
    read,
};

/// Read as any page is: where the toolbar stands at its end, nothing before tells which one it is.
pub(super) const FLASK: Format = Format {
    id: "flask-toolbar",
    description: "Flask-DebugToolbar: a page with its SQLAlchemy panel, as it was served or saved",
    endings: &["html", "htm", "mhtml", "mht"],
    sniff: sniff_flask,
    read,
};

fn sniff_flask(_: &str, head: &str) -> Score {
    match head.contains("flDebug") {
        true => Score::new(100, "elements of Flask-DebugToolbar (flDebug…)"),
        false => Score::no("no HTML of Flask-DebugToolbar"),
    }
}

fn sniff(name: &str, head: &str) -> Score {
    let start = head.trim_start();
    if head.contains("sqlMain_") {
        return Score::new(100, "rows of the toolbar's SQL panel (sqlMain_…)");
    }
    if has_toolbar(head) {
        return Score::new(80, "elements of django-debug-toolbar (djDebug…)");
    }
    let page = start.starts_with('<') || is_mime(start) || name.ends_with("html");
    if page && !start.starts_with("<?xml") {
        return Score::new(35, "an HTML page, which may hold the toolbar's panel further down");
    }
    Score::no("no HTML of the toolbar")
}

fn has_toolbar(text: &str) -> bool {
    ["djDebug", "djdt-"].iter().any(|mark| text.contains(mark))
}

/// A saved page as MHTML, or a saved mail of one.
fn is_mime(start: &str) -> bool {
    let head: String = start.chars().take(2000).collect::<String>().to_ascii_lowercase();
    head.contains("mime-version:") && head.contains("content-type: multipart/")
}

const INSTEAD: &str = "open the SQL panel first, then save the page with Chrome (\"Webpage, Complete\" or \"Single File\"), or \
                       copy the outerHTML of #SQLPanel; or take manage.py dumpdata debug_toolbar.historyentry";

fn read(input: &mut Input<'_>, sink: &mut dyn Sink) -> io::Result<()> {
    let mut ticker = input.ticker();
    let head = input.look_ahead()?.trim_start().to_string();
    let mut outcome = Outcome::default();
    if head.starts_with(['{', '[']) {
        let mut json = serde_json::Deserializer::from_reader(&mut *input).into_iter::<Value>();
        match json.next() {
            Some(Ok(value)) => {
                let mut panels = Vec::new();
                panels_in(&value, 0, &mut panels);
                for html in panels {
                    outcome.add(Panel::read(&mut html.as_bytes(), &outcome.next_id(), None, sink, &mut ticker)?);
                }
            }
            Some(Err(error)) if error.is_io() => return Err(error.into()),
            Some(Err(error)) => {
                let line = u32::try_from(error.line()).ok();
                sink.error(line, format!("expected the JSON of render_panel, with the HTML in \"content\": {error}"));
                return Ok(());
            }
            None => {}
        }
    } else if is_mime(&head) {
        let mut text = QuotedPrintable::new(input);
        outcome.add(Panel::read(&mut text, &outcome.next_id(), None, sink, &mut ticker)?);
    } else {
        outcome.add(Panel::read(input, &outcome.next_id(), None, sink, &mut ticker)?);
    }
    outcome.tell(sink);
    Ok(())
}

/// What all panels of an input gave together.
#[derive(Default)]
struct Outcome {
    panels: u64,
    statements: u64,
    toolbar: bool,
    flask: bool,
    cut: bool,
    loaded: bool,
    noise: u64,
    shortened: u64,
}

impl Outcome {
    fn next_id(&self) -> String {
        (self.panels + 1).to_string()
    }

    fn add(&mut self, panel: Panel) {
        self.panels += u64::from(panel.statements > 0);
        self.statements += panel.statements;
        self.toolbar |= panel.toolbar;
        self.flask |= panel.flask;
        self.loaded |= panel.loaded;
        self.cut |= panel.cut;
        self.noise += panel.noise;
        self.shortened += panel.shortened;
    }

    fn tell(self, sink: &mut dyn Sink) {
        if self.statements == 0 && self.noise == 0 {
            let message = if self.flask {
                "the page holds Flask-DebugToolbar, but no row of its SQLAlchemy panel: that request sent no query, or \
                 SQLALCHEMY_RECORD_QUERIES is not set"
                    .to_string()
            } else if self.loaded {
                "the SQL panel holds no row: that request sent no query, or the panel was saved while it loaded"
                    .to_string()
            } else if self.toolbar {
                format!("the page holds django-debug-toolbar, but not the content of its SQL panel: {INSTEAD}")
            } else {
                format!("expected rows of django-debug-toolbar's SQL panel (tr#sqlMain_1 …), found none: {INSTEAD}")
            };
            sink.error(Some(1), message);
            return;
        }
        if self.cut {
            sink.note("the page ends amid the SQL panel: its last rows are missing".to_string());
        }
        if let Some(note) = super::noise::note(self.noise) {
            sink.note(note);
        }
        if self.shortened > 0 {
            sink.note(format!(
                "{} statements are shortened by the toolbar (•••): their columns are missing",
                self.shortened
            ));
        }
        let note = match self.flask {
            true => {
                "Flask-DebugToolbar shows one request, the values of its SELECTs, and of the stack the deepest line of \
                 the application only"
            }
            false => "the toolbar's panel shows one request, with parameters in the SQL and times of two decimals",
        };
        sink.note(note.to_string());
    }
}

/// Strings of a JSON answer that hold a panel: `{"content": html}`, `{PanelId: {"button": …, "content": html}}`.
fn panels_in<'a>(value: &'a Value, depth: u8, found: &mut Vec<&'a str>) {
    match value {
        Value::String(text) if text.contains("sqlMain_") || text.contains("djdt-databaseLegend") => found.push(text),
        Value::Array(items) if depth < 8 => items.iter().for_each(|item| panels_in(item, depth + 1, found)),
        Value::Object(fields) if depth < 8 => fields.values().for_each(|field| panels_in(field, depth + 1, found)),
        _ => {}
    }
}
