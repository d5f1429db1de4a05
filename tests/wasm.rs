//! The code engine as a browser's worker runs it: files as blobs, questions and answers as the bytes that are posted,
//! offsets as the page counts them.
#![cfg(target_family = "wasm")]

use js_sys::{Array, Uint8Array};
use roundtrip::protocol::{Answer, Ask, Item, Options, Row, wire};
use roundtrip::worker::{BlobReader, Bytes, CodeDesk};
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
use web_sys::Blob;

// Only workers have the synchronous reader of files.
wasm_bindgen_test_configure!(run_in_dedicated_worker);

/// A foreign key read per row, behind letters of two UTF-16 units each.
const VIEWS: &str = "from django.db import models\n\n\nclass Forum(models.Model):\n    name = models.CharField(max_length=9)\n\n\n\
    class Topic(models.Model):\n    forum = models.ForeignKey(Forum, on_delete=models.CASCADE)\n\n\n\
    def names(request):\n    out = []\n    for topic in Topic.objects.all():\n        out.append((\"😀😀\", topic.forum.name))\n    return out\n";

fn blob(text: &str) -> Blob {
    let parts = Array::of1(&Uint8Array::from(text.as_bytes()));
    Blob::new_with_u8_array_sequence(&parts).unwrap()
}

/// As a worker answers: what is asked and what is answered cross as bytes.
fn ask(desk: &mut CodeDesk, ask: &Ask, files: Vec<Blob>) -> Answer {
    let ask: Ask = wire::decode(&wire::encode(ask).unwrap()).unwrap();
    let files = files.into_iter().map(|file| Box::new(BlobReader::new(file).unwrap()) as Bytes).collect();
    let answer = desk.answer(ask, files, &|_, _, _| {});
    wire::decode(&wire::encode(&answer).unwrap()).unwrap()
}

fn reviewed(desk: &mut CodeDesk) -> Box<roundtrip::protocol::Review> {
    let item = Item { name: "views.py".to_owned(), format: None, size: VIEWS.len() as u64, before: false };
    let question = Ask::Review { job: 1, items: vec![item], options: Options::default() };
    match ask(desk, &question, vec![blob(VIEWS)]) {
        Answer::Reviewed { job: 1, review } => review,
        other => panic!("{other:?}"),
    }
}

#[wasm_bindgen_test]
fn a_blob_is_reviewed() {
    let review = reviewed(&mut CodeDesk::default());
    let found: Vec<(&str, Option<u32>)> =
        review.report.findings.iter().map(|finding| (finding.rule.as_str(), finding.line)).collect();
    assert_eq!(found, [("RT101", Some(15))]);
    assert!(review.report.findings[0].rewrite.is_some());
    assert_eq!(review.items[0].format, "python");
}

#[wasm_bindgen_test]
fn offsets_are_those_of_the_page() {
    let mut desk = CodeDesk::default();
    let review = reviewed(&mut desk);
    let file = &review.files[0];
    let row = file.row_of_line[&15];
    let rows = match ask(&mut desk, &Ask::Rows { job: 2, file: 0, from: row, to: row + 1 }, Vec::new()) {
        Answer::Rows { job: 2, rows, .. } => rows,
        other => panic!("{other:?}"),
    };
    let [Row { text, tokens, findings, trips, .. }] = &rows[..] else { panic!("{rows:?}") };
    assert_eq!((findings.as_slice(), trips.as_deref()), ([0].as_slice(), Some("N")));
    let line = js_sys::JsString::from(text.as_str());
    let texts: Vec<String> =
        tokens.iter().map(|token| String::from(line.slice(token.start, token.start + token.length))).collect();
    assert!(texts.iter().any(|token| token == "\"😀😀\""), "{texts:?}");
}

#[wasm_bindgen_test]
fn a_blob_is_read_in_pieces_and_from_anywhere() {
    use std::io::{Read, Seek, SeekFrom};
    let long: String = (0..400_000).map(|number| format!("{number:07} ")).collect();
    let mut reader = BlobReader::new(blob(&long)).unwrap();
    assert_eq!(reader.size(), long.len() as u64);
    let mut all = String::new();
    reader.read_to_string(&mut all).unwrap();
    assert!(all == long);
    reader.seek(SeekFrom::End(-8)).unwrap();
    let mut last = String::new();
    reader.read_to_string(&mut last).unwrap();
    assert_eq!(last, "0399999 ");
}
