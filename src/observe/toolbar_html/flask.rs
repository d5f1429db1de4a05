//! What only Flask-DebugToolbar's page has: the link by which its SQLAlchemy panel runs a SELECT again.

use std::io::Read;

use flate2::read::ZlibDecoder;
use serde_json::Value;

use super::super::recorder::given;

/// A longer statement with its values is none.
const LONGEST: u64 = 1 << 20;

/// The values of `…/sql_select?query=…`, in the order of their marks: the query is `[statement, values]` as JSON, in
/// base64 and signed, packed where that is shorter (a dot in front says so).
pub(super) fn values(link: &str) -> Option<Vec<String>> {
    let (_, query) = link.split_once("query=")?;
    let (query, _) = query.split_once('&').unwrap_or((query, ""));
    let (payload, _signature) = query.rsplit_once('.')?;
    let json = match payload.strip_prefix('.') {
        Some(packed) => {
            let mut json = Vec::new();
            ZlibDecoder::new(&*base64(packed)?).take(LONGEST).read_to_end(&mut json).ok()?;
            json
        }
        None => base64(payload)?,
    };
    let signed: Value = serde_json::from_slice(&json).ok()?;
    let values = signed.get(1)?;
    // Flask-SQLAlchemy 3 records a list of sets.
    let set = match values.as_array().map(Vec::as_slice) {
        Some([only @ (Value::Array(_) | Value::Object(_))]) => only,
        _ => values,
    };
    given(signed.get(0)?.as_str()?, set)
}

/// With `-` and `_` for what addresses have another use for.
fn base64(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut held) = (0_u32, 0);
    for byte in text.bytes().filter(|byte| *byte != b'=') {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'-' | b'+' => 62,
            b'_' | b'/' => 63,
            _ => return None,
        };
        (bits, held) = (bits << 6 | u32::from(value), held + 6);
        if held >= 8 {
            held -= 8;
            out.push((bits >> held & 0xFF) as u8);
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stand_in_the_link() {
        // ["SELECT 1 WHERE a = ? AND b = ?",[[7,"x"]]]
        let plain = "WyJTRUxFQ1QgMSBXSEVSRSBhID0gPyBBTkQgYiA9ID8iLFtbNywieCJdXV0";
        let link = format!("/_debug_toolbar/views/sqlalchemy/sql_select?explain=False&query={plain}.c2ln&duration=1");
        assert_eq!(values(&link), Some(vec!["7".to_owned(), "x".to_owned()]));
        for odd in ["", "query=", "query=.", "query=..", "query=W10.s", "query=.W10.s", "query=%%.s", "query=bm8.s"] {
            assert_eq!(values(odd), None, "{odd}");
        }
    }
}
