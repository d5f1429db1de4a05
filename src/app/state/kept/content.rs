//! How the store holds an entry and a workspace's text.

use js_sys::Array;
use web_sys::Blob;

use crate::app::state::snapshot::Listed;
use crate::app::state::{Entry, Part, Standing};

/// The parts of an entry, cut out of its content.
pub(in crate::app::state) fn entry(listed: &Listed, content: &Blob) -> Option<Entry> {
    let mut from = 0.0;
    let mut parts = Vec::with_capacity(listed.parts.len());
    for (name, size) in &listed.parts {
        let to = from + *size as f64;
        if to > content.size() {
            return None;
        }
        parts.push(Part::new(name.clone(), content.slice_with_f64_and_f64(from, to).ok()?));
        from = to;
    }
    let standing = match &listed.aside {
        Some(why) => Standing::SetAside(why.clone()),
        None => Standing::Waiting,
    };
    let Listed { id, name, format, sample, before, .. } = listed.clone();
    Some(Entry { id, name, parts, format, before, sample, standing })
}

/// All parts one after the other: one blob for ten thousand files.
pub(super) fn content(parts: &[Part]) -> Option<Blob> {
    let blobs: Array = parts.iter().map(|part| part.blob.clone()).collect();
    Blob::new_with_blob_sequence(&blobs).ok()
}

/// Workspaces are kept with the time of their last change in front, in milliseconds.
pub(super) fn stamp(text: &str) -> u64 {
    text.split_once('\n').and_then(|(stamp, _)| stamp.parse().ok()).unwrap_or(0)
}

pub(super) fn unstamped(text: &str) -> Option<&str> {
    text.split_once('\n').map(|(_, text)| text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::state::snapshot::Snapshot;

    #[test]
    fn the_last_change_stands_in_front() {
        let text = format!("1732226400000\n{}", Snapshot::default().write());
        assert_eq!((stamp(&text), stamp("x"), stamp("x\ny")), (1_732_226_400_000, 0, 0));
        assert_eq!(unstamped(&text).and_then(Snapshot::read), Some(Snapshot::default()));
    }
}
