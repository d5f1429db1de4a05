//! A root says the same whether it is run alone, as a rewrite's check does, or after all others.

use std::fs;
use std::path::Path;

use super::tests::traces;
use super::{Project, run};
use crate::trace::{Origin, Trace};

fn collect(directory: &Path, root: &Path, out: &mut Vec<(String, String)>) {
    let mut entries: Vec<_> = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            collect(&path, root, out);
        } else if path.extension().is_some_and(|end| end == "py" || end == "html") {
            let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
            out.push((name, fs::read_to_string(&path).unwrap()));
        }
    }
}

fn name(trace: &Trace) -> Option<(crate::model::FileId, &str)> {
    match &trace.origin {
        Origin::Code { file, function, .. } => Some((*file, function)),
        Origin::Log { .. } => None,
    }
}

/// What a run numbers, in the order in which it is named.
fn renumbered(text: &str) -> String {
    let mut known: Vec<&str> = Vec::new();
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(|c: char| c.is_ascii_digit()) {
        let (before, after) = rest.split_at(at);
        let (number, behind) = after.split_at(after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len()));
        out.push_str(before);
        if before.ends_with(['#', '@']) || before.ends_with("row") {
            let known_at = known.iter().position(|one| *one == number).unwrap_or_else(|| {
                known.push(number);
                known.len() - 1
            });
            out.push_str(&known_at.to_string());
        } else {
            out.push_str(number);
        }
        rest = behind;
    }
    out + rest
}

fn told(project: &Project, trace: &Trace) -> Vec<String> {
    let events =
        trace.events.iter().map(|event| format!("{:?} {:?}", event.site.map(|s| project.place(s)), event.kind));
    let terms = format!("{:?} {}", trace.terms, trace.exact);
    events.chain([terms]).collect()
}

#[test]
fn a_root_says_the_same_alone_and_in_company() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/proof/django");
    let mut files = Vec::new();
    collect(&root.join("library"), &root, &mut files);
    let borrowed: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let (project, all) = traces(&borrowed);
    assert!(all.len() > 60, "{} roots", all.len());
    for expected in &all {
        let Some((file, function)) = name(expected) else { continue };
        let alone = run(&project, &|of, name| of == file && name.is_none_or(|name| name == function));
        let of_this = |trace: &&Trace| name(trace) == Some((file, function));
        let lines = |traces: &[Trace]| {
            let told: Vec<String> = traces.iter().filter(of_this).flat_map(|trace| told(&project, trace)).collect();
            renumbered(&told.join("\n"))
        };
        assert_eq!(lines(&all), lines(&alone), "{function} of {:?}", project.module(file).source.path);
    }
}
