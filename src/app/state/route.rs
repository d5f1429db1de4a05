//! What is shown, as it stands in the address: `#1/review?finding=0123456789abcdef&filter=blocker%20file%3Avi`.
//!
//! The leading number is the version of this spelling; an address of a version that is not known opens the inputs.

/// The four views, in the order of the header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum View {
    #[default]
    Inputs,
    Review,
    Queries,
    Rules,
}

impl View {
    pub const ALL: [View; 4] = [View::Inputs, View::Review, View::Queries, View::Rules];

    pub fn id(self) -> &'static str {
        match self {
            View::Inputs => "inputs",
            View::Review => "review",
            View::Queries => "queries",
            View::Rules => "rules",
        }
    }

    pub fn title(self) -> &'static str {
        match self {
            View::Inputs => "Inputs",
            View::Review => "Review",
            View::Queries => "Queries",
            View::Rules => "Rules",
        }
    }
}

const VERSION: &str = "1";

/// Everything that the address remembers. Absent choices are `None`; what is chosen in one view stays chosen while
/// another is shown.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Route {
    pub view: View,
    /// Key of a finding: see `Reviewed::find`.
    pub finding: Option<String>,
    /// Path of the file in the code view, where no finding says it.
    pub file: Option<String>,
    /// 1-based line of that file.
    pub line: Option<u32>,
    /// Words of the filter box of the findings.
    pub filter: String,
    /// A statement's fingerprint in Queries.
    pub shape: Option<String>,
    /// Id of a request in Queries.
    pub request: Option<String>,
    /// How its table of statements is sorted.
    pub sort: Option<String>,
    /// Words of the filter box of the statements.
    pub words: String,
    /// A rule's code in Rules.
    pub rule: Option<String>,
    /// Words of the filter box of the rules.
    pub search: String,
}

impl Route {
    /// From the address's hash, with or without its `#`. What is not understood is left out.
    pub fn parse(hash: &str) -> Route {
        let mut route = Route::default();
        let hash = hash.strip_prefix('#').unwrap_or(hash);
        let Some((VERSION, rest)) = hash.split_once('/') else { return route };
        let (view, query) = rest.split_once('?').unwrap_or((rest, ""));
        route.view = View::ALL.into_iter().find(|known| known.id() == view).unwrap_or_default();
        for pair in query.split('&') {
            let Some((name, value)) = pair.split_once('=') else { continue };
            let value = decoded(value);
            if value.is_empty() {
                continue;
            }
            match name {
                "finding" => route.finding = Some(value),
                "file" => route.file = Some(value),
                "line" => route.line = value.parse().ok(),
                "filter" => route.filter = value,
                "shape" => route.shape = Some(value),
                "request" => route.request = Some(value),
                "sort" => route.sort = Some(value),
                "words" => route.words = value,
                "search" => route.search = value,
                "rule" => route.rule = Some(value),
                _ => {}
            }
        }
        route
    }

    /// The hash that `parse` reads back, with its `#`.
    pub fn hash(&self) -> String {
        let line = self.line.map(|line| line.to_string());
        let some = |text| Some(text).filter(|text: &&String| !text.is_empty());
        let pairs = [
            ("finding", self.finding.as_ref()),
            ("file", self.file.as_ref()),
            ("line", line.as_ref()),
            ("filter", some(&self.filter)),
            ("shape", self.shape.as_ref()),
            ("request", self.request.as_ref()),
            ("sort", self.sort.as_ref()),
            ("words", some(&self.words)),
            ("rule", self.rule.as_ref()),
            ("search", some(&self.search)),
        ];
        let mut hash = format!("#{VERSION}/{}", self.view.id());
        let mut separator = '?';
        for (name, value) in pairs {
            if let Some(value) = value {
                hash.push(separator);
                hash.push_str(name);
                hash.push('=');
                encode(value, &mut hash);
                separator = '&';
            }
        }
        hash
    }
}

/// As `encodeURIComponent`, but a slash and a colon stay readable.
fn encode(text: &str, out: &mut String) {
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b'/' | b':' => {
                out.push(char::from(byte))
            }
            _ => {
                let digit = |value: u8| char::from_digit(u32::from(value), 16).unwrap_or('0').to_ascii_uppercase();
                out.extend(['%', digit(byte >> 4), digit(byte & 15)]);
            }
        }
    }
}

/// A sign of percent that no two digits follow stands for itself.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let pair = after.get(..2).and_then(|pair| std::str::from_utf8(pair).ok());
        match pair.and_then(|pair| u8::from_str_radix(pair, 16).ok()).filter(|_| *first == b'%') {
            Some(byte) => {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_reads_back() {
        let route = Route {
            view: View::Review,
            finding: Some("0123456789abcdef-2".into()),
            file: Some("app/größe & co.py".into()),
            line: Some(12),
            filter: "blocker family:n-plus-one 100%".into(),
            shape: Some("fedcba9876543210".into()),
            request: Some("r1=?#".into()),
            sort: Some("p95-up".into()),
            words: "count forum_post".into(),
            rule: Some("RT101".into()),
            search: "lock".into(),
        };
        let hash = route.hash();
        assert!(
            hash.starts_with("#1/review?finding=0123456789abcdef-2&file=app/gr%C3%B6%C3%9Fe%20%26%20co.py"),
            "{hash}"
        );
        assert_eq!(Route::parse(&hash), route);
        assert_eq!(Route::default().hash(), "#1/inputs");
    }

    #[test]
    fn what_is_not_understood_is_left_out() {
        assert_eq!(Route::parse(""), Route::default());
        assert_eq!(Route::parse("#2/review"), Route::default());
        assert_eq!(Route::parse("#1/nowhere?x=1&filter"), Route::default());
        assert_eq!(
            Route::parse("#1/rules?rule=%zz%4"),
            Route { view: View::Rules, rule: Some("%zz%4".into()), ..Route::default() }
        );
        assert_eq!(Route::parse("#1/review?line=-3&filter=%ff").filter, "\u{fffd}");
    }
}
