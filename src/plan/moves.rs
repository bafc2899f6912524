//! What moved blocks say together: whether it makes sense, and in what order they are followed.

use std::collections::HashMap;

use addr::{AbsInstance, Key, Module, ModuleInstance};
use diag::{Diagnostic, Diagnostics};
use ecow::EcoString;
use lang::module::{Endpoint, Moved};
use lang::tree::Node;

use crate::planner::Planner;

/// A moved block and the module that it stands in.
pub(crate) struct Statement<'a> {
    pub(crate) path: &'a Module,
    pub(crate) moved: &'a Moved,
}

/// One end of a move as seen from the root; without regard to instances of the modules above the block.
#[derive(Clone, PartialEq, Eq, Hash)]
struct End {
    modules: Vec<(EcoString, Option<Key>)>,
    resource: Option<(addr::Resource, Option<Key>)>,
    /// One instance is meant, even where no key is written.
    is_instance: bool,
}

impl End {
    fn of(statement: &Statement<'_>, end: &Endpoint) -> End {
        let has_key = |end: &Endpoint| match &end.resource {
            Some((_, key)) => key.is_some(),
            None => end.modules.last().is_some_and(|(_, key)| key.is_some()),
        };
        let above = statement.path.0.iter().map(|name| (name.clone(), None));
        End {
            modules: above.chain(end.modules.iter().cloned()).collect(),
            resource: end.resource.clone(),
            is_instance: has_key(&statement.moved.from) || has_key(&statement.moved.to),
        }
    }

    /// Tells whether it lies inside of a module that another end names.
    fn is_inside(&self, other: &End) -> bool {
        let is_deeper = self.modules.len() > other.modules.len() || self.resource.is_some();
        other.resource.is_none()
            && is_deeper
            && self.modules.len() >= other.modules.len()
            && self.modules.iter().zip(&other.modules).all(|((name, key), (other_name, other_key))| {
                name == other_name && (key == other_key || key.is_none() || other_key.is_none())
            })
    }
}

impl std::fmt::Display for End {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut parts = Vec::new();
        let keyed = |name: String, key: &Option<Key>| match key {
            Some(key) => format!("{name}{}", AsKey(key)),
            None => name,
        };
        parts.extend(self.modules.iter().map(|(name, key)| keyed(addr::CallName(name).to_string(), key)));
        parts.extend(self.resource.iter().map(|(resource, key)| keyed(resource.to_string(), key)));
        f.write_str(&parts.join("."))
    }
}

struct AsKey<'a>(&'a Key);

impl std::fmt::Display for AsKey<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Key::Number(number) => write!(f, "[{number}]"),
            Key::Name(name) => write!(f, "[{}]", lang::print::quote(name)),
        }
    }
}

/// Returns the moved blocks of a tree in an order in which each finds what the ones before it have left, or what is wrong
/// with them.
pub(crate) fn statements(root: &Node) -> Result<Vec<Statement<'_>>, Diagnostics> {
    let mut statements = Vec::new();
    root.visit(&mut |node| {
        statements.extend(node.module.moved.iter().map(|moved| Statement { path: &node.path, moved }));
    });
    let ends: Vec<[End; 2]> = statements
        .iter()
        .map(|statement| [&statement.moved.from, &statement.moved.to].map(|end| End::of(statement, end)))
        .collect();
    let mut diags = Diagnostics::new();
    for (statement, [from, to]) in statements.iter().zip(&ends) {
        if from == to {
            let detail = format!("This moves {from} to where it is.");
            diags.error(statement.moved.header, "Redundant move statement", detail);
        } else if !from.is_instance && is_declared(root, from) {
            diags.push(still_there(statement, from, to));
        }
    }
    ambiguities(&statements, &ends, &mut diags);
    if diags.has_errors() {
        return Err(diags);
    }
    let order = order(&statements, &ends)?;
    let mut sorted: Vec<Option<Statement<'_>>> = statements.into_iter().map(Some).collect();
    Ok(order.into_iter().filter_map(|place| sorted[place as usize].take()).collect())
}

fn still_there(statement: &Statement<'_>, from: &End, to: &End) -> Diagnostic {
    let detail = format!(
        "This says that {from} is known as {to} from now on, but {from} is still declared. Declare {to} instead."
    );
    Diagnostic::error("Moved object still exists", detail).at(statement.moved.header)
}

/// Tells whether the configuration has a resource, or a call of a module, whatever its instances.
fn is_declared(root: &Node, end: &End) -> bool {
    let mut node = root;
    for (place, (name, _)) in end.modules.iter().enumerate() {
        let is_last = place + 1 == end.modules.len();
        if is_last && end.resource.is_none() {
            return node.module.calls.iter().any(|call| call.name == *name);
        }
        match node.child(name) {
            Some(child) => node = child,
            None => return false,
        }
    }
    end.resource.as_ref().is_some_and(|(resource, _)| node.module.names.resource_place(resource).is_some())
}

/// Reports objects that are to go to two places, and places that two objects are to go to.
fn ambiguities(statements: &[Statement<'_>], ends: &[[End; 2]], diags: &mut Diagnostics) {
    const SUMMARY: &str = "Ambiguous move statements";
    let (mut by_from, mut by_to) = (HashMap::new(), HashMap::new());
    for (statement, [from, to]) in statements.iter().zip(ends) {
        let other: &End = by_from.entry(from).or_insert(to);
        if other != to {
            let detail =
                format!("Another block moves {from} to {other}, and this one to {to}. It can go to one place only.");
            diags.error(statement.moved.header, SUMMARY, detail);
        }
        let other: &End = by_to.entry(to).or_insert(from);
        if other != from {
            let detail =
                format!("Another block moves {other} to {to}, and this one {from}. Only one of them can go there.");
            diags.error(statement.moved.header, SUMMARY, detail);
        }
    }
}

/// Returns the statements' places, those first that others begin from.
fn order(statements: &[Statement<'_>], ends: &[[End; 2]]) -> Result<Vec<u32>, Diagnostics> {
    let mut by_to: HashMap<&End, Vec<u32>> = HashMap::new();
    for (place, [_, to]) in ends.iter().enumerate() {
        by_to.entry(to).or_default().push(place as u32);
    }
    // Only moves of modules hold others inside of them, and of these there are few. One that only changes keys holds
    // what its own module says of all its instances: in which order makes no difference.
    let is_elsewhere = |[from, to]: &[End; 2]| {
        let names = |end: &End| end.modules.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
        from.resource.is_none() && names(from) != names(to)
    };
    let modules: Vec<u32> = (0..ends.len() as u32).filter(|place| is_elsewhere(&ends[*place as usize])).collect();
    let mut needs: Vec<Vec<u32>> = Vec::with_capacity(ends.len());
    for (place, [from, to]) in ends.iter().enumerate() {
        let mut own: Vec<u32> = by_to.get(from).into_iter().flatten().copied().collect();
        for other in modules.iter().filter(|other| **other as usize != place) {
            let target = &ends[*other as usize][1];
            if from.is_inside(target) || to.is_inside(target) {
                own.push(*other);
            }
        }
        own.retain(|other| *other as usize != place);
        needs.push(own);
    }
    for place in &modules {
        let [from, _] = &ends[*place as usize];
        for (other, [inner_from, inner_to]) in ends.iter().enumerate().filter(|(other, _)| *other != *place as usize) {
            if inner_from.is_inside(from) || inner_to.is_inside(from) {
                needs[*place as usize].push(other as u32);
            }
        }
    }
    if let Some(cycle) = graph::cycles(&needs).first() {
        let names = cycle.iter().map(|place| {
            let [from, to] = &ends[*place as usize];
            format!("{from} to {to}")
        });
        let names: Vec<String> = names.collect();
        let detail =
            format!("These moves lead in a circle, so that there is no place to end at: {}.", names.join(", "));
        let header = statements[cycle[0] as usize].moved.header;
        return Err(Diagnostic::error("Cyclic dependency in move statements", detail).at(header).into());
    }
    let (mut order, mut is_done) = (Vec::with_capacity(ends.len()), vec![false; ends.len()]);
    for start in 0..ends.len() as u32 {
        let mut open = vec![(start, false)];
        while let Some((place, is_ready)) = open.pop() {
            if is_done[place as usize] {
                continue;
            }
            if is_ready {
                is_done[place as usize] = true;
                order.push(place);
                continue;
            }
            open.push((place, true));
            open.extend(needs[place as usize].iter().map(|need| (*need, false)));
        }
    }
    Ok(order)
}

impl Planner<'_> {
    /// Reports moves of instances that the configuration still has; which there are is known only now.
    pub(crate) fn check_moved_instances(&self) {
        self.root.visit(&mut |node| {
            for moved in &node.module.moved {
                let statement = Statement { path: &node.path, moved };
                let [from, to] = [&moved.from, &moved.to].map(|end| End::of(&statement, end));
                if from.is_instance && self.has_end(&from) {
                    self.report(still_there(&statement, &from, &to));
                }
            }
        });
    }

    fn has_end(&self, end: &End) -> bool {
        let fits = |address: &ModuleInstance| {
            let above = end.modules.len() - usize::from(end.resource.is_none()).min(end.modules.len());
            address.0.len() >= end.modules.len()
                && address.0.iter().zip(&end.modules).enumerate().all(|(place, (step, (name, key)))| {
                    let is_exact = place >= above;
                    step.name == *name && (step.key == *key || !is_exact && key.is_none())
                })
        };
        match &end.resource {
            Some((resource, key)) => self.seen.borrow().iter().any(|AbsInstance { resource: seen, key: own }| {
                seen.resource == *resource
                    && own == key
                    && seen.module.0.len() == end.modules.len()
                    && fits(&seen.module)
            }),
            // A module without resources has nothing that could be moved.
            None => self.seen.borrow().iter().any(|seen| fits(&seen.resource.module)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{End, Statement, order};
    use addr::Module;
    use diag::FileId;
    use lang::module::{Endpoint, Moved, endpoint};

    fn end(text: &str) -> Endpoint {
        let (tree, diags) = syntax::parse_expression(FileId(0), text.as_bytes(), 0);
        assert!(!diags.has_errors(), "{text} does not parse");
        endpoint(&tree).expect("an address")
    }

    /// Checks the order of moves `from > to`, or that there is none.
    #[track_caller]
    fn check(moves: &[&str], expected: Option<&[u32]>) {
        let blocks: Vec<Moved> = moves
            .iter()
            .map(|text| {
                let (from, to) = text.split_once(" > ").expect("two ends");
                let from = end(from);
                let header = from.span;
                Moved { from, to: end(to), header }
            })
            .collect();
        let root = Module::default();
        let statements: Vec<Statement<'_>> = blocks.iter().map(|moved| Statement { path: &root, moved }).collect();
        let ends: Vec<[End; 2]> =
            statements.iter().map(|s| [&s.moved.from, &s.moved.to].map(|end| End::of(s, end))).collect();
        assert_eq!(order(&statements, &ends).ok().as_deref(), expected, "{moves:?}");
    }

    #[test]
    fn moves_follow_each_other_wherever_they_are_written() {
        check(&["t.a > t.b", "t.b > t.c"], Some(&[0, 1]));
        check(&["t.b > t.c", "t.a > t.b"], Some(&[1, 0]));
        check(&["t.b[0] > t.c", "t.a > t.b[0]"], Some(&[1, 0]));
        check(&["t.a > t.b", "t.b > t.a"], None);
        check(&["module.n.t.a > t.b", "module.m > module.n"], Some(&[1, 0]));
        check(&["module.m > module.n", "module.m.t.a > module.m.t.b"], Some(&[1, 0]));
    }
}
