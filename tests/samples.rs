//! The samples that the page offers: each is what its entry says, and gives what it promises.
//!
//! `UPDATE=1` writes `forum.zip` again from tests/samples/forum.

use std::fs;
use std::io::{Cursor, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use roundtrip::config::Config;
use roundtrip::intake::{Item, Kind, Limits, gather, unpack_zip};
use roundtrip::model::{Confidence, Severity};
use roundtrip::review::Logs;
use zip::write::SimpleFileOptions;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

fn sample(name: &str) -> Vec<u8> {
    fs::read(root().join("public/samples").join(name)).unwrap()
}

/// Path below `folder` with content, sorted.
fn files_below(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut out = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().to_string_lossy().replace('\\', "/");
                out.push((name, fs::read(path).unwrap()));
            }
        }
    }
    out.sort();
    out
}

#[test]
fn each_code_sample_is_recognised() {
    for (name, kind) in [("dashboard.diff", Kind::Diff), ("forum.zip", Kind::Zip), ("lockout.py", Kind::Python)] {
        let item = Item { name: name.to_owned(), bytes: sample(name), format: None };
        let gathered = gather(vec![item]);
        assert_eq!(gathered.outcomes[0].format, kind.id());
        assert!(gathered.outcomes[0].errors.is_empty() && gathered.outcomes[0].files > 0);
    }
}

/// The codes that a log's sample is there to show.
fn shown_by(name: &str) -> &'static [&'static str] {
    match name {
        "toolbar-page.html" | "django.log" => &["RT101", "RT304", "RT201"],
        // Without request boundaries a repeat may be another request's.
        "queries.json" => &["RT101", "RT201"],
        other => panic!("nothing is promised of {other}"),
    }
}

#[test]
fn each_log_sample_shows_what_it_is_there_for() {
    for name in ["toolbar-page.html", "queries.json", "django.log"] {
        let mut logs = Logs::new(Config::default());
        let mut bytes = Cursor::new(sample(name));
        let outcome = logs.read(name, None, &mut bytes, &mut |_| ControlFlow::Continue(())).unwrap();
        assert!(outcome.errors.is_empty() && outcome.statements >= 12, "{name}: {outcome:?}");
        let review = logs.finish();
        let findings = &review.report.findings;
        let codes: Vec<&str> = findings.iter().map(|finding| finding.rule.as_str()).collect();
        assert_eq!(codes, shown_by(name), "{name}");
        assert!(findings[0].confidence >= Confidence::Likely && findings[0].severity >= Severity::Warning, "{name}");
        let placed = findings.iter().all(|finding| finding.path.as_deref().is_some_and(|path| path.ends_with(".py")));
        assert_eq!(placed, name == "toolbar-page.html", "only the toolbar records stacks");
        let loops = review.requests.iter().flat_map(|request| request.bars.iter().flatten());
        assert_eq!(loops.filter(|bar| bar.count > 1).map(|bar| bar.count).collect::<Vec<_>>(), [5], "{name}");
    }
}

#[test]
fn the_archive_holds_the_files_of_the_folder() {
    let files = files_below(&root().join("tests/samples/forum"));
    if std::env::var_os("UPDATE").is_some() {
        let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for (path, content) in &files {
            writer.start_file(path, SimpleFileOptions::default()).unwrap();
            writer.write_all(content).unwrap();
        }
        fs::write(root().join("public/samples/forum.zip"), writer.finish().unwrap().into_inner()).unwrap();
    }
    let mut unpacked = unpack_zip("forum.zip", &sample("forum.zip"), Limits::default()).unwrap().files;
    unpacked.sort();
    assert_eq!(unpacked, files);
}
