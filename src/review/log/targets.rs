//! What is usual for an endpoint that nobody gave a budget: fewer than ten statements for a list and fewer than five for
//! a detail, 200 ms for 95 and 500 ms for 99 of a hundred requests.

use crate::config::{Config, Preset, fits};
use crate::model::{Budget, EndpointKind};

/// Names of budgets that stand for all endpoints of a kind.
const LIST: &str = "list";
const DETAIL: &str = "detail";

/// What the requests of an endpoint are held against.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Target<'c> {
    pub budget: Budget,
    pub kind: Option<EndpointKind>,
    /// See [`crate::model::Endpoint::held`].
    pub held: bool,
    /// The pattern of the configuration that it is from.
    pub pattern: Option<&'c str>,
}

pub fn target<'c>(name: &str, config: &'c Config) -> Target<'c> {
    let kind = config.endpoints.iter().find(|(pattern, _)| is_of(pattern, name)).map(|(_, kind)| *kind);
    let kind = kind.or_else(|| by_path(name));
    let of_kind = match kind {
        Some(EndpointKind::List) => Some(LIST),
        Some(EndpointKind::Detail) => Some(DETAIL),
        None => None,
    };
    let own = config.budgets.iter().find(|(pattern, _)| is_of(pattern, name));
    let chosen = own.or_else(|| config.budgets.iter().find(|(pattern, _)| Some(pattern.as_str()) == of_kind));
    if let Some((pattern, budget)) = chosen {
        return Target { budget: budget.clone(), kind, held: true, pattern: Some(pattern) };
    }
    let queries = match kind {
        Some(EndpointKind::List) => Some(9),
        Some(EndpointKind::Detail) => Some(4),
        None => None,
    };
    let timed = kind.is_some() || method(name).is_some();
    let budget = Budget { queries, p95_ms: timed.then_some(200.0), p99_ms: timed.then_some(500.0), duplicates: None };
    Target { budget, kind, held: timed && config.preset == Preset::Seeds, pattern: None }
}

/// A budget of all endpoints of a kind, which need not be there.
pub fn is_of_kind(pattern: &str) -> bool {
    matches!(pattern, LIST | DETAIL)
}

/// A saved page names the address only: there, the method of a pattern says nothing.
fn is_of(pattern: &str, name: &str) -> bool {
    let address = pattern.split_once(' ').map(|(_, address)| address).filter(|_| name.starts_with('/'));
    fits(pattern, name) || address.is_some_and(|address| fits(address, name))
}

/// The method and the address of a request; `None` for what is none: a session, a test, a task.
fn method(name: &str) -> Option<(&str, &str)> {
    const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    match name.split_once(' ') {
        Some((method, address)) => (METHODS.contains(&method) && address.contains('/')).then_some((method, address)),
        None => name.starts_with('/').then_some(("GET", name)),
    }
}

/// What is read under an address: one thing, where it ends in a key or leads from a key to no list.
fn by_path(name: &str) -> Option<EndpointKind> {
    let (_, address) = method(name).filter(|(method, _)| matches!(*method, "GET" | "HEAD"))?;
    let mut parts = address.rsplit('/').filter(|part| !part.is_empty());
    let last = parts.next().unwrap_or_default();
    let before = parts.next().unwrap_or_default();
    let listed = |part: &str| part.ends_with('s') && !part.ends_with("ss");
    // `/topics/5/`, `/topics/a-slug/`, `/topics/5/edit/`; `/topics/5/posts/` is a list.
    let detail = is_key(last) || (last.contains('-') && listed(before)) || (is_key(before) && !listed(last));
    Some(if detail { EndpointKind::Detail } else { EndpointKind::List })
}

/// A number, a UUID or a hash, or the place of one in a pattern: `{id}`, `<int:pk>`, `:id`.
fn is_key(part: &str) -> bool {
    let place = part.starts_with(['{', '<', ':', '(']);
    let digits = part.bytes().filter(u8::is_ascii_digit).count();
    let hex = part.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    place || (digits > 0 && (digits == part.len() || (hex && part.len() >= 8)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_tells_a_list_from_a_detail() {
        let (list, detail) = (Some(EndpointKind::List), Some(EndpointKind::Detail));
        for (name, kind) in [
            ("GET /", list),
            ("GET /api/topics/", list),
            ("GET /api/v2/topics/", list),
            ("GET /topics/5/posts/", list),
            ("GET /forum/", list),
            ("GET /how-to/", list),
            ("/topics", list),
            ("GET /topics/5/", detail),
            ("GET /topics/5/edit/", detail),
            ("GET /topics/a-good-one/", detail),
            ("GET /checks/0ba8b8f8-9d5c-4a6f-8a2c-5c1f7f1c2a51/", detail),
            ("GET /topics/{id}", detail),
            ("GET /topics/<int:pk>/", detail),
            ("POST /topics/", None),
            ("test_views.py::test_list", None),
            ("outside of requests", None),
            ("session 12", None),
        ] {
            assert_eq!(by_path(name), kind, "{name}");
        }
    }

    #[test]
    fn the_configuration_comes_first_and_a_kind_may_have_another_budget() {
        let of = |queries| Budget { queries: Some(queries), ..Budget::default() };
        let mut config = Config::default();
        let usual = target("GET /topics/", &config);
        assert_eq!((usual.budget.queries, usual.budget.p95_ms, usual.held), (Some(9), Some(200.0), false));
        assert_eq!(target("GET /topics/5/", &config).budget.queries, Some(4));
        assert_eq!(target("POST /topics/", &config).budget.p99_ms, Some(500.0));
        assert_eq!(target("test_list", &config), Target::default());
        config.endpoints = vec![("GET /me/".to_owned(), EndpointKind::Detail)];
        assert_eq!(target("GET /me/", &config).budget.queries, Some(4));
        config.budgets = vec![("detail".to_owned(), of(6)), ("GET /me/".to_owned(), of(20))];
        let own = target("GET /me/", &config);
        assert_eq!((own.budget.queries, own.held, own.pattern), (Some(20), true, Some("GET /me/")));
        assert_eq!(target("GET /topics/5/", &config).budget, of(6));
        assert!(!target("GET /topics/", &config).held);
        config.preset = Preset::Seeds;
        assert!(target("GET /topics/", &config).held);
    }
}
