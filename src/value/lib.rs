//! The values and types of the language: what expressions mean and what state stores.
//!
//! A [`Value`] is 24 bytes and cheap to clone: short strings and 64-bit integers are stored inline, everything else is
//! shared. It may be *unknown* (with refinements) and it may carry *marks* (sensitive, ephemeral), at any depth.
//! *Not here:* expressions, functions of the language (`lang`), file formats of state (`state`), anything that prints.

mod access;
mod convert;
mod convertible;
mod equality;
mod json;
mod mark_paths;
mod marks;
mod number;
mod operations;
mod path;
mod refine;
mod set;
mod types;
mod unify;
#[allow(clippy::module_inception)]
mod value;
mod walk;

pub use convert::{ConversionError, convert};
pub use convertible::convertible;
pub use json::{implied_type, type_from_json, type_to_json, value_from_json, value_to_json};
pub use marks::Marks;
pub use number::{Number, NumberFormat, ParseNumberError};
pub use operations::OperationError;
pub use path::{Path, PathStep};
pub use refine::Refinement;
pub use types::{Attribute, ObjectType, Type};
pub use unify::{Unified, unify, unify_values};
pub use value::{Kind, ListValue, MapValue, ObjectValue, SetValue, TupleValue, Value};
