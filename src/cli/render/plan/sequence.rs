//! Finds which elements of two sequences belong together.

use std::collections::HashMap;

use similar::{Algorithm, DiffOp, capture_diff_slices};
use value::{Kind, Value};

/// The places of an element before and after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pair {
    pub(super) before: Option<usize>,
    pub(super) after: Option<usize>,
}

fn pair(before: impl Into<Option<usize>>, after: impl Into<Option<usize>>) -> Pair {
    Pair { before: before.into(), after: after.into() }
}

/// Pairs the elements of two sequences: those that are equal; of those between them, objects with objects.
///
/// Sequences of the same length are compared place by place, as Terraform does it: mostly their elements were changed.
pub(super) fn pairs(before: &[Value], after: &[Value]) -> Vec<Pair> {
    if before.len() == after.len() {
        return (0..before.len()).map(|at| pair(at, at)).collect();
    }
    let (old, new) = numbered(before, after);
    let mut found = Vec::with_capacity(before.len().max(after.len()));
    for op in capture_diff_slices(Algorithm::Myers, &old, &new) {
        if let DiffOp::Equal { old_index, new_index, len } = op {
            found.extend((0..len).map(|at| pair(old_index + at, new_index + at)));
            continue;
        }
        let (olds, news) = (op.old_range(), op.new_range());
        let mut at = news.start;
        for old in olds {
            if at < news.end && is_structure(&before[old]) && is_structure(&after[at]) {
                found.push(pair(old, at));
                at += 1;
            } else {
                found.push(pair(old, None));
            }
        }
        found.extend((at..news.end).map(|at| pair(None, at)));
    }
    found
}

/// Pairs what stands at the same place.
pub(super) fn places(before: usize, after: usize) -> Vec<Pair> {
    let place = |at: usize, count: usize| (at < count).then_some(at);
    (0..before.max(after)).map(|at| pair(place(at, before), place(at, after))).collect()
}

/// Pairs the elements of two sets: those that are equal.
pub(super) fn set_pairs(before: &[Value], after: &[Value]) -> Vec<Pair> {
    let (old, new) = numbered(before, after);
    let places: HashMap<usize, usize> = new.iter().enumerate().map(|(at, number)| (*number, at)).collect();
    let mut is_taken = vec![false; after.len()];
    let mut found = Vec::with_capacity(before.len().max(after.len()));
    for (at, number) in old.iter().enumerate() {
        let place = places.get(number).copied();
        place.into_iter().for_each(|place| is_taken[place] = true);
        found.push(pair(at, place));
    }
    found.extend((0..after.len()).filter(|at| !is_taken[*at]).map(|at| pair(None, at)));
    found
}

fn is_structure(value: &Value) -> bool {
    matches!(value.kind(), Kind::Object(_) | Kind::Map(_))
}

/// Gives equal values equal numbers; a value that is not wholly known equals none.
fn numbered(before: &[Value], after: &[Value]) -> (Vec<usize>, Vec<usize>) {
    let mut known: HashMap<String, usize> = HashMap::new();
    let mut next = 0;
    let mut number = |value: &Value| {
        next += 1;
        if !value.is_wholly_known() {
            return next;
        }
        *known.entry(lang::print::print_value(&value.clone().unmark_deep().0)).or_insert(next)
    };
    (before.iter().map(&mut number).collect(), after.iter().map(&mut number).collect())
}

#[cfg(test)]
mod tests {
    use value::Value;

    use super::{pairs, set_pairs};

    fn check(before: &str, after: &str, expected: &str) {
        let values = |text: &str| -> Vec<Value> { text.chars().map(|c| Value::from(c.to_string())).collect() };
        let show = |place: Option<usize>| place.map_or("-".to_owned(), |at| at.to_string());
        let text = |pairs: Vec<super::Pair>| {
            pairs.iter().map(|p| show(p.before) + &show(p.after)).collect::<Vec<_>>().join(" ")
        };
        let found = match before.contains(',') {
            true => text(set_pairs(&values(&before.replace(',', "")), &values(after))),
            false => text(pairs(&values(before), &values(after))),
        };
        assert_eq!(found, expected, "{before} {after}");
    }

    #[test]
    fn equal_elements_belong_together() {
        check("abc", "ac", "00 1- 21");
        check("ac", "abc", "00 -1 12");
        check("", "a", "-0");
        check("abc", "aBc", "00 11 22");
        check("a,b,c", "acd", "00 1- 21 -2");
    }
}
