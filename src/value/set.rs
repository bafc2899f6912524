//! The order and identity of set elements.

use crate::{Type, Value};

/// Sorts unmarked elements into the order that sets have everywhere and drops repetitions.
pub(crate) fn sorted_distinct(_element: &Type, values: Vec<Value>) -> Vec<Value> {
    let mut distinct: Vec<Value> = Vec::new();
    for value in values {
        if !distinct.contains(&value) {
            distinct.push(value);
        }
    }
    distinct.sort_by(|a, b| match (a.as_str(), b.as_str(), a.as_number(), b.as_number()) {
        (Some(a), Some(b), _, _) => a.cmp(b),
        (_, _, Some(a), Some(b)) => a.cmp(b),
        _ => std::cmp::Ordering::Equal,
    });
    distinct
}
