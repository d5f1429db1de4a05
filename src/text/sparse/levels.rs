//! The blocks that a run of lines stands in, from its indentation and the heading of its hunk.

use super::lex::{self, Lexed, State};
use super::lines::{prefix, unit, width};
use super::scaffold::Known;
use super::start::Start;

/// The indentations that a run comes back to, and what its first statements need before them.
pub(super) struct Levels<'t> {
    /// From the outermost to that of the first statement: indentation, and the clause that stands there first.
    steps: Vec<(&'t str, Clause)>,
    opener: Option<String>,
    unit: String,
    first_word: &'t str,
}

/// A clause goes on with a statement that must stand before it.
#[derive(Clone, Copy, PartialEq)]
enum Clause {
    None,
    OfIf,
    OfTry,
    OfMatch,
    Method,
    Definition,
}

impl<'t> Levels<'t> {
    pub(super) fn of(known: &Known<'t>, start: &'t Start, lexed: &Lexed) -> Self {
        let statements = lexed.lines.iter().zip(&known.lines).filter(|(line, _)| line.starts);
        let mut starts: Vec<(&'t str, Clause)> =
            statements.map(|(line, text)| (text.get(..line.indent).unwrap_or(""), clause(text.trim()))).collect();
        let first_word = match &start.opener {
            Some((indent, opener)) => {
                starts.insert(0, (indent.as_str(), Clause::None));
                opener.as_str()
            }
            None => known.lines.iter().find(|line| !line.trim().is_empty()).map_or("", |line| line.trim()),
        };
        let mut steps: Vec<(&'t str, Clause)> = Vec::new();
        for (indent, clause) in starts {
            if steps.last().is_none_or(|(deeper, _)| width(indent) < width(deeper)) {
                steps.push((indent, clause));
            }
        }
        steps.reverse();
        let opener = start.opener.as_ref().map(|(indent, _)| indent.clone());
        let unit = unit(steps.last().map_or("", |(indent, _)| indent), known);
        Self { steps, opener, unit, first_word }
    }

    pub(super) fn outermost(&self) -> Option<usize> {
        self.steps.first().map(|(indent, _)| width(indent))
    }

    /// The first statement is itself a clause: what it belongs to.
    pub(super) fn before_first(&self) -> Option<String> {
        let (indent, clause) = self.steps.last()?;
        if self.opener.is_some() {
            return None;
        }
        match clause {
            Clause::OfIf => Some(format!("{indent}if __roundtrip_value: pass")),
            Clause::OfTry => Some(format!("{indent}try: pass")),
            _ => None,
        }
    }

    /// The block headers above the run, each with its indentation, inside of those that are open already.
    pub(super) fn headers(&self, known: &Known<'_>, enclosing: &[(usize, String)]) -> Vec<(String, String)> {
        let mut levels: Vec<(String, Clause)> =
            self.steps.iter().map(|(indent, clause)| (indent.to_string(), *clause)).collect();
        let base = enclosing.last();
        let inside_class = base.is_some_and(|(_, text)| text.starts_with("class "));
        let first_is_definition = ["def ", "async def ", "@", "class "].iter().any(|w| self.first_word.starts_with(w));
        let mut names: Vec<String> = Vec::new();
        let outermost = levels.first().map_or(0, |(indent, _)| width(indent));
        if base.is_none() && outermost > 0 {
            levels.insert(0, (String::new(), Clause::None));
        }
        let deepest = levels.last().map_or(0, |(indent, _)| width(indent));
        let unit = width(&self.unit);
        let has_method = self.steps.iter().any(|(_, clause)| *clause == Clause::Method);
        if base.is_none() && deepest > 0 {
            let heading = Heading::of(known.heading);
            match &heading {
                Some(heading) if heading.is_class => {
                    names.push(heading.text.clone());
                    if deepest >= 2 * unit {
                        names.push(METHOD.to_string());
                    }
                }
                Some(heading) if heading.is_method && (deepest >= 2 * unit || first_is_definition) => {
                    names.push("class __roundtrip_class:".to_string());
                    if deepest >= 2 * unit {
                        names.push(heading.text.clone());
                    }
                }
                Some(heading) => names.push(heading.text.clone()),
                None if has_method => {
                    names.push("class __roundtrip_class:".to_string());
                    if deepest >= 2 * unit {
                        names.push(METHOD.to_string());
                    }
                }
                None => names.push(FUNCTION.to_string()),
            }
        } else if inside_class {
            let class_indent = base.map_or(0, |(indent, _)| *indent);
            let body = class_indent + unit;
            if deepest > body {
                names.push(METHOD.to_string());
                if levels.first().is_some_and(|(indent, _)| width(indent) > body) {
                    let indent = self.steps.last().map_or("", |(indent, _)| indent);
                    levels.insert(0, (prefix(indent, body), Clause::None));
                }
            }
        } else if let Some((indent, _)) = base
            && outermost > indent + unit
        {
            // The open function's body.
            levels.insert(0, (prefix(self.steps.last().map_or("", |(indent, _)| indent), indent + unit), Clause::None));
        }
        // A class needs its methods' level between its own and theirs.
        if base.is_none() && names.len() == 2 {
            let second = levels.get(1).map_or(0, |(indent, _)| width(indent));
            if second > unit {
                let deepest_indent = self.steps.last().map_or("", |(indent, _)| indent);
                levels.insert(1, (prefix(deepest_indent, unit), Clause::None));
            }
        }
        // `case` stands in a `match`, one level out.
        if let Some(at) = levels.iter().position(|(_, clause)| *clause == Clause::OfMatch) {
            let case = levels.get(at).map(|(indent, _)| indent.clone()).unwrap_or_default();
            let outer = width(&case).saturating_sub(unit);
            let before = at.checked_sub(1).and_then(|at| levels.get(at)).map_or(0, |(indent, _)| width(indent));
            if at == 0 || before < outer {
                levels.insert(at, (prefix(&case, outer), Clause::None));
            }
        }
        let mut names = names.into_iter();
        let count = levels.len();
        let in_match: Vec<bool> = levels.iter().skip(1).map(|(_, clause)| *clause == Clause::OfMatch).collect();
        let mut headers = Vec::new();
        for (at, (indent, clause)) in levels.into_iter().enumerate() {
            if at + 1 == count {
                break;
            }
            let header = match clause {
                _ if in_match.get(at) == Some(&true) => "match __roundtrip_value:".to_string(),
                Clause::OfIf => "if __roundtrip_value:".to_string(),
                Clause::OfTry => "try:".to_string(),
                Clause::OfMatch => "case _:".to_string(),
                Clause::None | Clause::Method | Clause::Definition => {
                    names.next().unwrap_or_else(|| "if __roundtrip_value:".to_string())
                }
            };
            headers.push((indent, header));
        }
        headers
    }
}

const FUNCTION: &str = "def __roundtrip_function():";
const METHOD: &str = "def __roundtrip_method(self):";

/// The `@@` heading as a block header.
struct Heading {
    text: String,
    is_class: bool,
    is_method: bool,
}

impl Heading {
    fn of(heading: &str) -> Option<Heading> {
        let heading = heading.trim();
        let text = heading.strip_prefix("async ").unwrap_or(heading).trim_start();
        let is_class = text.starts_with("class ");
        let is_def = text.starts_with("def ");
        let is_block = ["for ", "while ", "with ", "if "].iter().any(|word| text.starts_with(word));
        if !(is_class || is_def || is_block && text.ends_with(':')) {
            return None;
        }
        let params = text.split_once('(').map_or("", |(_, params)| params).trim_start();
        let first: String = params.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        let is_method = is_def && matches!(first.as_str(), "self" | "cls");
        // Its body is on the same line: it is above the hunk, not around it.
        let one_line = heading.match_indices(':').any(|(at, _)| {
            let (before, after) = heading.split_at(at);
            let after = after[1..].trim_start();
            !after.is_empty()
                && !after.starts_with('#')
                && lex::lex(&[before], State::default()).end.brackets.is_empty()
        });
        if one_line {
            let text = if is_method { METHOD } else { FUNCTION }.to_string();
            return is_def.then_some(Heading { text, is_class, is_method });
        }
        // git cuts a long line, and a signature may go on below.
        let lexed = lex::lex(&[heading], State::default());
        let ends = lexed.lines.first().is_some_and(|line| line.last == Some(':')) && lexed.end.brackets.is_empty();
        let whole = if ends {
            heading.to_string()
        } else {
            let cut = heading.trim_end_matches([',', ' ', '=', ':', '*', '.']);
            let lexed = lex::lex(&[cut], State::default());
            let close: String = lexed.end.brackets.iter().rev().collect();
            let open = if is_def && !cut.contains('(') { "()" } else { "" };
            format!("{cut}{open}{close}:")
        };
        Some(Heading { text: whole, is_class, is_method })
    }
}

fn clause(text: &str) -> Clause {
    let word: String = text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    match word.as_str() {
        "else" | "elif" => Clause::OfIf,
        "except" | "finally" => Clause::OfTry,
        "case" if text.ends_with(':') => Clause::OfMatch,
        "def" | "async" if text.contains("(self") || text.contains("(cls") => Clause::Method,
        "def" | "class" => Clause::Definition,
        _ => Clause::None,
    }
}
