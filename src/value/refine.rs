//! What is known about an unknown value.

use ecow::EcoString;

use crate::{Number, Type, Value};

/// Bounds on what an unknown value can become; the default says nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Refinement {
    /// It will not be null.
    pub not_null: bool,
    /// A string that starts with this.
    pub prefix: Option<EcoString>,
    /// A number not below this; the flag says whether the bound itself is possible.
    pub number_min: Option<(Number, bool)>,
    /// A number not above this; the flag says whether the bound itself is possible.
    pub number_max: Option<(Number, bool)>,
    /// A collection of at least so many elements.
    pub length_min: Option<u64>,
    /// A collection of at most so many elements.
    pub length_max: Option<u64>,
}

impl Refinement {
    /// Returns the refinement that only says "not null".
    pub fn not_null() -> Refinement {
        Refinement { not_null: true, ..Refinement::default() }
    }

    /// Tells whether nothing is known.
    pub fn is_empty(&self) -> bool {
        *self == Refinement::default()
    }
}

/// An unknown value's type and bounds.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Unknown {
    pub(crate) ty: Type,
    pub(crate) refinement: Refinement,
}

impl Value {
    /// Adds bounds to an unknown value; a known value stays as it is.
    ///
    /// Bounds that leave one possible value (a number with equal inclusive bounds, a collection of length 0) make
    /// the value known.
    #[must_use]
    pub fn refine(self, add: Refinement) -> Value {
        crate::operations::refine(self, add)
    }

    /// Says of an unknown value that it will not be null; known values stay as they are.
    #[must_use]
    pub fn refine_not_null(self) -> Value {
        self.refine(Refinement::not_null())
    }
}
