//! Which of the user's words a rule of a module is broken by.

use diag::Span;
use ecow::EcoString;
use value::Value;

use crate::module::{ModuleCall, Variable};

/// Returns where the words are that break a rule of a called module's variable: what the rule would hold without.
///
/// `given` is the value as the call gives it (nothing for the variable's default); `holds` tells whether the rule holds for
/// a value. Of several such words it is the innermost, and of those the first; in a plain module call it is the argument.
pub(crate) fn place(
    call: &ModuleCall,
    variable: &Variable,
    given: Option<&Value>,
    holds: impl Fn(Value) -> bool,
) -> Span {
    let Some((_, expr)) = call.inputs.iter().find(|(name, _)| name.name == variable.name) else { return call.header };
    let Some(given) = given else { return expr.span };
    let mut found: Option<(usize, Span)> = None;
    for written in call.short.iter().flatten().filter(|written| written.path[0] == variable.name) {
        let depth = written.path.len();
        if found.is_some_and(|(deepest, _)| deepest >= depth) {
            continue;
        }
        let Some(rest) = without(given, &written.path[1..]) else { continue };
        if variable.prepare(Some(rest), None).is_ok_and(&holds) {
            found = Some((depth, written.span));
        }
    }
    found.map_or(expr.span, |(_, span)| span)
}

/// Returns a value without what is at a path of names in it; nothing if there is nothing.
fn without(value: &Value, path: &[EcoString]) -> Option<Value> {
    let (name, inside) = path.split_first()?;
    let (plain, marks) = value.clone().unmark();
    let entries = plain.as_entries()?;
    if !entries.iter().any(|(known, _)| *known == name) {
        return None;
    }
    let mut rest: Vec<(EcoString, Value)> = Vec::with_capacity(entries.len());
    for (known, member) in entries {
        if known != name {
            rest.push((known.clone(), member.clone()));
        } else if !inside.is_empty() {
            rest.push((known.clone(), without(member, inside)?));
        }
    }
    // The variable's own type makes a map of it, where it is one.
    Some(Value::object(rest).with_marks(marks))
}

#[cfg(test)]
mod tests {
    use ecow::EcoString;
    use value::Value;

    use super::without;

    #[test]
    fn what_is_at_a_path_is_left_out() {
        let pool = |names: &[&str]| Value::object(names.iter().map(|name| (*name, Value::from(1_i64))));
        let pools = Value::object([("a", pool(&["max", "min"])), ("b", pool(&["min"]))]);
        let check = |path: &[&str], expected: Option<Value>| {
            let path: Vec<EcoString> = path.iter().map(|name| (*name).into()).collect();
            assert_eq!(without(&pools, &path), expected, "{path:?}");
        };
        check(&["a"], Some(Value::object([("b", pool(&["min"]))])));
        check(&["a", "max"], Some(Value::object([("a", pool(&["min"])), ("b", pool(&["min"]))])));
        check(&["a", "spot"], None);
        check(&["c"], None);
    }
}
