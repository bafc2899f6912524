//! `ephemeral.fake_token`: a secret that is made for one run and never stored.

use sdk::schema::{Attribute, Block, Schema};
use sdk::value::{Type, Value};
use sdk::{EphemeralType, Problem};

use crate::rules;

/// The ephemeral resource type.
pub(crate) struct FakeToken;

impl EphemeralType for FakeToken {
    fn name(&self) -> &'static str {
        "fake_token"
    }

    fn schema(&self) -> Schema {
        let attributes = vec![
            Attribute::new("audience", Type::String).required().describe("Who is to accept it; not empty."),
            Attribute::new("lifetime_seconds", Type::Number)
                .optional()
                .computed()
                .describe("How long it is good for; 900 unless set."),
            Attribute::new("token", Type::String).computed().sensitive().describe("The token."),
            Attribute::new("expires_at", Type::String).computed().describe("When it stops being good (RFC 3339)."),
        ];
        let description = "A token of the fake cloud that is good for a while.".into();
        Schema { version: 0, block: Block { attributes, description, ..Block::default() } }
    }

    fn validate(&self, config: &Value) -> Vec<Problem> {
        [rules::not_empty(config, "audience"), rules::positive(config, "lifetime_seconds")]
            .into_iter()
            .flatten()
            .collect()
    }
}
