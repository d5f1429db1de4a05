//! Enough of Python's lexical structure to see where a run of lines stands: brackets, strings, logical lines.

/// What is open at the start of a run of lines.
#[derive(Debug, Clone, Default)]
pub(super) struct State {
    /// Closing brackets still to come, the innermost last.
    pub(super) brackets: Vec<char>,
    /// The quotes of the string that goes on.
    pub(super) string: Option<&'static str>,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Lexed {
    pub(super) lines: Vec<Line>,
    /// Closing brackets that nothing opens, in order.
    pub(super) unmatched: Vec<char>,
    pub(super) end: State,
    /// The line and column of the first triple quote, whatever it does.
    pub(super) first_triple: Option<(usize, usize, &'static str)>,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Line {
    /// Bytes of white space at its start.
    pub(super) indent: usize,
    /// A logical line starts here.
    pub(super) starts: bool,
    /// Without code: blank, comment, or inside of a string from end to end.
    pub(super) empty: bool,
    /// The code's last character, comments left out; a quote for a string.
    pub(super) last: Option<char>,
    /// How many brackets are open at the line's end.
    pub(super) depth: usize,
    /// Ends in a backslash.
    pub(super) continues: bool,
    /// Its code without comments, each string as one quote.
    pub(super) code: String,
}

impl Line {
    fn string(&mut self) {
        self.last = Some('"');
        self.empty = false;
        self.code.push('"');
    }

    /// A colon outside of brackets that does not end the line: of a pair, an annotation, a lambda.
    pub(super) fn has_inner_colon(&self) -> bool {
        let mut depth = 0;
        let code = self.code.trim();
        let mut chars = code.char_indices();
        chars.any(|(at, c)| {
            match c {
                '(' | '[' | '{' => depth += 1,
                ')' | ']' | '}' => depth -= 1,
                _ => {}
            }
            c == ':' && depth == 0 && at + 1 < code.len() && !code.get(at..).is_some_and(|rest| rest.starts_with(":="))
        })
    }
}

pub(super) fn lex(lines: &[&str], start: State) -> Lexed {
    let mut lexed = Lexed { end: start, ..Lexed::default() };
    let mut continued = false;
    for (number, text) in lines.iter().enumerate() {
        let indent = text.len() - text.trim_start_matches([' ', '\t']).len();
        let inside = lexed.end.string.is_some() || !lexed.end.brackets.is_empty() || continued;
        let mut line = Line { indent, empty: true, ..Line::default() };
        scan(text, number, &mut lexed, &mut line);
        line.starts = !inside && !line.empty;
        line.depth = lexed.end.brackets.len();
        continued = line.continues;
        lexed.lines.push(line);
    }
    lexed
}

fn scan(text: &str, number: usize, lexed: &mut Lexed, line: &mut Line) {
    let mut at = 0;
    let bytes = text.as_bytes();
    while let Some(byte) = bytes.get(at).copied() {
        let rest = text.get(at..).unwrap_or("");
        if let Some(quotes) = lexed.end.string {
            if byte == b'\\' {
                at += 2;
            } else if rest.starts_with(quotes) {
                lexed.first_triple.get_or_insert((number, at, quotes));
                lexed.end.string = None;
                at += quotes.len();
                line.string();
            } else {
                at += 1;
            }
            continue;
        }
        match byte {
            b' ' | b'\t' | b'\x0c' => {
                line.code.push(' ');
                at += 1;
                continue;
            }
            b'#' => break,
            b'\\' if rest.trim_end() == "\\" => {
                line.continues = true;
                break;
            }
            b'"' | b'\'' => {
                let triple = [r#"""""#, "'''"].into_iter().find(|quotes| rest.starts_with(quotes));
                match triple {
                    Some(quotes) => {
                        lexed.first_triple.get_or_insert((number, at, quotes));
                        lexed.end.string = Some(quotes);
                        at += 3;
                    }
                    None => at += short_string(rest),
                }
                line.string();
                continue;
            }
            b'(' => lexed.end.brackets.push(')'),
            b'[' => lexed.end.brackets.push(']'),
            b'{' => lexed.end.brackets.push('}'),
            b')' | b']' | b'}' if lexed.end.brackets.pop().is_none() => lexed.unmatched.push(byte as char),
            _ => {}
        }
        let c = rest.chars().next().unwrap_or(' ');
        line.last = Some(c);
        line.empty = false;
        line.code.push(c);
        at += c.len_utf8();
    }
}

/// The length of a string in single quotes; it ends with the line.
fn short_string(text: &str) -> usize {
    let quote = text.as_bytes().first();
    let mut at = 1;
    while let Some(byte) = text.as_bytes().get(at) {
        match byte {
            b'\\' => at += 2,
            byte if Some(byte) == quote => return at + 1,
            _ => at += 1,
        }
    }
    text.len()
}

/// The string that a run of lines starts in, if it does: then its lines read less as prose than otherwise, or there is
/// one triple quote too many and the first one looks like the end of a string.
pub(super) fn starting_string(lines: &[&str]) -> Option<&'static str> {
    let plain = lex(lines, State::default());
    let prose = plain.prose();
    let Some((number, column, quotes)) = plain.first_triple else {
        let filled = lines.iter().filter(|line| !line.trim().is_empty()).count();
        return (prose > 0 && prose * 3 >= filled).then_some(r#"""""#);
    };
    let inside = lex(lines, State { string: Some(quotes), ..State::default() });
    let prose_inside = inside.prose();
    if prose != prose_inside {
        return (prose_inside < prose).then_some(quotes);
    }
    if plain.end.string.is_none() || inside.end.string.is_some() {
        return None;
    }
    let line = lines.get(number)?;
    let (before, after) = (line.get(..column)?.trim(), line.get(column + 3..)?.trim());
    let prefix = before.is_empty() || matches!(before, "r" | "f" | "u" | "b" | "R" | "F");
    let closes = if !prefix {
        !before.ends_with(['(', '[', '{', ',', '=', '+', ':', '%']) && !before.ends_with("return")
    } else if !after.is_empty() {
        after.starts_with([')', ']', '}', ',', '.', '%', '#'])
    } else {
        let filled = |line: &&&str| !line.trim().is_empty();
        match lines.get(..number)?.iter().rev().find(filled) {
            Some(previous) => !previous.trim_end().ends_with([':', ')', ']', '}', '"', '\'']),
            None => lines.get(number + 1..)?.iter().any(|line| filled(&line)),
        }
    };
    closes.then_some(quotes)
}

impl Lexed {
    /// How many lines read as prose (or SQL), or as a session in a docstring.
    fn prose(&self) -> usize {
        self.lines.iter().filter(|line| has_adjoining_names(line.code.trim())).count()
    }
}

/// In code no two names stand beside each other, keywords apart.
fn has_adjoining_names(code: &str) -> bool {
    if code.starts_with(">>>") || code.starts_with("$ ") {
        return true;
    }
    let mut before = false;
    for word in code.split(' ').filter(|word| !word.is_empty()) {
        let starts = word.starts_with(|c: char| c.is_alphabetic() || c == '_');
        let head: String = word.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        let is_name = starts && !KEYWORDS.contains(&head.as_str());
        if before && is_name {
            return true;
        }
        // The word must end in a name too, for the next to adjoin it.
        let tail = word.rsplit(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or("");
        before =
            !tail.is_empty() && !KEYWORDS.contains(&tail) && tail.starts_with(|c: char| c.is_alphabetic() || c == '_');
    }
    false
}

const KEYWORDS: [&str; 40] = [
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "case", "class", "continue", "def",
    "del", "elif", "else", "except", "exec", "finally", "for", "from", "global", "if", "import", "in", "is", "lambda",
    "match", "nonlocal", "not", "or", "pass", "print", "raise", "return", "try", "type", "while", "with", "yield",
];
