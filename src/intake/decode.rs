//! Bytes → text: byte-order marks, UTF-16, Python's coding cookie (PEP 263), and Latin-1 where nothing else fits.

/// How a file was written, so that it can be written back the same way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Encoding {
    #[default]
    Utf8,
    Utf8Bom,
    Utf16Le,
    Utf16Be,
    Latin1,
    Windows1252,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decoded {
    pub text: String,
    pub encoding: Encoding,
    /// What a reader should know: `not UTF-8, read as Latin-1`.
    pub note: Option<String>,
}

/// The bytes 0x80 to 0x9f of Windows-1252; where it has no character, that of Latin-1.
const WINDOWS_1252: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}', '\u{90}', '‘', '’',
    '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
];

/// # Errors
/// When the bytes are not text; the message says why.
pub fn decode(bytes: &[u8]) -> Result<Decoded, String> {
    let plain = |text: String, encoding, note| Ok(Decoded { text, encoding, note });
    if let Some(rest) = bytes.strip_prefix(b"\xef\xbb\xbf") {
        return match std::str::from_utf8(rest) {
            Ok(text) => plain(text.to_owned(), Encoding::Utf8Bom, None),
            Err(error) => Err(format!("has a UTF-8 mark but byte {} is not UTF-8", error.valid_up_to() + 3)),
        };
    }
    if let Some(rest) = bytes.strip_prefix(b"\xff\xfe") {
        return utf16(rest, Encoding::Utf16Le, "UTF-16 (little endian)");
    }
    if let Some(rest) = bytes.strip_prefix(b"\xfe\xff") {
        return utf16(rest, Encoding::Utf16Be, "UTF-16 (big endian)");
    }
    if bytes.contains(&0) {
        return match unmarked_utf16(bytes) {
            Some(encoding) => utf16(bytes, encoding, "UTF-16 without a byte-order mark"),
            None => Err("is not text: it holds NUL bytes".to_owned()),
        };
    }
    let cookie = coding_cookie(bytes);
    match (cookie.as_deref(), std::str::from_utf8(bytes)) {
        (Some("latin-1" | "latin1" | "iso-8859-1" | "iso8859-1" | "iso-latin-1" | "l1"), _) => {
            plain(latin1(bytes), Encoding::Latin1, None)
        }
        (Some("cp1252" | "windows-1252"), _) => plain(windows1252(bytes), Encoding::Windows1252, None),
        (_, Ok(text)) => plain(text.to_owned(), Encoding::Utf8, None),
        (Some(name), Err(_)) if !matches!(name, "utf-8" | "utf8" | "utf-8-sig") => plain(
            latin1(bytes),
            Encoding::Latin1,
            Some(format!("its coding {name:?} is not known here: read as Latin-1")),
        ),
        (_, Err(error)) => {
            let at = error.valid_up_to();
            let line = bytes.iter().take(at).filter(|byte| **byte == b'\n').count() + 1;
            plain(
                latin1(bytes),
                Encoding::Latin1,
                Some(format!("line {line} is not UTF-8: the file is read as Latin-1")),
            )
        }
    }
}

impl Encoding {
    /// # Errors
    /// When the text holds a character that the encoding has not.
    pub fn encode(self, text: &str) -> Result<Vec<u8>, String> {
        let narrow = |of: fn(char) -> Option<u8>| {
            text.chars().map(|c| of(c).ok_or_else(|| format!("the file's encoding has no {c:?}"))).collect()
        };
        match self {
            Encoding::Utf8 => Ok(text.as_bytes().to_vec()),
            Encoding::Utf8Bom => Ok([b"\xef\xbb\xbf", text.as_bytes()].concat()),
            Encoding::Utf16Le => {
                Ok([0xfeff].into_iter().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect())
            }
            Encoding::Utf16Be => {
                Ok([0xfeff].into_iter().chain(text.encode_utf16()).flat_map(u16::to_be_bytes).collect())
            }
            Encoding::Latin1 => narrow(|c| u8::try_from(u32::from(c)).ok()),
            Encoding::Windows1252 => narrow(|c| {
                let high = WINDOWS_1252.iter().position(|known| *known == c).map(|at| 0x80 + at as u8);
                high.or_else(|| u8::try_from(u32::from(c)).ok().filter(|byte| !(0x80..0xa0).contains(byte)))
            }),
        }
    }
}

fn latin1(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}

fn windows1252(bytes: &[u8]) -> String {
    let of = |byte: u8| byte.checked_sub(0x80).and_then(|at| WINDOWS_1252.get(usize::from(at)).copied());
    bytes.iter().map(|byte| of(*byte).unwrap_or(char::from(*byte))).collect()
}

fn utf16(bytes: &[u8], encoding: Encoding, name: &str) -> Result<Decoded, String> {
    let unit = |pair: &[u8; 2]| match encoding {
        Encoding::Utf16Be => u16::from_be_bytes(*pair),
        _ => u16::from_le_bytes(*pair),
    };
    let (pairs, odd) = bytes.as_chunks::<2>();
    let text: Result<String, _> = char::decode_utf16(pairs.iter().map(unit)).collect();
    match text {
        Ok(text) => {
            let note = if odd.is_empty() { format!("read as {name}") } else { format!("read as {name}; cut off") };
            Ok(Decoded { text, encoding, note: Some(note) })
        }
        Err(_) => Err(format!("looks like {name} but holds half a surrogate pair")),
    }
}

/// UTF-16 of mostly ASCII text: every other byte is NUL.
fn unmarked_utf16(bytes: &[u8]) -> Option<Encoding> {
    let (pairs, _) = bytes.get(..bytes.len().min(4096))?.as_chunks::<2>();
    let low = pairs.iter().filter(|pair| pair[1] == 0 && pair[0] != 0).count();
    let high = pairs.iter().filter(|pair| pair[0] == 0 && pair[1] != 0).count();
    let most = pairs.len() * 7 / 10;
    if pairs.len() >= 4 && low > most && high == 0 {
        Some(Encoding::Utf16Le)
    } else if pairs.len() >= 4 && high > most && low == 0 {
        Some(Encoding::Utf16Be)
    } else {
        None
    }
}

/// The name in `# -*- coding: latin-1 -*-`, on one of the first two lines, lower case with `-` for `_`.
fn coding_cookie(bytes: &[u8]) -> Option<String> {
    bytes.split(|byte| *byte == b'\n').take(2).find_map(|line| {
        let line = std::str::from_utf8(line).ok()?.trim_start().strip_prefix('#')?;
        let rest = line.split_once("coding").and_then(|(_, rest)| rest.strip_prefix([':', '=']))?.trim_start();
        let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || "-_.".contains(c))).unwrap_or(rest.len());
        let name = rest.get(..end)?.to_ascii_lowercase().replace('_', "-");
        (!name.is_empty()).then_some(name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Decodes, and what is written back is what was read.
    fn text(bytes: &[u8]) -> String {
        let decoded = decode(bytes).unwrap();
        assert_eq!(decoded.encoding.encode(&decoded.text).unwrap(), bytes);
        decoded.text
    }

    #[test]
    fn marks_and_cookies() {
        assert_eq!(text(b"\xef\xbb\xbfx = 1"), "x = 1");
        assert_eq!(text(b"\xff\xfex\0=\0\xe9\0"), "x=é");
        assert_eq!(text(b"\xfe\xff\0x\0="), "x=");
        assert_eq!(text(b"# -*- coding: latin-1 -*-\nx = '\xe9'"), "# -*- coding: latin-1 -*-\nx = 'é'");
        assert_eq!(
            text(b"#!/usr/bin/python\n# vim: set fileencoding=cp1252 :\n'\x80'"),
            "#!/usr/bin/python\n# vim: set fileencoding=cp1252 :\n'€'"
        );
        assert_eq!(text("# coding: utf-8\n'é'".as_bytes()), "# coding: utf-8\n'é'");
    }

    #[test]
    fn utf16_without_a_mark_is_seen() {
        assert_eq!(decode(b"x\0 \0=\0 \x001\0\n\0").unwrap().text, "x = 1\n");
    }

    #[test]
    fn what_is_not_utf8_is_latin_1_with_a_note() {
        let decoded = decode(b"a\n'\xe9'").unwrap();
        assert_eq!(decoded.text, "a\n'é'");
        assert!(decoded.note.unwrap().contains("line 2"));
    }

    #[test]
    fn binary_is_refused() {
        assert!(decode(b"\x7fELF\0\0\0\0\0\x01").is_err());
        assert!(Encoding::Latin1.encode("€").is_err());
    }
}
