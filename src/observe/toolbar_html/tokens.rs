//! HTML as tags, text and comments, as far as the panel's own markup goes: a tokenizer of the whole standard is larger
//! than all importers together, two thirds of it for the names of two thousand characters.
//!
//! What is written differently than the standard wants is read somehow, and never fails. Of named characters, those are
//! known that Django and browsers write.

use std::io::{self, BufRead, BufReader, Read};

#[derive(Debug, PartialEq)]
pub(super) enum Token {
    Start(Tag),
    /// Its name.
    End(String),
    /// A piece of text; long ones come in several.
    Text(String),
    Comment(String),
}

/// Names in lower case.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Tag {
    pub name: String,
    pub attributes: Vec<(String, String)>,
    pub self_closing: bool,
}

impl Tag {
    /// Empty where it is not there.
    pub fn attribute(&self, name: &str) -> &str {
        self.attributes.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }
}

/// From here on a text is given at its next white space.
const LONG: usize = 1 << 16;

/// Elements whose content is text up to their end tag.
const RAW: [&str; 8] = ["script", "style", "textarea", "title", "iframe", "xmp", "noembed", "noframes"];

pub(super) struct Tokens<'a> {
    bytes: BufReader<&'a mut dyn Read>,
    /// The element whose raw content comes.
    raw: Option<&'static str>,
    /// What comes after the token that was given.
    next: Option<Token>,
}

impl<'a> Tokens<'a> {
    pub fn new(document: &'a mut dyn Read) -> Self {
        Self { bytes: BufReader::new(document), raw: None, next: None }
    }

    /// None at the end; a tag that is cut off there is none.
    pub fn next(&mut self) -> io::Result<Option<Token>> {
        if let Some(token) = self.next.take() {
            return Ok(Some(token));
        }
        if let Some(element) = self.raw.take() {
            return self.raw_text(element);
        }
        let mut text = Vec::new();
        loop {
            match self.peek()? {
                Some(b'<') => {
                    self.skip();
                    let token = self.markup(&mut text)?;
                    if token.is_none() && self.peek()?.is_some() {
                        continue;
                    }
                    if text.is_empty() {
                        return Ok(token);
                    }
                    self.next = token;
                }
                Some(byte) => {
                    self.skip();
                    text.push(byte);
                    if text.len() < LONG || !byte.is_ascii_whitespace() {
                        continue;
                    }
                }
                None if text.is_empty() => return Ok(None),
                None => {}
            }
            return Ok(Some(Token::Text(unescaped(&text))));
        }
    }

    fn peek(&mut self) -> io::Result<Option<u8>> {
        loop {
            match self.bytes.fill_buf() {
                Ok(bytes) => return Ok(bytes.first().copied()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn skip(&mut self) {
        self.bytes.consume(1);
    }

    /// Takes bytes while `belongs` holds.
    fn take_while(&mut self, belongs: impl Fn(u8) -> bool) -> io::Result<Vec<u8>> {
        let mut taken = Vec::new();
        while let Some(byte) = self.peek()?.filter(|byte| belongs(*byte)) {
            self.skip();
            taken.push(byte);
        }
        Ok(taken)
    }

    /// What stands behind a `<`; what is no markup goes to `text`. None too at the end of the document.
    fn markup(&mut self, text: &mut Vec<u8>) -> io::Result<Option<Token>> {
        match self.peek()? {
            Some(b'!') => {
                self.skip();
                self.declaration().map(Some)
            }
            Some(b'?') => Ok(Some(Token::Comment(lossy(&self.until_bracket()?)))),
            Some(b'/') => {
                self.skip();
                if !self.peek()?.is_some_and(|byte| byte.is_ascii_alphabetic()) {
                    return Ok(Some(Token::Comment(lossy(&self.until_bracket()?))));
                }
                Ok(self.tag()?.map(|tag| Token::End(tag.name)))
            }
            Some(byte) if byte.is_ascii_alphabetic() => {
                let tag = self.tag()?;
                self.raw = tag.as_ref().and_then(|tag| RAW.into_iter().find(|name| *name == tag.name));
                Ok(tag.map(Token::Start))
            }
            _ => {
                text.push(b'<');
                Ok(None)
            }
        }
    }

    /// A comment, or a declaration as one, behind its `<!`.
    fn declaration(&mut self) -> io::Result<Token> {
        let mut content = Vec::new();
        while let Some(byte) = self.peek()? {
            self.skip();
            content.push(byte);
            let over = match content.strip_prefix(b"--") {
                Some(comment) => comment.ends_with(b"-->") || matches!(comment, b">" | b"->"),
                // Before its second hyphen it may still become a comment.
                None => byte == b'>',
            };
            if over {
                break;
            }
        }
        let content = lossy(&content);
        let content = content.strip_prefix("--").unwrap_or(&content);
        Ok(Token::Comment(content.trim_end_matches(['-', '>']).to_owned()))
    }

    fn until_bracket(&mut self) -> io::Result<Vec<u8>> {
        let content = self.take_while(|byte| byte != b'>')?;
        self.skip();
        Ok(content)
    }

    /// A tag from its name on; none where the document ends in it.
    fn tag(&mut self) -> io::Result<Option<Tag>> {
        let name = self.take_while(|byte| !byte.is_ascii_whitespace() && !matches!(byte, b'/' | b'>'))?;
        let mut tag = Tag { name: lossy(&name).to_ascii_lowercase(), ..Tag::default() };
        loop {
            self.take_while(|byte| byte.is_ascii_whitespace())?;
            match self.peek()? {
                None => return Ok(None),
                Some(b'>') => {
                    self.skip();
                    return Ok(Some(tag));
                }
                Some(b'/') => {
                    self.skip();
                    tag.self_closing = self.peek()? == Some(b'>');
                }
                Some(_) => {
                    let (name, value) = self.attribute()?;
                    if !tag.attributes.iter().any(|(known, _)| *known == name) {
                        tag.attributes.push((name, value));
                    }
                }
            }
        }
    }

    fn attribute(&mut self) -> io::Result<(String, String)> {
        // A `=` in front belongs to the name, so that each attribute takes something.
        let mut name: Vec<u8> = self.peek()?.into_iter().collect();
        self.skip();
        name.extend(self.take_while(|byte| !byte.is_ascii_whitespace() && !matches!(byte, b'/' | b'>' | b'='))?);
        let name = lossy(&name).to_ascii_lowercase();
        self.take_while(|byte| byte.is_ascii_whitespace())?;
        if self.peek()? != Some(b'=') {
            return Ok((name, String::new()));
        }
        self.skip();
        self.take_while(|byte| byte.is_ascii_whitespace())?;
        let value = match self.peek()? {
            Some(quote @ (b'"' | b'\'')) => {
                self.skip();
                let value = self.take_while(|byte| byte != quote)?;
                self.skip();
                value
            }
            _ => self.take_while(|byte| !byte.is_ascii_whitespace() && byte != b'>')?,
        };
        Ok((name, unescaped(&value)))
    }

    /// The content of `element`, and its end tag after it.
    fn raw_text(&mut self, element: &'static str) -> io::Result<Option<Token>> {
        let mut text = Vec::new();
        while let Some(byte) = self.peek()? {
            let closes = byte.is_ascii_whitespace() || matches!(byte, b'/' | b'>');
            let content = if closes { before_end_tag(&text, element) } else { None };
            if let Some(content) = content {
                text.truncate(content);
                // What stands in an end tag says nothing.
                self.until_bracket()?;
                self.next = Some(Token::End(element.to_owned()));
                break;
            }
            self.skip();
            text.push(byte);
        }
        if text.is_empty() {
            return Ok(self.next.take());
        }
        Ok(Some(Token::Text(if matches!(element, "textarea" | "title") { unescaped(&text) } else { lossy(&text) })))
    }
}

/// The length of what stands in front of the `</element` that `text` ends with.
fn before_end_tag(text: &[u8], element: &str) -> Option<usize> {
    let at = text.len().checked_sub(element.len())?;
    let (content, name) = text.split_at(at);
    (name.eq_ignore_ascii_case(element.as_bytes()) && content.ends_with(b"</")).then(|| at - 2)
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Text with its character references read.
fn unescaped(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let mut out = String::with_capacity(text.len());
    let mut rest = &*text;
    while let Some((plain, reference)) = rest.split_once('&') {
        out.push_str(plain);
        rest = reference;
        // Longer ones are none: `#x10FFFF` has eight characters.
        match reference
            .split_once(';')
            .filter(|(name, _)| name.len() <= 8)
            .and_then(|(name, after)| Some((character(name)?, after)))
        {
            Some((char, after)) => {
                out.push(char);
                rest = after;
            }
            None => out.push('&'),
        }
    }
    out.push_str(rest);
    out
}

/// `#8226`, `#x27`, `amp`
fn character(name: &str) -> Option<char> {
    if let Some(code) = name.strip_prefix('#') {
        let code = match code.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16),
            None => code.parse(),
        };
        return code.ok().and_then(char::from_u32);
    }
    Some(match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" => '\u{a0}',
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tokens as text: `<name key=value>`, `</name>`, `!comment`, and text as it is.
    fn tokens(html: &str) -> Vec<String> {
        let mut bytes = html.as_bytes();
        let mut tokens = Tokens::new(&mut bytes);
        let mut out = Vec::new();
        while let Some(token) = tokens.next().unwrap() {
            out.push(match token {
                Token::Start(tag) => {
                    let attributes = tag.attributes.iter().map(|(name, value)| format!(" {name}={value}"));
                    let close = if tag.self_closing { "/" } else { "" };
                    format!("<{}{}{close}>", tag.name, attributes.collect::<String>())
                }
                Token::End(name) => format!("</{name}>"),
                Token::Text(text) => text,
                Token::Comment(text) => format!("!{text}"),
            });
        }
        out
    }

    #[test]
    fn tags_and_text_come_in_order() {
        assert_eq!(
            tokens("<!DOCTYPE html><TR id=\"sqlMain_1\" Class='a  b' hidden data-x=1>a<br/>b</TR >"),
            ["!DOCTYPE html", "<tr id=sqlMain_1 class=a  b hidden= data-x=1>", "a", "<br/>", "b", "</tr>"]
        );
        assert_eq!(tokens("<a id=1 id=2 =x>"), ["<a id=1 =x=>"]);
    }

    #[test]
    fn characters_are_read_by_number_and_by_the_names_that_are_written() {
        assert_eq!(tokens("a &lt; &#39;b&#x27; &amp;lt;&nbsp;&#8226;"), ["a < 'b' &lt;\u{a0}•"]);
        assert_eq!(tokens("R&D &unknown; &#xFFFFFF; &"), ["R&D &unknown; &#xFFFFFF; &"]);
        assert_eq!(tokens("<a title=\"&quot;x&quot;\">"), ["<a title=\"x\">"]);
    }

    #[test]
    fn a_bracket_that_begins_nothing_is_text() {
        assert_eq!(tokens("a < b <3 <- <"), ["a < b <3 <- <"]);
        assert_eq!(tokens("</3>x"), ["!3", "x"]);
    }

    #[test]
    fn comments_may_hold_tags() {
        assert_eq!(tokens("<!-- <a> --><b>"), ["! <a> ", "<b>"]);
        assert_eq!(tokens("<!--><b>"), ["!", "<b>"]);
        assert_eq!(tokens("<?xml a?>x"), ["!?xml a?", "x"]);
    }

    #[test]
    fn scripts_hold_text_only() {
        assert_eq!(
            tokens("<script>if (a<b) '<tr>' </scripts></SCRIPT ><title>a &amp; b</title>"),
            ["<script>", "if (a<b) '<tr>' </scripts>", "</script>", "<title>", "a & b", "</title>"]
        );
        assert_eq!(tokens("<style></style>x"), ["<style>", "</style>", "x"]);
    }

    #[test]
    fn what_is_cut_off_gives_no_tag() {
        for html in ["a<tr id=\"x", "a<tr", "a<tr id", "a<tr id=", "a</tr", "a<tr /"] {
            assert_eq!(tokens(html), ["a"], "{html}");
        }
        assert_eq!(tokens("<!-- a"), ["! a"]);
        assert_eq!(tokens("<script>a"), ["<script>", "a"]);
    }

    #[test]
    fn long_text_comes_in_pieces() {
        let text = "word ".repeat(LONG);
        let pieces = tokens(&text);
        assert!(pieces.len() > 1);
        assert_eq!(pieces.concat(), text);
    }
}
