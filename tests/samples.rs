//! The samples that the page offers: each is what its entry says, and gives what it promises.
//!
//! `UPDATE=1` writes `forum.zip` again from tests/samples/forum.

use std::fs;
use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};

use roundtrip::intake::{Item, Kind, Limits, gather, unpack_zip};
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
fn the_index_names_six_samples_that_are_there() {
    let index: Vec<serde_json::Value> = serde_json::from_slice(&sample("index.json")).unwrap();
    let of = |kind: &str| index.iter().filter(|entry| entry["kind"] == kind).count();
    assert_eq!((of("code"), of("log")), (3, 3));
    for entry in &index {
        assert!(!entry["title"].as_str().unwrap().is_empty() && !entry["text"].as_str().unwrap().is_empty());
        assert!(entry["kind"] == "log" || !sample(entry["file"].as_str().unwrap()).is_empty());
    }
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
