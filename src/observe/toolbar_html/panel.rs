//! One document: its tokens, and the panel's rows among them.

use std::io::{self, Read};

use super::super::input::Ticker;
use super::super::{Sink, noise};
use super::row::{Part, Row};
use super::tokens::{Tag, Token, Tokens};

/// What one document gave.
#[derive(Default)]
pub(super) struct Panel {
    pub statements: u64,
    /// Some element of the toolbar was there.
    pub toolbar: bool,
    /// It was Flask's.
    pub flask: bool,
    /// The SQL panel's own content was there, with rows or without.
    pub loaded: bool,
    /// It ended amid a row.
    pub cut: bool,
    pub noise: u64,
    pub shortened: u64,
    /// Milliseconds of all connections together, as the legend says.
    total_ms: f64,
    row: Option<Row>,
    /// What the text that comes is part of, and how many elements of its name are open in it.
    part: Option<(Part, String, u32)>,
    text: String,
    /// Address of the page, where the document says it.
    address: Option<String>,
    /// Tables open inside of the rows' table, which details have.
    inner_tables: u32,
    begun: bool,
    name: Option<String>,
}

impl Panel {
    /// Reads a document as the request `id`; `name` where it is known from elsewhere.
    pub fn read(
        document: &mut dyn Read,
        id: &str,
        name: Option<String>,
        sink: &mut dyn Sink,
        ticker: &mut Ticker,
    ) -> io::Result<Self> {
        let mut panel = Self { name, ..Self::default() };
        let mut tokens = Tokens::new(document);
        while let Some(token) = tokens.next()? {
            match token {
                Token::Start(tag) => {
                    panel.start(&tag, id, sink);
                    ticker.tick(sink)?;
                }
                Token::End(name) if name == "table" && panel.part.is_none() => panel.table_ends(id, sink),
                Token::End(name) => panel.end(&name),
                Token::Text(text) => panel.string(&text),
                Token::Comment(text) => panel.saved_from(&text),
            }
        }
        // The table's end has taken the last row.
        panel.cut = panel.row.is_some();
        panel.flush(id, sink);
        if panel.begun {
            sink.end_request(None);
        }
        Ok(panel)
    }

    fn start(&mut self, tag: &Tag, sink_id: &str, sink: &mut dyn Sink) {
        let name = tag.name.as_str();
        let id = tag.attribute("id");
        let class = tag.attribute("class");
        self.flask |= id.starts_with("flDebug");
        self.toolbar |= id.starts_with("djDebug") || class.starts_with("djdt-") || class.starts_with("djDebug");
        if let Some((part, element, depth)) = &mut self.part {
            match name {
                "br" => part.line_break(&mut self.text),
                _ if element == name && !tag.self_closing => *depth += 1,
                _ => {}
            }
            // Parts do not nest, save for the numbers of the legend.
            return;
        }
        let of_flask = self.flask && (class.contains("flDebugOdd") || class.contains("flDebugEven"));
        if name == "tr" && (of_flask || id.starts_with("sqlMain_")) {
            self.flush(sink_id, sink);
            self.loaded = true;
            self.inner_tables = 0;
            self.row = Some(Row::default());
            return;
        }
        if name == "svg" && class.contains("djDebugLineChart") {
            if let Some(row) = &mut self.row {
                row.share = tag.attribute("aria-label").trim_end_matches('%').parse().ok();
            }
            return;
        }
        if let Some(row) = self.row.as_mut().filter(|_| self.flask) {
            match name {
                "td" => row.cell(tag.attribute("title")),
                "a" => row.link(tag.attribute("href")),
                _ => {}
            }
            if name == "td" && row.is_at_time() {
                self.text.clear();
                self.part = Some((Part::Time, name.to_owned(), 1));
                return;
            }
        }
        self.loaded |= class.contains("djdt-databaseLegend");
        let in_row = self.row.is_some();
        self.inner_tables += u32::from(in_row && name == "table");
        let part = Part::of(name, class.split_ascii_whitespace(), in_row, self.loaded && !self.begun);
        if let Some(part) = part {
            self.text.clear();
            self.part = Some((part, name.to_owned(), 1));
        }
    }

    /// What follows the rows' table is of other panels.
    fn table_ends(&mut self, id: &str, sink: &mut dyn Sink) {
        match self.inner_tables.checked_sub(1) {
            Some(fewer) => self.inner_tables = fewer,
            None => self.flush(id, sink),
        }
    }

    fn string(&mut self, text: &str) {
        match &self.part {
            Some((part, _, _)) => part.append(&mut self.text, text),
            // Headers of MHTML, in front of the page.
            None if !self.loaded && self.address.is_none() => self.saved_from(text),
            None => {}
        }
    }

    fn end(&mut self, name: &str) {
        let Some((_, element, depth)) = &mut self.part else { return };
        if element != name {
            return;
        }
        *depth -= 1;
        if *depth > 0 {
            return;
        }
        let Some((part, _, _)) = self.part.take() else { return };
        let text = std::mem::take(&mut self.text);
        match (part, &mut self.row) {
            (Part::Legend, _) => self.total_ms += milliseconds(&text).unwrap_or(0.0),
            (part, Some(row)) => row.set(part, text),
            (_, None) => {}
        }
    }

    /// `<!-- saved from url=(0027)http://… -->`, `Snapshot-Content-Location: http://…`
    fn saved_from(&mut self, text: &str) {
        for mark in ["saved from url=(", "Snapshot-Content-Location: "] {
            let Some((_, after)) = text.split_once(mark) else { continue };
            let Some(at) = after.find("http") else { continue };
            let url = after.get(at..).unwrap_or("").split_ascii_whitespace().next().unwrap_or("");
            self.address = Some(url.to_string());
        }
    }

    /// Gives the row that is over.
    fn flush(&mut self, id: &str, sink: &mut dyn Sink) {
        let Some(row) = self.row.take() else { return };
        let Some(record) = row.record(self.total_ms) else { return };
        self.shortened += u64::from(record.sql.contains("•••"));
        if noise::is_tool(&record.sql) {
            self.noise += 1;
            return;
        }
        if !self.begun {
            self.begun = true;
            let name = self.name.take().unwrap_or_else(|| request_name(self.address.as_deref()));
            sink.begin_request(id, &name, true);
        }
        self.statements += 1;
        sink.statement(record);
    }
}

/// The path of the page's address.
fn request_name(address: Option<&str>) -> String {
    let path = address
        .and_then(|url| url.split_once("://"))
        .and_then(|(_, rest)| rest.find('/').and_then(|at| rest.get(at..)));
    path.unwrap_or("the SQL panel's request").to_string()
}

/// The first number of a text, with `.` or `,` before its decimals and none, or spaces, between its thousands.
pub(super) fn milliseconds(text: &str) -> Option<f64> {
    let start = text.find(|char: char| char.is_ascii_digit())?;
    let digits = text.get(start..)?;
    let spaced = |char: char| matches!(char, '\u{a0}' | '\u{202f}' | '\'' | '.' | ',');
    let end = digits.find(|char: char| !char.is_ascii_digit() && !spaced(char)).unwrap_or(digits.len());
    let number = digits.get(..end)?.trim_end_matches(spaced);
    // The last mark is the decimal one: the toolbar always writes two decimals.
    let (whole, decimals) = number.rsplit_once(['.', ',']).unwrap_or((number, "0"));
    let whole: String = whole.chars().filter(char::is_ascii_digit).collect();
    format!("{whole}.{decimals}").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_every_language() {
        assert_eq!(milliseconds("\n 0.19ms"), Some(0.19));
        assert_eq!(milliseconds("0,19ms"), Some(0.19));
        assert_eq!(milliseconds("1.234,50 ms (16 Abfragen)"), Some(1234.5));
        assert_eq!(milliseconds("1\u{a0}234,50 ms"), Some(1234.5));
        assert_eq!(milliseconds("none"), None);
    }
}
