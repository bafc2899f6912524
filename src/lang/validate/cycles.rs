//! Objects that need each other: found before evaluation, with the names on the way.

use std::collections::HashSet;

use diag::{Diagnostic, Diagnostics};

use crate::objects::Objects;
use crate::tree::Node;

/// Finds cycles among all objects of a tree.
pub(super) fn find(objects: &Objects) -> Diagnostics {
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

/// Finds what makes planning impossible although the configuration counts as valid, as it does in Terraform: resources
/// that refer to themselves, and triggers of replacements that are not there.
pub fn obstacles(root: &Node, objects: &Objects) -> Diagnostics {
    let mut diags = Diagnostics::new();
    let mut seen = HashSet::new();
    for (resource, span) in objects.selves.iter().filter(|(_, span)| seen.insert(Some(*span))) {
        let name = &objects.names[*resource as usize];
        let detail = format!("{name} refers to itself here: its own values are known only when it is there.");
        diags.error(*span, "Self-referential block", detail);
    }
    root.visit(&mut |node| {
        for resource in &node.module.resources {
            for problem in resource.lifecycle.undeclared_triggers.iter().filter(|problem| seen.insert(problem.subject))
            {
                diags.push(problem.clone());
            }
        }
    });
    diags
}
