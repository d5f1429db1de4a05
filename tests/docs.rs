//! The pages of docs/ that are made from the code are current. `make docs` (`UPDATE=1`) writes them again.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use roundtrip::export::catalogue;
use roundtrip::intake::Kind;
use roundtrip::observe;
use roundtrip::rules::{Meta, registry};

/// Path below docs/ → text.
fn pages() -> BTreeMap<String, String> {
    let metas: Vec<&Meta> = registry::all().map(|rule| rule.meta()).collect();
    let mut pages: BTreeMap<String, String> =
        metas.iter().map(|meta| (format!("rules/{}", catalogue::file_name(meta)), catalogue::page(meta))).collect();
    pages.insert("rules/README.md".to_owned(), catalogue::index(&metas));
    let code: Vec<(&str, &str)> = Kind::CODE.iter().map(|kind| (kind.id(), kind.description())).collect();
    let logs: Vec<(&str, &str)> = observe::formats().iter().map(|format| (format.id, format.description)).collect();
    pages.insert("formats.md".to_owned(), catalogue::formats(&code, &logs));
    pages
}

#[test]
fn the_pages_are_those_of_the_code() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    let pages = pages();
    let rules = docs.join("rules");
    if std::env::var_os("UPDATE").is_some() {
        let _ = fs::remove_dir_all(&rules);
        fs::create_dir_all(&rules).unwrap();
        for (path, text) in &pages {
            fs::write(docs.join(path), text).unwrap();
        }
    }
    for (path, text) in &pages {
        let written = fs::read_to_string(docs.join(path)).unwrap_or_default();
        assert!(written == *text, "docs/{path} is not current: run `make docs`");
    }
    for entry in fs::read_dir(rules).unwrap() {
        let name = format!("rules/{}", entry.unwrap().file_name().to_string_lossy());
        assert!(pages.contains_key(&name), "docs/{name} is of no rule: run `make docs`");
    }
}
