//! Which quotes a file writes its strings in.

/// The quote character of most of a file's plain strings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quote {
    Single,
    Double,
}

/// Strings by which one of them leads where nobody looks further.
const LEAD: u32 = 100;

impl Quote {
    /// Counts the strings of a Python text, as far as it is open which are more; double quotes where there are as many or
    /// none.
    pub fn of(text: &str) -> Quote {
        let bytes = text.as_bytes();
        let (mut single, mut double) = (0u32, 0u32);
        let mut at = 0;
        while let Some(byte) = bytes.get(at).filter(|_| single.abs_diff(double) < LEAD) {
            match byte {
                b'#' => at += bytes[at..].iter().position(|b| matches!(b, b'\n' | b'\r')).unwrap_or(bytes.len() - at),
                b'\'' | b'"' => {
                    let triple = bytes.get(at + 1) == Some(byte) && bytes.get(at + 2) == Some(byte);
                    match (triple, byte) {
                        (true, _) => {}
                        (false, b'\'') => single += 1,
                        (false, _) => double += 1,
                    }
                    at = end_of_string(bytes, at, *byte, triple);
                }
                _ => at += 1,
            }
        }
        if single > double { Quote::Single } else { Quote::Double }
    }

    /// A string literal of a name.
    pub fn text(self, name: &str) -> String {
        match self {
            Quote::Single => format!("'{name}'"),
            Quote::Double => format!("\"{name}\""),
        }
    }
}

/// Offset after the string that opens at `at`. A plain string that is not closed ends with its line.
fn end_of_string(bytes: &[u8], at: usize, quote: u8, triple: bool) -> usize {
    let width = if triple { 3 } else { 1 };
    let mut at = at + width;
    while let Some(byte) = bytes.get(at) {
        if *byte == b'\\' {
            at += 2;
        } else if *byte == quote && (!triple || bytes[at..].starts_with(&[quote; 3])) {
            return at + width;
        } else if !triple && matches!(byte, b'\n' | b'\r') {
            return at;
        } else {
            at += 1;
        }
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_majority_of_plain_strings_decides() {
        assert_eq!(Quote::of("x = 'a' + 'b' + \"c\""), Quote::Single);
        assert_eq!(Quote::of("x = \"it's\"  # 'a' 'b' 'c'"), Quote::Double);
        assert_eq!(Quote::of("'''doc \" ''' \n'a\nb = \"x\"; c = \"y\""), Quote::Double);
        assert_eq!(Quote::of(""), Quote::Double);
        assert_eq!(Quote::of("'\\"), Quote::Single);
    }
}
