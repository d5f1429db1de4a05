//! `roundtrip.toml`, and the table `[tool.roundtrip]` of `pyproject.toml`.
//!
//! ```toml
//! preset = "seeds"
//! select = ["n-plus-one", "RT201"]
//! ignore = ["unindexed-order"]
//! hints = true
//! dialect = "mysql"
//! django = "5.2"
//!
//! [severity]
//! RT401 = "warning"
//!
//! [thresholds]
//! n-plus-one = 5
//!
//! [per-file-ignores]
//! "scripts/**" = ["RT101"]
//!
//! [budgets."GET /forum/*"]
//! queries = 10
//! p95-ms = 200
//!
//! [budgets.detail]
//! queries = 6
//!
//! [endpoints]
//! detail = ["GET /me/"]
//! ```

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use crate::model::{Budget, EndpointKind, InputError, Severity};

use super::{Config, Preset, Thresholds};

/// The files that are looked for, in this order.
pub const NAMES: [&str; 2] = ["roundtrip.toml", "pyproject.toml"];

/// What a file says, with the words that must name rules: which rules there are is not known here.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Read {
    pub config: Config,
    pub words: Vec<Word>,
}

/// A code, name or family that the file names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    pub text: String,
    pub line: u32,
}

#[derive(Deserialize)]
struct PyProject {
    tool: Option<Tools>,
}

#[derive(Deserialize)]
struct Tools {
    roundtrip: Option<File>,
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
struct File {
    preset: Option<PresetName>,
    select: Vec<Spanned<String>>,
    ignore: Vec<Spanned<String>>,
    hints: bool,
    dialect: Option<DialectName>,
    django: Option<Spanned<String>>,
    severity: BTreeMap<Spanned<String>, Severity>,
    thresholds: Numbers,
    #[serde(alias = "per_file_ignores")]
    per_file_ignores: BTreeMap<String, Vec<Spanned<String>>>,
    budgets: BTreeMap<String, Spanned<Limit>>,
    endpoints: Kinds,
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
struct Kinds {
    list: Vec<String>,
    detail: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum PresetName {
    Default,
    Seeds,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum DialectName {
    Postgres,
    Mysql,
    Sqlite,
    Generic,
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
struct Numbers {
    #[serde(alias = "n_plus_one")]
    n_plus_one: Option<u32>,
    #[serde(alias = "mergeable_counts")]
    mergeable_counts: Option<u32>,
    #[serde(alias = "constant_loop")]
    constant_loop: Option<u32>,
    #[serde(alias = "slow_query_ms")]
    slow_query_ms: Option<u32>,
    #[serde(alias = "misestimate_factor")]
    misestimate_factor: Option<u32>,
    #[serde(alias = "cache_hit_rate")]
    cache_hit_rate: Option<u32>,
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
struct Limit {
    queries: Option<u64>,
    #[serde(alias = "p95_ms")]
    p95_ms: Option<f64>,
    #[serde(alias = "p99_ms")]
    p99_ms: Option<f64>,
    duplicates: Option<u64>,
}

/// Reads a configuration file; `Ok(None)` for a `pyproject.toml` without the table.
///
/// # Errors
/// Names the line, and what was expected there.
pub fn parse(path: &str, text: &str) -> Result<Option<Read>, InputError> {
    let file = if path.rsplit(['/', '\\']).next() == Some("pyproject.toml") {
        from_toml::<PyProject>(path, text)?.tool.and_then(|tools| tools.roundtrip)
    } else {
        Some(from_toml::<File>(path, text)?)
    };
    file.map(|file| file.into_config(path, text)).transpose()
}

/// Reads a file of budgets: the tables `[budgets."GET /forum/"]` of a configuration file, or `["GET /forum/"]` alone.
///
/// # Errors
/// Names the line, and what was expected there.
pub fn parse_budgets(path: &str, text: &str) -> Result<Vec<(String, Budget)>, InputError> {
    #[derive(Deserialize)]
    struct Outer {
        budgets: Option<toml::Value>,
    }
    if from_toml::<Outer>(path, text)?.budgets.is_none() {
        let limits = from_toml::<BTreeMap<String, Spanned<Limit>>>(path, text)?;
        return budgets(limits, path, text);
    }
    Ok(parse(path, text)?.map(|read| read.config.budgets).unwrap_or_default())
}

fn from_toml<T: serde::de::DeserializeOwned>(path: &str, text: &str) -> Result<T, InputError> {
    toml::from_str(text).map_err(|error| {
        let line = error.span().map(|span| line_of(text, span.start));
        InputError { path: path.to_owned(), line, message: error.message().replace('\n', " ") }
    })
}

/// 1-based.
fn line_of(text: &str, offset: usize) -> u32 {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() as u32 + 1
}

impl File {
    fn into_config(self, path: &str, text: &str) -> Result<Read, InputError> {
        let mut words = Vec::new();
        let mut word = |spanned: Spanned<String>| {
            let line = line_of(text, spanned.span().start);
            words.push(Word { text: spanned.get_ref().clone(), line });
            spanned.into_inner()
        };
        let select = self.select.into_iter().map(&mut word).collect();
        let ignore = self.ignore.into_iter().map(&mut word).collect();
        let severity = self.severity.into_iter().map(|(rule, severity)| (word(rule), severity)).collect();
        let per_file_ignores = self
            .per_file_ignores
            .into_iter()
            .map(|(pattern, rules)| (pattern, rules.into_iter().map(&mut word).collect()))
            .collect();
        let usual = Thresholds::default();
        let numbers = self.thresholds;
        let thresholds = Thresholds {
            n_plus_one: numbers.n_plus_one.unwrap_or(usual.n_plus_one),
            mergeable_counts: numbers.mergeable_counts.unwrap_or(usual.mergeable_counts),
            constant_loop: numbers.constant_loop.unwrap_or(usual.constant_loop),
            slow_query_ms: numbers.slow_query_ms.unwrap_or(usual.slow_query_ms),
            misestimate_factor: numbers.misestimate_factor.unwrap_or(usual.misestimate_factor),
            cache_hit_rate: numbers.cache_hit_rate.unwrap_or(usual.cache_hit_rate),
        };
        let django = match self.django {
            None => None,
            Some(version) => Some(django_version(version.get_ref()).ok_or_else(|| InputError {
                path: path.to_owned(),
                line: Some(line_of(text, version.span().start)),
                message: format!("expected a Django version such as \"5.2\", found {:?}", version.get_ref()),
            })?),
        };
        let config = Config {
            preset: match self.preset {
                Some(PresetName::Seeds) => Preset::Seeds,
                Some(PresetName::Default) | None => Preset::Default,
            },
            select,
            ignore,
            hints: self.hints,
            thresholds,
            severity,
            per_file_ignores,
            budgets: budgets(self.budgets, path, text)?,
            endpoints: self.endpoints.patterns(),
            dialect: self.dialect.map(|dialect| dialect.as_str().to_owned()),
            django,
            ..Config::default()
        };
        Ok(Read { config, words })
    }
}

impl Kinds {
    fn patterns(self) -> Vec<(String, EndpointKind)> {
        let of = |patterns: Vec<String>, kind| patterns.into_iter().map(move |pattern| (pattern, kind));
        of(self.detail, EndpointKind::Detail).chain(of(self.list, EndpointKind::List)).collect()
    }
}

impl DialectName {
    fn as_str(&self) -> &'static str {
        match self {
            DialectName::Postgres => "postgres",
            DialectName::Mysql => "mysql",
            DialectName::Sqlite => "sqlite",
            DialectName::Generic => "generic",
        }
    }
}

fn budgets(
    limits: BTreeMap<String, Spanned<Limit>>,
    path: &str,
    text: &str,
) -> Result<Vec<(String, Budget)>, InputError> {
    // The order of the file decides which pattern comes first.
    let mut limits: Vec<(String, Spanned<Limit>)> = limits.into_iter().collect();
    limits.sort_by_key(|(_, limit)| limit.span().start);
    limits
        .into_iter()
        .map(|(pattern, spanned)| {
            let line = line_of(text, spanned.span().start);
            let limit = spanned.into_inner();
            let budget = Budget {
                queries: limit.queries,
                p95_ms: limit.p95_ms,
                p99_ms: limit.p99_ms,
                duplicates: limit.duplicates,
            };
            let fail = |what: &str| InputError {
                path: path.to_owned(),
                line: Some(line),
                message: format!("the budget of {pattern:?} {what}; expected queries, p95-ms, p99-ms or duplicates"),
            };
            if budget == Budget::default() {
                return Err(fail("is empty"));
            }
            if [budget.p95_ms, budget.p99_ms].into_iter().flatten().any(|ms| !ms.is_finite() || ms < 0.0) {
                return Err(fail("has a time that is not a positive number"));
            }
            Ok((pattern, budget))
        })
        .collect()
}

/// `5.2`, `5.2.1`, `5` → `(5, 2)`, `(5, 2)`, `(5, 0)`.
pub fn django_version(text: &str) -> Option<(u8, u8)> {
    let mut parts = text.trim().split('.').map(str::parse::<u8>);
    let major = parts.next()?.ok()?;
    let minor = parts.next().unwrap_or(Ok(0)).ok()?;
    parts.all(|part| part.is_ok()).then_some((major, minor))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Config {
        parse("roundtrip.toml", text).unwrap().unwrap().config
    }

    fn error(text: &str) -> (u32, String) {
        let error = parse("roundtrip.toml", text).unwrap_err();
        (error.line.unwrap(), error.message)
    }

    #[test]
    fn the_example_of_this_file_is_read_whole() {
        let example: String = include_str!("read.rs")
            .split_inclusive('\n')
            .skip_while(|line| !line.starts_with("//! ```toml"))
            .skip(1)
            .take_while(|line| !line.starts_with("//! ```"))
            .map(|line| line.trim_start_matches("//!").trim_start_matches(' '))
            .collect();
        let config = read(&example);
        assert_eq!(config.preset, Preset::Seeds);
        assert_eq!(config.select, ["n-plus-one", "RT201"]);
        assert_eq!(config.ignore, ["unindexed-order"]);
        assert!(config.hints);
        assert_eq!(config.dialect.as_deref(), Some("mysql"));
        assert_eq!(config.django, Some((5, 2)));
        assert_eq!(config.severity["RT401"], Severity::Warning);
        assert_eq!(config.thresholds, Thresholds { n_plus_one: 5, ..Thresholds::default() });
        assert_eq!(config.per_file_ignores, [("scripts/**".to_owned(), vec!["RT101".to_owned()])]);
        let budget = Budget { queries: Some(10), p95_ms: Some(200.0), ..Budget::default() };
        let of_details = Budget { queries: Some(6), ..Budget::default() };
        assert_eq!(config.budgets, [("GET /forum/*".to_owned(), budget), ("detail".to_owned(), of_details)]);
        assert_eq!(config.endpoints, [("GET /me/".to_owned(), EndpointKind::Detail)]);
    }

    #[test]
    fn pyproject_is_read_only_in_its_table() {
        let text = "[project]\nname = \"x\"\n[tool.black]\nline-length = 1\n";
        assert_eq!(parse("a/pyproject.toml", text), Ok(None));
        let text = format!("{text}[tool.roundtrip]\nselect = [\"RT101\"]\n");
        let read = parse("a/pyproject.toml", &text).unwrap().unwrap();
        assert_eq!(read.config.select, ["RT101"]);
        assert_eq!(read.words, [Word { text: "RT101".to_owned(), line: 6 }]);
    }

    #[test]
    fn mistakes_are_told_with_their_line_and_what_was_expected() {
        let (line, message) = error("preset = \"seeds\"\nselekt = []\n");
        assert_eq!(line, 2);
        assert!(message.contains("selekt") && message.contains("expected"), "{message}");
        let (line, message) = error("\n[severity]\nRT101 = \"fatal\"\n");
        assert_eq!(line, 3);
        assert!(message.contains("blocker"), "{message}");
        assert_eq!(error("a = \n").0, 1);
        assert_eq!(error("\ndjango = \"new\"\n").0, 2);
        let (line, message) = error("[thresholds]\nn-plus-one = \"three\"\n");
        assert_eq!(line, 2);
        assert!(message.contains("expected u32"), "{message}");
        assert!(error("[budgets.\"GET /\"]\n").1.contains("is empty"));
    }

    #[test]
    fn budgets_stand_alone_or_in_a_configuration_and_keep_their_order() {
        let alone = parse_budgets("b.toml", "[\"GET /z\"]\nqueries = 1\n[\"GET /a\"]\np95_ms = 2\n").unwrap();
        assert_eq!(alone.iter().map(|(pattern, _)| pattern.as_str()).collect::<Vec<_>>(), ["GET /z", "GET /a"]);
        let within = parse_budgets("b.toml", "[budgets]\n\"GET /z\" = { queries = 1 }\n").unwrap();
        assert_eq!(within[0], alone[0]);
    }
}
