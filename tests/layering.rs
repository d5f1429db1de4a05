//! Who may know whom: every `crate::` path in src/ is held against this table, which is the one of ARCHITECTURE.md.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// A room (a file or folder under src/) and the rooms that it may use.
const ROOMS: &[(&str, &str)] = &[
    ("model", ""),
    ("config", "model"),
    ("text", "model"),
    ("schema", "model"),
    ("sql", "model text schema trace"),
    ("python", "model text"),
    ("template", "model text"),
    ("trace", "model schema"),
    ("project", "model text schema python template trace sql"),
    ("predict", "model text schema sql python template project trace"),
    ("intake", "model text"),
    ("observe", "model text schema sql trace intake"),
    ("workload", "model trace"),
    ("rewrite", "model text python"),
    ("rules", "model text config schema sql project trace workload rewrite"),
    ("join", "model"),
    (
        "review",
        "model config text schema sql python template project predict trace observe workload rewrite rules join intake",
    ),
    ("export", "model text rules"),
    ("protocol", "model"),
    ("present", "model text python review rules protocol sql"),
    ("cli", "model config text schema sql intake observe review rules export"),
    ("app", "model text protocol intake"),
    ("worker", "model text config protocol intake review observe present rules sql export trace workload"),
];

fn rust_files(folder: &Path, out: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            rust_files(&path, out);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            out.push(path);
        }
    }
}

/// The first names after each `crate::`, those of a group included: `crate::{model, text::Source}`.
fn used_rooms(text: &str) -> BTreeSet<String> {
    let mut out = BTreeSet::new();
    let code: String = text.split_inclusive('\n').filter(|line| !line.trim_start().starts_with("//")).collect();
    for (at, found) in code.match_indices("crate::") {
        // `$crate::` in a macro is a path like any other; `pub(crate)` has no colons.
        let rest = &code[at + found.len()..];
        match rest.strip_prefix('{') {
            Some(group) => {
                let mut depth = 0;
                let mut word = String::new();
                for c in group.chars() {
                    match c {
                        '{' => depth += 1,
                        '}' if depth == 0 => break,
                        '}' => depth -= 1,
                        ',' if depth == 0 => {
                            out.insert(std::mem::take(&mut word));
                        }
                        _ if depth == 0 => word.push(c),
                        _ => {}
                    }
                }
                out.insert(word);
            }
            None => {
                out.insert(rest.to_owned());
            }
        }
    }
    let name = |path: &String| path.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    out.iter().map(name).filter(|room: &String| !room.is_empty()).collect()
}

#[test]
fn every_room_uses_only_what_it_may() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let allowed: BTreeMap<&str, BTreeSet<&str>> =
        ROOMS.iter().map(|(room, uses)| (*room, uses.split_whitespace().collect())).collect();
    let mut files = Vec::new();
    rust_files(&src, &mut files);
    let mut wrong = Vec::new();
    for file in files {
        let inside = file.strip_prefix(&src).unwrap().to_string_lossy().replace('\\', "/");
        let room = inside.split('/').next().unwrap().trim_end_matches(".rs").to_owned();
        if matches!(room.as_str(), "lib" | "bin") {
            continue;
        }
        let Some(uses) = allowed.get(room.as_str()) else {
            wrong.push(format!("{inside}: the room `{room}` is not in the table"));
            continue;
        };
        for used in used_rooms(&fs::read_to_string(&file).unwrap()) {
            if used != room && !uses.contains(used.as_str()) {
                wrong.push(format!("{inside}: `{room}` may not use `{used}`"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_table_has_no_cycle() {
    let mut left: BTreeMap<&str, BTreeSet<&str>> =
        ROOMS.iter().map(|(room, uses)| (*room, uses.split_whitespace().collect())).collect();
    while let Some(free) = left.iter().find(|(_, uses)| uses.is_empty()).map(|(room, _)| *room) {
        left.remove(free);
        for uses in left.values_mut() {
            uses.remove(free);
        }
    }
    assert!(left.is_empty(), "these wait for each other: {left:?}");
}

#[test]
fn paths_are_read_with_their_groups() {
    let rooms =
        used_rooms("use crate::{model::{A, B}, text::Source};\nfn f() -> crate::sql::Dialect {}\n// crate::app\n");
    assert_eq!(rooms, ["model", "sql", "text"].map(str::to_owned).into());
}
