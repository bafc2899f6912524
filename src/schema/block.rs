//! Blocks and attributes.

use std::sync::Arc;

use ecow::EcoString;
use value::{ObjectType, Type};

/// The schema of a provider's configuration or of a resource type.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Schema {
    /// Raised when the form of stored objects changes.
    pub version: u64,
    /// The top level.
    pub block: Block,
}

/// What a block holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Block {
    /// Its attributes.
    pub attributes: Vec<Attribute>,
    /// Its nested blocks.
    pub blocks: Vec<NestedBlock>,
    /// What it is for.
    pub description: EcoString,
    /// The description is Markdown, not plain text.
    pub is_markdown: bool,
    /// A warning for those who use it.
    pub deprecated: bool,
    /// What to do instead; may be empty even though it is deprecated.
    pub deprecation: EcoString,
}

/// An attribute. At least one of `required`, `optional`, `computed` holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Attribute {
    /// Its name.
    pub name: EcoString,
    /// Its type.
    pub kind: AttributeKind,
    /// What it is for.
    pub description: EcoString,
    /// The description is Markdown, not plain text.
    pub is_markdown: bool,
    /// Must be set.
    pub required: bool,
    /// May be set.
    pub optional: bool,
    /// The provider may choose it where it is not set.
    pub computed: bool,
    /// Must not be shown.
    pub sensitive: bool,
    /// Is never stored.
    pub write_only: bool,
    /// A warning for those who use it.
    pub deprecated: bool,
    /// Another attribute beside it that its value comes from: it is as sensitive as that one.
    pub mirrors: Option<EcoString>,
    /// What to do instead; may be empty even though it is deprecated.
    pub deprecation: EcoString,
}

/// The type of an attribute.
#[derive(Clone, Debug, PartialEq)]
pub enum AttributeKind {
    /// A plain type.
    Type(Type),
    /// An object whose attributes have properties of their own.
    Nested(NestedObject),
}

/// Objects inside an attribute.
#[derive(Clone, Debug, PartialEq)]
pub struct NestedObject {
    /// Their attributes.
    pub attributes: Vec<Attribute>,
    /// How many there are, and in what order.
    pub nesting: ObjectNesting,
}

/// How objects lie in an attribute.
#[allow(missing_docs)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ObjectNesting {
    Single,
    List,
    Set,
    Map,
}

/// A kind of block inside a block.
#[derive(Clone, Debug, PartialEq)]
pub struct NestedBlock {
    /// The block type.
    pub name: EcoString,
    /// How many there are, and in what order.
    pub nesting: BlockNesting,
    /// What it holds.
    pub block: Block,
    /// At least so many.
    pub min_items: u64,
    /// At most so many; 0 is no limit.
    pub max_items: u64,
}

/// How blocks lie in a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlockNesting {
    /// At most one; null when absent.
    Single,
    /// At most one; an object of nulls when absent.
    Group,
    /// Any number, in order.
    List,
    /// Any number, without order.
    Set,
    /// Any number, each with a label.
    Map,
}

impl Attribute {
    /// Makes an attribute of a type that has no property yet.
    pub fn new(name: impl Into<EcoString>, ty: Type) -> Attribute {
        Attribute {
            name: name.into(),
            kind: AttributeKind::Type(ty),
            description: EcoString::new(),
            is_markdown: false,
            required: false,
            optional: false,
            computed: false,
            sensitive: false,
            write_only: false,
            deprecated: false,
            mirrors: None,
            deprecation: EcoString::new(),
        }
    }

    /// It must be set.
    #[must_use]
    pub fn required(mut self) -> Attribute {
        self.required = true;
        self
    }

    /// It may be set.
    #[must_use]
    pub fn optional(mut self) -> Attribute {
        self.optional = true;
        self
    }

    /// The provider chooses it, unless it is optional and set.
    #[must_use]
    pub fn computed(mut self) -> Attribute {
        self.computed = true;
        self
    }

    /// It must not be shown.
    #[must_use]
    pub fn sensitive(mut self) -> Attribute {
        self.sensitive = true;
        self
    }

    /// Its value comes from another attribute beside it: what is sensitive there is sensitive here.
    #[must_use]
    pub fn mirrors(mut self, attribute: impl Into<EcoString>) -> Attribute {
        self.mirrors = Some(attribute.into());
        self
    }

    /// It is never stored.
    #[must_use]
    pub fn write_only(mut self) -> Attribute {
        self.write_only = true;
        self
    }

    /// Says what it is for.
    #[must_use]
    pub fn describe(mut self, text: &str) -> Attribute {
        self.description = text.into();
        self
    }

    /// Returns the type of its values.
    pub fn ty(&self) -> Type {
        match &self.kind {
            AttributeKind::Type(ty) => ty.without_optional(),
            AttributeKind::Nested(nested) => nested.ty(),
        }
    }

    /// Returns the type that a configured value is converted to: attributes that the configuration may leave out are
    /// optional in it.
    pub fn constraint(&self) -> Type {
        match &self.kind {
            AttributeKind::Type(ty) => ty.clone(),
            AttributeKind::Nested(nested) => nested.constraint(),
        }
    }

    /// Tells whether a configuration may set it.
    pub fn is_settable(&self) -> bool {
        self.required || self.optional
    }
}

impl NestedObject {
    /// Returns the type of its values.
    pub fn ty(&self) -> Type {
        self.nest(Type::object(self.attributes.iter().map(|a| (a.name.clone(), a.ty()))))
    }

    /// Returns the type that a configured value is converted to.
    pub fn constraint(&self) -> Type {
        let attribute =
            |a: &Attribute| value::Attribute { name: a.name.clone(), ty: a.constraint(), optional: !a.required };
        self.nest(Type::Object(Arc::new(ObjectType::new(self.attributes.iter().map(attribute)))))
    }

    fn nest(&self, object: Type) -> Type {
        match self.nesting {
            ObjectNesting::Single => object,
            ObjectNesting::List => Type::list(object),
            ObjectNesting::Set => Type::set(object),
            ObjectNesting::Map => Type::map(object),
        }
    }
}

impl NestedBlock {
    /// Returns the type of its values. Lists and maps of blocks whose types are not fixed become tuples and objects,
    /// so their type is dynamic.
    pub fn ty(&self) -> Type {
        let object = self.block.ty();
        match self.nesting {
            BlockNesting::Single | BlockNesting::Group => object,
            BlockNesting::Set => Type::set(object),
            BlockNesting::List | BlockNesting::Map if object.has_dynamic() => Type::Dynamic,
            BlockNesting::List => Type::list(object),
            BlockNesting::Map => Type::map(object),
        }
    }
}

impl Block {
    /// Returns the type of its objects.
    pub fn ty(&self) -> Type {
        let attributes = self.attributes.iter().map(|a| (a.name.clone(), a.ty()));
        Type::object(attributes.chain(self.blocks.iter().map(|b| (b.name.clone(), b.ty()))))
    }

    /// Returns the attribute of a name.
    pub fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.attributes.iter().find(|a| a.name == name)
    }

    /// Returns the nested block of a name.
    pub fn nested(&self, name: &str) -> Option<&NestedBlock> {
        self.blocks.iter().find(|b| b.name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::{Attribute, Block, BlockNesting, NestedBlock};
    use value::Type;

    #[test]
    fn a_block_has_the_type_of_its_objects() {
        let inner = Block { attributes: vec![Attribute::new("size", Type::Number).required()], ..Block::default() };
        let nested =
            NestedBlock { name: "disk".into(), nesting: BlockNesting::List, block: inner, min_items: 0, max_items: 0 };
        let block = Block {
            attributes: vec![Attribute::new("id", Type::String).computed()],
            blocks: vec![nested],
            ..Block::default()
        };
        assert_eq!(block.ty().to_string(), "object({disk=list(object({size=number})),id=string})");
    }
}
