//! Marks: what is known about a value besides the value.

use std::ops::{BitOr, BitOrAssign};

/// A set of marks; a value derived from marked values carries the union of their marks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Marks(u8);

impl Marks {
    /// No mark.
    pub const NONE: Marks = Marks(0);
    /// Must not be shown to people.
    pub const SENSITIVE: Marks = Marks(1);
    /// Must not be written to state or plan.
    pub const EPHEMERAL: Marks = Marks(2);

    /// Tells whether all of `other`'s marks are here.
    pub fn contains(self, other: Marks) -> bool {
        self.0 & other.0 == other.0
    }

    /// Tells whether there is no mark.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Returns the marks without those of `other`.
    #[must_use]
    pub fn without(self, other: Marks) -> Marks {
        Marks(self.0 & !other.0)
    }
}

impl BitOr for Marks {
    type Output = Marks;

    fn bitor(self, other: Marks) -> Marks {
        Marks(self.0 | other.0)
    }
}

impl BitOrAssign for Marks {
    fn bitor_assign(&mut self, other: Marks) {
        self.0 |= other.0;
    }
}
