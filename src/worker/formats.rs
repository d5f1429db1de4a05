//! What each engine can read, for the page to offer.

use crate::intake::Kind;
use crate::observe;
use crate::protocol::FormatDoc;

pub fn code() -> Vec<FormatDoc> {
    Kind::CODE.map(|kind| doc(kind.id(), kind.description())).into()
}

pub fn log() -> Vec<FormatDoc> {
    observe::formats().iter().map(|format| doc(format.id, format.description)).collect()
}

fn doc(id: &str, description: &str) -> FormatDoc {
    FormatDoc { id: id.to_owned(), description: description.to_owned() }
}
