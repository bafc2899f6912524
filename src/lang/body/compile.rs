//! From body and schema to compiled body.

use std::borrow::Cow;
use std::sync::Arc;

use diag::{Diagnostics, Span};
use ecow::EcoString;
use schema::{Attribute, AttributeKind, Block, BlockNesting, NestedBlock};
use syntax::tree::{Body, ExprKind};
use syntax::{AttributeSchema, BlockSchema, BodySchema, Content, ContentBlock};

use value::Type;

use super::{CompiledBody, Dynamic, Item, NestedBlocks, SetAttribute, Source};
use crate::expr::{Compiler, Expr, Names};

const DYNAMIC: &str = "dynamic";

impl CompiledBody {
    /// Compiles a body by a schema; what the schema does not know is reported.
    pub fn compile(body: &Body, schema: &Block, names: &dyn Names, diags: &mut Diagnostics) -> CompiledBody {
        Walk { names, slots: Vec::new(), diags }.body(body, schema)
    }
}

struct Walk<'a> {
    names: &'a dyn Names,
    /// Iterators of the `dynamic` blocks around, outermost first.
    slots: Vec<EcoString>,
    diags: &'a mut Diagnostics,
}

impl Walk<'_> {
    fn expr(&mut self, tree: &syntax::tree::Expr) -> Expr {
        Compiler::with_slots(self.names, self.slots.clone(), self.diags).expr(tree)
    }

    fn body(&mut self, body: &Body, schema: &Block) -> CompiledBody {
        let schema = &*attributes_as_blocks(body, schema);
        let content = content(body, schema, self.diags);
        let mut sources: Vec<(EcoString, Source)> = Vec::with_capacity(schema.attributes.len() + schema.blocks.len());
        for attribute in &schema.attributes {
            sources.push((attribute.name.clone(), self.attribute(attribute, &content)));
        }
        for nested in &schema.blocks {
            sources.push((nested.name.clone(), self.blocks(nested, &content)));
        }
        sources.sort_by(|a, b| a.0.cmp(&b.0));
        let (names, sources): (Vec<EcoString>, Vec<Source>) = sources.into_iter().unzip();
        CompiledBody { names: names.into(), sources, missing_item: content.missing_item }
    }

    fn attribute(&mut self, schema: &Attribute, content: &Content) -> Source {
        let Some(given) = content.attribute(&schema.name) else {
            return Source::Absent(schema.ty());
        };
        if !schema.is_settable() {
            let detail = format!(
                "The provider decides the value of {:?}; a configuration cannot set it. Remove this line.",
                schema.name
            );
            self.diags.error(given.name.span, "Value for unconfigurable attribute", detail);
            return Source::Absent(schema.ty());
        }
        if schema.deprecated {
            let detail = format!("The attribute {:?} is deprecated. {}", schema.name, schema.description);
            self.diags.warning(given.name.span, "Argument is deprecated", detail.trim_end());
        }
        Source::Attribute(Box::new(SetAttribute {
            name: schema.name.clone(),
            name_span: given.name.span,
            expr: self.expr(&given.expr),
            ty: schema.constraint(),
            required: schema.required,
            write_only: schema.write_only,
        }))
    }

    fn blocks(&mut self, schema: &NestedBlock, content: &Content) -> Source {
        let mut items = Vec::new();
        for block in &content.blocks {
            if block.kind.name == schema.name {
                if schema.block.deprecated {
                    let detail = format!("The block type {:?} is deprecated.", schema.name);
                    self.diags.warning(block.header, "Block is deprecated", detail);
                }
                items.push(Item::Block {
                    label: block.labels.first().map(|label| label.name.clone()),
                    header: block.header,
                    body: self.body(&block.body, &schema.block),
                });
            } else if block.kind.name == DYNAMIC && block.labels.first().is_some_and(|l| l.name == schema.name) {
                items.extend(self.dynamic(block, schema).map(|dynamic| Item::Dynamic(Box::new(dynamic))));
            }
        }
        self.check_count(schema, &items, content);
        Source::Blocks(Box::new(NestedBlocks { schema: Arc::new(schema.clone()), items }))
    }

    /// Checks how many blocks there are, as far as that is known without evaluating.
    fn check_count(&mut self, schema: &NestedBlock, items: &[Item], content: &Content) {
        let dynamic = items.iter().any(|item| matches!(item, Item::Dynamic(_)));
        let headers: Vec<Span> = items
            .iter()
            .filter_map(|item| match item {
                Item::Block { header, .. } => Some(*header),
                Item::Dynamic(_) => None,
            })
            .collect();
        let single = matches!(schema.nesting, BlockNesting::Single | BlockNesting::Group);
        let max = if single { 1 } else { schema.max_items as usize };
        if max > 0
            && let Some(extra) = headers.get(max)
        {
            let summary = if single {
                format!("Duplicate {} block", schema.name)
            } else {
                format!("Too many {} blocks", schema.name)
            };
            let detail = format!(
                "No more than {max} {:?} block{} allowed here.",
                schema.name,
                if max == 1 { " is" } else { "s are" }
            );
            self.diags.error(*extra, summary, detail);
        }
        let min = schema.min_items as usize;
        if !dynamic
            && headers.len() < min
            && let Some(place) = content.missing_item
        {
            let (summary, detail) = if single || headers.is_empty() && min == 1 {
                let what = if single { "Missing" } else { "Insufficient" };
                (format!("{what} {} block{}", schema.name, if single { "" } else { "s" }), String::new())
            } else {
                (format!("Insufficient {} blocks", schema.name), format!(" There are {}.", headers.len()))
            };
            let detail = format!(
                "At least {min} {:?} block{} required.{detail}",
                schema.name,
                if min == 1 { " is" } else { "s are" }
            );
            self.diags.error(place, summary, detail);
        }
    }

    fn dynamic(&mut self, block: &ContentBlock, schema: &NestedBlock) -> Option<Dynamic> {
        const FOR_EACH: AttributeSchema<'static> = AttributeSchema { name: "for_each", required: true };
        const ITERATOR: AttributeSchema<'static> = AttributeSchema { name: "iterator", required: false };
        const LABELS: AttributeSchema<'static> = AttributeSchema { name: "labels", required: true };
        const CONTENT: BlockSchema<'static> = BlockSchema { kind: "content", labels: &[] };
        let labelled = schema.nesting == BlockNesting::Map;
        let attributes = if labelled { &[FOR_EACH, ITERATOR, LABELS][..] } else { &[FOR_EACH, ITERATOR][..] };
        let content = block.body.content(&BodySchema { attributes, blocks: &[CONTENT] }, self.diags);
        let for_each = self.expr(&content.attribute("for_each")?.expr);
        let iterator = self.iterator(content.attribute("iterator"), schema)?;
        let bodies: Vec<&ContentBlock> = content.blocks_of("content").collect();
        let Some(inner) = bodies.first() else {
            let detail = "A dynamic block must hold a block of type \"content\": what each generated block contains.";
            let place = content.missing_item.unwrap_or(block.header);
            self.diags.error(place, "Missing dynamic content block", detail);
            return None;
        };
        if let Some(extra) = bodies.get(1) {
            let detail = "A dynamic block holds one block of type \"content\".";
            self.diags.error(extra.header, "Extraneous dynamic content block", detail);
        }
        self.slots.push(iterator);
        let labels = if labelled { self.labels(&content, schema) } else { Some(Vec::new()) };
        let body = self.body(&inner.body, &schema.block);
        self.slots.pop();
        Some(Dynamic { for_each, labels: labels?, header: block.header, body })
    }

    fn iterator(&mut self, given: Option<&syntax::tree::Attribute>, schema: &NestedBlock) -> Option<EcoString> {
        let Some(attribute) = given else { return Some(schema.name.clone()) };
        match &attribute.expr.kind {
            ExprKind::Variable(name) => return Some(name.clone()),
            ExprKind::JsonString(string) if syntax::is_identifier(&string.text) => return Some(string.text.clone()),
            _ => {}
        }
        let is_path = crate::expr::static_path(&attribute.expr).is_some();
        let summary = if is_path { "Invalid dynamic iterator name" } else { "Invalid expression" };
        self.diags.error(attribute.expr.span, summary, "The iterator is one name, without quotes.");
        None
    }

    fn labels(&mut self, content: &Content, schema: &NestedBlock) -> Option<Vec<Expr>> {
        let tree = &content.attribute("labels")?.expr;
        let ExprKind::Tuple(items) = &tree.kind else {
            self.diags.error(tree.span, "Invalid expression", "A list of labels is expected: [each label in turn].");
            return None;
        };
        let (summary, place) = match &items[..] {
            [_] => return Some(items.iter().map(|item| self.expr(item)).collect()),
            [] => ("Insufficient dynamic block labels", tree.span),
            [_, extra, ..] => ("Extraneous dynamic block label", extra.span),
        };
        self.diags.error(place, summary, format!("A {:?} block has one label.", schema.name));
        None
    }
}

/// Makes nested blocks of attributes that the body writes as blocks.
///
/// Providers of the older kind have attributes whose values are lists or sets of objects, which configurations may write as
/// blocks, too: `ingress { ... }` of a security group. In JSON nothing tells the two apart, and they stay attributes.
fn attributes_as_blocks<'s>(body: &Body, schema: &'s Block) -> Cow<'s, Block> {
    let candidates: Vec<NestedBlock> = schema.attributes.iter().filter_map(as_block).collect();
    if candidates.is_empty() {
        return Cow::Borrowed(schema);
    }
    let both =
        Block { blocks: schema.blocks.iter().cloned().chain(candidates.iter().cloned()).collect(), ..schema.clone() };
    // What is wrong with the body is said when it is read for good.
    let content = content(body, &both, &mut Diagnostics::default());
    let is_written = |nested: &&NestedBlock| {
        let is_block = |block: &ContentBlock| {
            block.kind.name == nested.name
                || block.kind.name == DYNAMIC && block.labels.first().is_some_and(|label| label.name == nested.name)
        };
        content.attribute(&nested.name).is_none() && content.blocks.iter().any(is_block)
    };
    let written: Vec<NestedBlock> = candidates.iter().filter(is_written).cloned().collect();
    if written.is_empty() {
        return Cow::Borrowed(schema);
    }
    let mut changed = schema.clone();
    changed.attributes.retain(|attribute| !written.iter().any(|nested| nested.name == attribute.name));
    changed.blocks.extend(written);
    Cow::Owned(changed)
}

/// Returns an attribute as the block that it may be written as.
fn as_block(attribute: &Attribute) -> Option<NestedBlock> {
    let AttributeKind::Type(ty) = &attribute.kind else { return None };
    let (nesting, element) = match ty {
        Type::List(element) => (BlockNesting::List, element),
        Type::Set(element) => (BlockNesting::Set, element),
        _ => return None,
    };
    let Type::Object(object) = &**element else { return None };
    let attributes = object.attributes().iter();
    let attributes =
        attributes.map(|member| Attribute::new(member.name.clone(), member.ty.clone()).optional()).collect();
    let block = Block { attributes, deprecated: attribute.deprecated, ..Block::default() };
    let is_needed = attribute.required;
    let settable = attribute.is_settable();
    settable.then(|| NestedBlock {
        name: attribute.name.clone(),
        nesting,
        block,
        min_items: u64::from(is_needed),
        max_items: 0,
    })
}

fn content(body: &Body, schema: &Block, diags: &mut Diagnostics) -> Content {
    let attributes: Vec<AttributeSchema<'_>> = schema
        .attributes
        .iter()
        .map(|attribute| AttributeSchema { name: &attribute.name, required: attribute.required })
        .collect();
    let mut blocks: Vec<BlockSchema<'_>> = schema
        .blocks
        .iter()
        .map(|nested| {
            let labels: &[&str] = if nested.nesting == BlockNesting::Map { &["key"] } else { &[] };
            BlockSchema { kind: &nested.name, labels }
        })
        .collect();
    if !blocks.is_empty() {
        blocks.push(BlockSchema { kind: DYNAMIC, labels: &["type"] });
    }
    let content = body.content(&BodySchema { attributes: &attributes, blocks: &blocks }, diags);
    for block in content.blocks_of(DYNAMIC) {
        let Some(label) = block.labels.first() else { continue };
        if schema.nested(&label.name).is_none() {
            let near = diag::did_you_mean(&label.name, schema.blocks.iter().map(|nested| nested.name.as_str()));
            let hint = near.map(|near| format!(" Did you mean {near:?}?")).unwrap_or_default();
            let detail = format!("Blocks of type {:?} are not expected here.{hint}", label.name);
            diags.error(label.span, "Unsupported block type", detail);
        }
    }
    content
}
