//! What a value *is*, as text: equal text, equal value (within one run).

use std::rc::Rc;

use crate::trace::ValueChange;

/// A value's name for itself, with the marks of all that it was made from.
///
/// A mark is the number of a loop (the value changes from turn to turn) or of a cache read (it derives from it).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sym {
    pub text: Rc<str>,
    pub marks: Rc<[u32]>,
    /// The value was read from a cache and changed since.
    pub change: Option<ValueChange>,
}

/// Longer texts are replaced by their hash: equality is all that they are for.
const LONGEST: usize = 240;

impl Sym {
    pub fn new(text: impl AsRef<str>) -> Self {
        Self { text: cut(text.as_ref()), marks: Rc::from([]), change: None }
    }

    /// `text`, made from `parts`.
    pub fn of<'a>(text: impl AsRef<str>, parts: impl IntoIterator<Item = &'a Sym>) -> Self {
        let mut marks: Vec<u32> = Vec::new();
        let mut change = None;
        for part in parts {
            marks.extend(part.marks.iter().filter(|m| !marks.contains(m)).copied().collect::<Vec<_>>());
            change = change.or(part.change);
        }
        marks.sort_unstable();
        Self { text: cut(text.as_ref()), marks: Rc::from(marks), change }
    }

    pub fn marked(mut self, mark: u32) -> Self {
        if !self.marks.contains(&mark) {
            let mut marks = self.marks.to_vec();
            marks.push(mark);
            marks.sort_unstable();
            self.marks = Rc::from(marks);
        }
        self
    }

    pub fn changed(mut self, change: ValueChange) -> Self {
        self.change = match (self.change, change) {
            (Some(ValueChange::Mutation), _) | (_, ValueChange::Mutation) => Some(ValueChange::Mutation),
            _ => Some(change),
        };
        self
    }

    pub fn attr(&self, name: &str) -> Self {
        Self { text: cut(&format!("{}.{name}", self.text)), ..self.clone() }
    }

    /// Whether both are one and the same, as far as that is seen at a glance.
    pub fn is(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.text, &other.text) && Rc::ptr_eq(&self.marks, &other.marks) && self.change == other.change
    }

    pub fn has(&self, mark: u32) -> bool {
        self.marks.contains(&mark)
    }
}

fn cut(text: &str) -> Rc<str> {
    if text.len() <= LONGEST {
        return Rc::from(text);
    }
    // FNV-1a, 64 bit.
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
    Rc::from(format!("…{hash:016x}"))
}
