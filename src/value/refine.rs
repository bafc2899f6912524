//! What is known about an unknown value.

use ecow::EcoString;

use crate::value::Repr;
use crate::{Number, Type, Value};

/// A list of a known number of unknown elements is made up to this length; a longer one stays unknown as a whole.
const UNKNOWN_ELEMENTS_MAX: u64 = 100_000;

/// Bounds on what an unknown value can become; the default says nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
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

    /// Returns these bounds and those of `add` together, as far as they make sense for the type.
    ///
    /// Where the two contradict each other, the narrower new bound is dropped: an unknown must stay possible.
    fn narrowed(mut self, ty: &Type, add: Refinement) -> Refinement {
        match ty {
            Type::Dynamic => return Refinement::default(),
            Type::String => self.narrow_prefix(add.prefix),
            Type::Number => self.narrow_number(add.number_min, add.number_max),
            Type::List(_) | Type::Set(_) | Type::Map(_) => self.narrow_length(add.length_min, add.length_max),
            Type::Bool | Type::Tuple(_) | Type::Object(_) | Type::Meta => {}
        }
        self.not_null |= add.not_null;
        self
    }

    fn narrow_prefix(&mut self, add: Option<EcoString>) {
        let Some(add) = add.filter(|prefix| !prefix.is_empty()) else { return };
        if self.prefix.as_ref().is_none_or(|old| add.starts_with(old.as_str())) {
            self.prefix = Some(add);
        }
    }

    fn narrow_number(&mut self, min: Option<(Number, bool)>, max: Option<(Number, bool)>) {
        if let Some(min) = min.filter(|(number, _)| !number.is_infinite()) {
            let narrower = match &self.number_min {
                Some(old) => min.0 > old.0 || min.0 == old.0 && old.1,
                None => true,
            };
            if narrower && self.number_max.as_ref().is_none_or(|max| leaves_room(&min, max)) {
                self.number_min = Some(min);
            }
        }
        if let Some(max) = max.filter(|(number, _)| !number.is_infinite()) {
            let narrower = match &self.number_max {
                Some(old) => max.0 < old.0 || max.0 == old.0 && old.1,
                None => true,
            };
            if narrower && self.number_min.as_ref().is_none_or(|min| leaves_room(min, &max)) {
                self.number_max = Some(max);
            }
        }
    }

    fn narrow_length(&mut self, min: Option<u64>, max: Option<u64>) {
        let min_possible = |min: &u64| self.length_max.is_none_or(|max| *min <= max);
        if let Some(min) = min.filter(|min| *min > self.length_min.unwrap_or(0)).filter(min_possible) {
            self.length_min = Some(min);
        }
        let max_possible = |max: &u64| self.length_min.unwrap_or(0) <= *max;
        if let Some(max) = max.filter(|max| self.length_max.is_none_or(|old| *max < old)).filter(max_possible) {
            self.length_max = Some(max);
        }
    }
}

fn leaves_room(min: &(Number, bool), max: &(Number, bool)) -> bool {
    min.0 < max.0 || min.0 == max.0 && min.1 && max.1
}

/// Returns the value, if the bounds leave only one.
fn known_by_bounds(ty: &Type, refinement: &Refinement) -> Option<Value> {
    if !refinement.not_null {
        return None;
    }
    match ty {
        Type::Number => match (&refinement.number_min, &refinement.number_max) {
            (Some((min, true)), Some((max, true))) if min == max => Some(Value::number(min.clone())),
            _ => None,
        },
        Type::List(element) | Type::Set(element) | Type::Map(element) => {
            let length = refinement.length_max.filter(|max| *max == refinement.length_min.unwrap_or(0))?;
            collection_of_unknowns(ty, element, length)
        }
        _ => None,
    }
}

fn collection_of_unknowns(ty: &Type, element: &Type, length: u64) -> Option<Value> {
    let unknowns = |count: u64| (0..count).map(|_| Value::unknown(element.clone()));
    match (ty, length) {
        (Type::List(_), 0..=UNKNOWN_ELEMENTS_MAX) => Some(Value::list(element.clone(), unknowns(length))),
        (Type::Set(_), 0 | 1) => Some(Value::set(element.clone(), unknowns(length))),
        (Type::Map(_), 0) => Some(Value::map(element.clone(), Vec::<(EcoString, Value)>::new())),
        _ => None,
    }
}

/// An unknown value's type and bounds.
#[derive(Clone, Debug, PartialEq, Eq)]
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
        let Repr::Unknown(unknown) = &self.0 else {
            let (bare, marks) = self.unmark();
            return match marks.is_empty() {
                true => bare,
                false => bare.refine(add).with_marks(marks),
            };
        };
        let refinement = unknown.refinement.clone().narrowed(&unknown.ty, add);
        known_by_bounds(&unknown.ty, &refinement)
            .unwrap_or_else(|| Value::unknown_refined(unknown.ty.clone(), refinement))
    }

    /// Says of an unknown value that it will not be null; known values stay as they are.
    #[must_use]
    pub fn refine_not_null(self) -> Value {
        self.refine(Refinement::not_null())
    }
}
