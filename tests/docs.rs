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

/// The bookmarklet as an address: its source without comments, on one line.
fn bookmarklet() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("public/recorder/toolbar_bookmarklet.js");
    let source = fs::read_to_string(path).unwrap();
    let code = source.split('\n').filter(|line| !line.starts_with("//")).flat_map(str::split_whitespace);
    format!("javascript:{}", code.collect::<Vec<_>>().join(" "))
}

#[test]
fn the_bookmarklet_of_the_page_is_the_one_that_is_shipped() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/recording.md");
    let page = fs::read_to_string(&path).unwrap();
    let shown: Vec<&str> = page.split('\n').filter(|line| line.starts_with("javascript:")).collect();
    let [shown] = shown[..] else { panic!("one line of docs/recording.md starts with javascript:") };
    let current = bookmarklet();
    if std::env::var_os("UPDATE").is_some() {
        fs::write(path, page.replace(shown, &current)).unwrap();
    } else {
        assert_eq!(shown, current, "docs/recording.md is not current: run `make docs`");
    }
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

#[test]
fn what_the_page_says_of_recording_stands_in_the_documentation() {
    let how: serde_json::Value = serde_json::from_str(include_str!("../public/recorder/how.json")).unwrap();
    let documented = include_str!("../docs/recording.md");
    for source in how.as_array().unwrap() {
        if let Some(copy) = source["copy"].as_str() {
            assert!(documented.contains(copy), "{copy}");
        }
        if let Some(file) = source["file"].as_str() {
            assert!(std::path::Path::new("public/recorder").join(file).is_file(), "{file}");
        }
    }
}
