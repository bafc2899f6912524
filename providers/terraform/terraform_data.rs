//! `terraform_data`: keeps a value in state, and is replaced when another value changes.

use sdk::ResourceType;
use sdk::schema::{Attribute, Block, Schema};
use sdk::value::Type;

/// The resource type.
pub(crate) struct TerraformData;

impl ResourceType for TerraformData {
    fn name(&self) -> &'static str {
        "terraform_data"
    }

    fn schema(&self) -> Schema {
        let attributes = vec![
            Attribute::new("id", Type::String)
                .computed()
                .describe("A name that no other instance has, made up on creation."),
            Attribute::new("input", Type::Dynamic).optional().describe("A value to keep in state."),
            Attribute::new("output", Type::Dynamic)
                .computed()
                .describe("The value of `input`, once it has been applied."),
            Attribute::new("triggers_replace", Type::Dynamic)
                .optional()
                .describe("A value of any type. The instance is replaced when it changes."),
        ];
        let description = "Keeps a value in state and follows the life cycle of a managed resource, without anything \
                           outside being managed.";
        Schema { version: 0, block: Block { attributes, description: description.into(), ..Block::default() } }
    }
}

#[cfg(test)]
mod tests {
    use super::TerraformData;
    use sdk::ResourceType;

    #[test]
    fn has_the_attributes_of_terraforms() {
        let ty = TerraformData.schema().block.ty().to_string();
        assert_eq!(ty, "object({id=string,input=any,output=any,triggers_replace=any})");
    }
}
