//! What a difference is: a tree of marks, ready to be written down.

/// What happens to a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    Same,
    Add,
    Remove,
    Change,
}

impl Mark {
    /// Returns the mark of a whole whose parts have these marks.
    pub(super) fn of_parts(parts: impl IntoIterator<Item = Mark>) -> Mark {
        if parts.into_iter().all(|mark| mark == Mark::Same) { Mark::Same } else { Mark::Change }
    }
}

/// The difference between two values.
#[derive(Debug)]
pub(super) struct Diff {
    pub(super) mark: Mark,
    pub(super) shape: Shape,
    /// The object is replaced because of it.
    pub(super) forces: bool,
    /// A remark that stands in a line above.
    pub(super) note: Option<&'static str>,
}

impl Diff {
    pub(super) fn new(mark: Mark, shape: Shape) -> Diff {
        Diff { mark, shape, forces: false, note: None }
    }
}

/// What a value looks like.
#[derive(Debug)]
pub(super) enum Shape {
    /// Text of one line on each side.
    Plain { before: Option<String>, after: Option<String> },
    /// Known only after the apply.
    Unknown { before: Option<Box<Diff>> },
    /// Not to be shown.
    Sensitive,
    /// Never stored, so there is nothing to show.
    WriteOnly,
    /// Text of several lines.
    Text { before: Option<String>, after: Option<String> },
    /// Text that says a structure, by the function that writes such text.
    Encoded { function: &'static str, inner: Box<Diff> },
    /// An object or a map.
    Members(Members),
    /// A list, a tuple or a set.
    Elements { elements: Vec<Diff>, has_order: bool },
    /// Two values that have nothing in common.
    Retyped { before: Box<Diff>, after: Box<Diff> },
}

/// What is in an object or a map.
#[derive(Debug)]
pub(super) struct Members {
    pub(super) entries: Vec<Entry>,
    /// What an entry is called.
    pub(super) noun: &'static str,
    /// Removed entries say that they become null.
    pub(super) says_null: bool,
    /// They are objects whose attributes have properties of their own, written like elements of a list.
    pub(super) is_nested_map: bool,
}

/// An entry of an object or a map.
#[derive(Debug)]
pub(super) struct Entry {
    /// The name as it is written.
    pub(super) key: String,
    pub(super) diff: Diff,
    /// Helps to recognise the object, so it is shown even if it stays the same.
    pub(super) is_landmark: bool,
}

/// The difference between two blocks.
#[derive(Debug)]
pub(super) struct BlockDiff {
    pub(super) mark: Mark,
    pub(super) forces: bool,
    pub(super) attributes: Vec<Entry>,
    pub(super) blocks: Vec<NestedDiff>,
}

/// A nested block.
#[derive(Debug)]
pub(super) struct NestedDiff {
    /// The block type, with the label of a keyed block.
    pub(super) header: String,
    /// Nothing if it is not known yet which blocks there are.
    pub(super) block: Option<BlockDiff>,
}

impl NestedDiff {
    pub(super) fn mark(&self) -> Mark {
        self.block.as_ref().map_or(Mark::Change, |block| block.mark)
    }
}
