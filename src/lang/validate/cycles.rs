//! Objects that need each other: found before evaluation, with the names on the way.

use diag::{Diagnostic, Diagnostics};

use crate::objects::Objects;
use crate::tree::Node;

/// Finds cycles among all objects of a tree.
pub(super) fn find(root: &Node) -> Diagnostics {
    let objects = Objects::of(root);
    let mut diags = Diagnostics::new();
    for cycle in graph::cycles(&objects.edges) {
        let names: Vec<String> = cycle.iter().map(|place| objects.names[*place as usize].to_string()).collect();
        let first = names.first().cloned().unwrap_or_default();
        let detail = format!(
            "Each of these needs the next one first: {} -> {first}. One of the references has to go.",
            names.join(" -> ")
        );
        let mut problem = Diagnostic::error("Cycle", detail);
        problem.subject = cycle.first().map(|place| objects.spans[*place as usize]);
        diags.push(problem);
    }
    diags
}
