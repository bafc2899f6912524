//! Rules for schemas and function signatures.

use std::collections::BTreeSet;

use schema::{Attribute, AttributeKind, Block, BlockNesting, NestedBlock, ObjectNesting, Schema};
use value::Type;

use crate::planning::{block_has_write_only, has_write_only};
use crate::{FunctionParameter, FunctionSignature, Provider};

/// Names at the top of a block that the language itself has a meaning for.
const RESERVED_IN_RESOURCES: &[&str] =
    &["connection", "count", "depends_on", "for_each", "lifecycle", "provider", "provisioner"];
const RESERVED_IN_PROVIDERS: &[&str] = &["alias", "count", "depends_on", "for_each", "source", "version"];

/// Checks the provider's address, its schemas and its function signatures; returns the faults, a sentence each.
pub fn check_schemas(provider: &dyn Provider) -> Vec<String> {
    let mut check = Check { faults: Vec::new(), write_only: false };
    check.source(provider);
    let schemas = provider.schemas();
    check.schema("provider", &schemas.provider, RESERVED_IN_PROVIDERS);
    for (name, schema) in &schemas.resources {
        check.kind(provider, name, schema, true);
    }
    for (name, schema) in &schemas.data_sources {
        check.kind(provider, &format!("data.{name}"), schema, false);
    }
    for (name, schema) in &schemas.ephemerals {
        check.kind(provider, &format!("ephemeral.{name}"), schema, false);
    }
    for (name, signature) in &schemas.functions {
        check.signature(name, signature);
    }
    check.faults
}

struct Check {
    faults: Vec<String>,
    /// Write-only attributes have a meaning only where there is state that must not have them.
    write_only: bool,
}

/// What attributes are inside of, as far as it limits them.
#[derive(Clone, Copy, Default)]
struct Inside {
    computed_only: bool,
    computed: bool,
    write_only: bool,
}

impl Check {
    fn fault(&mut self, place: &str, what: &str) {
        self.faults.push(format!("{place}: {what}"));
    }

    fn source(&mut self, provider: &dyn Provider) {
        let parts: Vec<&str> = provider.source().split('/').collect();
        if parts.len() != 3 || parts.iter().any(|part| part.is_empty() || part.to_lowercase() != *part) {
            self.fault(provider.source(), "a source address is HOST/NAMESPACE/NAME in small letters");
        }
    }

    fn kind(&mut self, provider: &dyn Provider, place: &str, schema: &Schema, write_only: bool) {
        let name = place.rsplit_once('.').map_or(place, |(_, name)| name);
        let prefix = provider.name();
        let rest = name.strip_prefix(prefix);
        if !is_name(name) || !rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('_')) {
            self.fault(place, &format!("the name must be `{prefix}` or begin with `{prefix}_`"));
        }
        if schema.block.description.trim().is_empty() {
            self.fault(place, "has no description");
        }
        self.write_only = write_only;
        self.schema(place, schema, RESERVED_IN_RESOURCES);
        self.write_only = false;
    }

    fn schema(&mut self, place: &str, schema: &Schema, reserved: &[&str]) {
        let names = schema.block.attributes.iter().map(|a| &a.name).chain(schema.block.blocks.iter().map(|b| &b.name));
        for name in names.filter(|name| reserved.contains(&name.as_str())) {
            self.fault(&format!("{place}.{name}"), "the language itself has a meaning for this name");
        }
        self.block(place, &schema.block);
    }

    fn block(&mut self, place: &str, block: &Block) {
        self.attributes(place, &block.attributes, Inside::default());
        let mut seen: BTreeSet<&str> = block.attributes.iter().map(|a| a.name.as_str()).collect();
        for nested in &block.blocks {
            let place = format!("{place}.{}", nested.name);
            if !seen.insert(&nested.name) {
                self.fault(&place, "two parts of one block have this name");
            }
            self.nested_block(&place, nested);
        }
    }

    fn nested_block(&mut self, place: &str, nested: &NestedBlock) {
        if !is_name(&nested.name) {
            self.fault(place, "a name consists of small letters, digits and underscores");
        }
        if nested.block.description.trim().is_empty() {
            self.fault(place, "has no description");
        }
        let (min, max) = (nested.min_items, nested.max_items);
        match nested.nesting {
            BlockNesting::Single if min != max || min > 1 => {
                self.fault(place, "a single block has both bounds 0 (it may be there) or both 1 (it must)");
            }
            BlockNesting::Group | BlockNesting::Map if min != 0 || max != 0 => {
                self.fault(place, "a group or map of blocks has no bounds");
            }
            BlockNesting::List | BlockNesting::Set if max != 0 && min > max => {
                self.fault(place, "more blocks must be there than may");
            }
            _ => {}
        }
        if nested.nesting == BlockNesting::Set {
            self.set(place, &nested.block.ty(), block_has_write_only(&nested.block));
        }
        self.block(place, &nested.block);
    }

    /// Elements of a set are told apart by their values: those must have types, and must all be there to compare.
    fn set(&mut self, place: &str, element: &Type, has_write_only: bool) {
        if element.has_dynamic() {
            self.fault(place, "the elements of a set must not contain `dynamic`");
        }
        if has_write_only {
            self.fault(place, "the elements of a set must not contain write-only attributes");
        }
    }

    fn attributes(&mut self, place: &str, attributes: &[Attribute], inside: Inside) {
        let mut seen = BTreeSet::new();
        for attribute in attributes {
            let place = format!("{place}.{}", attribute.name);
            if !seen.insert(&attribute.name) {
                self.fault(&place, "two attributes have this name");
            }
            self.attribute(&place, attribute, inside);
        }
    }

    fn attribute(&mut self, place: &str, attribute: &Attribute, inside: Inside) {
        if !is_name(&attribute.name) {
            self.fault(place, "a name consists of small letters, digits and underscores");
        }
        if attribute.description.trim().is_empty() {
            self.fault(place, "has no description");
        }
        self.properties(place, attribute, inside);
        if let AttributeKind::Nested(nested) = &attribute.kind {
            if nested.nesting == ObjectNesting::Set {
                self.set(place, &nested.ty(), has_write_only(&nested.attributes));
            }
            let inside = Inside {
                computed_only: inside.computed_only || attribute.computed && !attribute.is_settable(),
                computed: inside.computed || attribute.computed,
                write_only: inside.write_only || attribute.write_only,
            };
            self.attributes(place, &nested.attributes, inside);
        }
    }

    fn properties(&mut self, place: &str, attribute: &Attribute, inside: Inside) {
        match (attribute.required, attribute.optional, attribute.computed) {
            (false, false, false) => self.fault(place, "must be required, optional or computed"),
            (true, true, _) => self.fault(place, "cannot be both required and optional"),
            (true, _, true) => self.fault(place, "cannot be both required and computed"),
            _ => {}
        }
        if inside.computed_only && attribute.is_settable() {
            self.fault(place, "cannot be set, because what it is inside of cannot");
        }
        if attribute.write_only && !self.write_only {
            self.fault(place, "only managed resources have write-only attributes");
        }
        if attribute.write_only && (attribute.computed || inside.computed) {
            self.fault(place, "cannot be both write-only and computed, nor inside of what is");
        }
        if inside.write_only && !attribute.write_only {
            self.fault(place, "must be write-only, because what it is inside of is");
        }
    }

    fn signature(&mut self, name: &str, signature: &FunctionSignature) {
        let place = format!("{name}()");
        if !is_name(name) {
            self.fault(&place, "a name consists of small letters, digits and underscores");
        }
        if signature.summary.trim().is_empty() {
            self.fault(&place, "has no summary");
        }
        let mut seen = BTreeSet::new();
        for parameter in signature.parameters.iter().chain(&signature.variadic) {
            let place = format!("{name}({})", parameter.name);
            if !seen.insert(&parameter.name) {
                self.fault(&place, "two parameters have this name");
            }
            self.parameter(&place, parameter);
        }
    }

    fn parameter(&mut self, place: &str, parameter: &FunctionParameter) {
        if !is_name(&parameter.name) {
            self.fault(place, "a name consists of small letters, digits and underscores");
        }
        if parameter.description.trim().is_empty() {
            self.fault(place, "has no description");
        }
    }
}

fn is_name(name: &str) -> bool {
    let mut chars = name.chars();
    chars.next().is_some_and(|first| first.is_ascii_lowercase() || first == '_')
        && chars.all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

#[cfg(test)]
mod tests;
