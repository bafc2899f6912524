//! The values and types of the language: what expressions mean and what state stores.
//!
//! A [`Value`] is 24 bytes and cheap to clone: short strings and 64-bit integers are stored inline, everything else is
//! shared. It may be *unknown* (with refinements) and it may carry *marks* (sensitive, ephemeral), at any depth.
//! *Not here:* expressions, functions of the language (`lang`), file formats of state (`state`), anything that prints.

mod convert;
mod json;
mod marks;
mod number;
mod operations;
mod refine;
mod set;
mod types;
#[allow(clippy::module_inception)]
mod value;

pub use convert::{ConversionError, convert, convertible, unify};
pub use json::{type_from_json, type_to_json, value_from_json, value_to_json};
pub use marks::Marks;
pub use number::{Number, NumberFormat, ParseNumberError};
pub use operations::OperationError;
pub use path::{Path, PathStep};
pub use refine::Refinement;
pub use types::{Attribute, ObjectType, Type};
pub use value::{Kind, ListValue, MapValue, ObjectValue, SetValue, TupleValue, Value};

mod path;
