//! MHTML: a page in a MIME message, its HTML as quoted-printable.

use std::io::{self, Read};

use super::super::Input;

/// Decodes quoted-printable line by line. The message's headers and its other parts pass through: they hold no rows of
/// the panel, and the tokenizer reads them as text.
pub(super) struct QuotedPrintable<'a, 'b> {
    input: &'a mut Input<'b>,
    line: String,
    decoded: Vec<u8>,
    /// How much of `decoded` is taken.
    at: usize,
}

impl<'a, 'b> QuotedPrintable<'a, 'b> {
    pub fn new(input: &'a mut Input<'b>) -> Self {
        Self { input, line: String::new(), decoded: Vec::new(), at: 0 }
    }
}

impl Read for QuotedPrintable<'_, '_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.at == self.decoded.len() {
            self.decoded.clear();
            self.at = 0;
            if !self.input.line(&mut self.line)? {
                return Ok(0);
            }
            decode_line(&self.line, &mut self.decoded);
        }
        let got = self.decoded.get(self.at..).unwrap_or_default().read(out)?;
        self.at += got;
        Ok(got)
    }
}

/// Appends the bytes of one line; a `=` at its end joins it to the next.
fn decode_line(line: &str, out: &mut Vec<u8>) {
    let line = line.trim_end_matches([' ', '\t']);
    let (line, joined) = line.strip_suffix('=').map_or((line, false), |line| (line, true));
    let mut rest = line.as_bytes();
    while let Some(at) = memchr::memchr(b'=', rest) {
        let (plain, escape) = rest.split_at(at);
        out.extend_from_slice(plain);
        let code = escape.get(1..3).and_then(|hex| std::str::from_utf8(hex).ok());
        let byte = code.filter(|hex| !hex.starts_with('+')).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        out.push(byte.unwrap_or(b'='));
        rest = escape.get(if byte.is_some() { 3 } else { 1 }..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
    if !joined {
        out.push(b'\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn soft_breaks_join_and_codes_decode() {
        let mut out = Vec::new();
        for line in ["<p id=3D\"x\">caf=C3=", "=A9 =", "1 =ZZ</p>"] {
            decode_line(line, &mut out);
        }
        assert_eq!(String::from_utf8(out).unwrap(), "<p id=\"x\">café 1 =ZZ</p>\n");
    }
}
