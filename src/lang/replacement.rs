//! Which resources are replaced by creating the new object first.

use std::collections::HashSet;

use addr::{Mode, Module, Resource};

use crate::objects::{Kind, Objects};
use crate::tree::Node;

/// The resources of a tree of modules whose new objects are created before the old ones are deleted: those that say so,
/// and everything that these need. Otherwise an old object would have to go while the old object of something that
/// depends on it is still to stay.
#[derive(Debug, Default)]
pub struct CreateFirst(HashSet<(Module, Resource)>);

impl CreateFirst {
    /// Finds them.
    pub fn of(root: &Node) -> CreateFirst {
        let mut says_so = Vec::new();
        root.visit(&mut |node| {
            for (offset, resource) in node.module.resources.iter().enumerate() {
                let wanted = resource.lifecycle.create_before_destroy == Some(true);
                if wanted && resource.address.mode == Mode::Managed {
                    says_so.push((node.path.clone(), offset as u32));
                }
            }
        });
        if says_so.is_empty() {
            return CreateFirst::default();
        }
        let objects = Objects::of(root);
        let mut is_needed = vec![false; objects.edges.len()];
        let mut open: Vec<u32> =
            says_so.iter().map(|(path, offset)| objects.place(path, Kind::Resource, *offset)).collect();
        while let Some(object) = open.pop() {
            if !std::mem::replace(&mut is_needed[object as usize], true) {
                open.extend(&objects.edges[object as usize]);
            }
        }
        let mut found = HashSet::new();
        root.visit(&mut |node| {
            for (offset, resource) in node.module.resources.iter().enumerate() {
                if is_needed[objects.place(&node.path, Kind::Resource, offset as u32) as usize] {
                    found.insert((node.path.clone(), resource.address.clone()));
                }
            }
        });
        CreateFirst(found)
    }

    /// Tells whether a resource is among them.
    pub fn has(&self, module: &Module, resource: &Resource) -> bool {
        !self.0.is_empty() && self.0.contains(&(module.clone(), resource.clone()))
    }
}
