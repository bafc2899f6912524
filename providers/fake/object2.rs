//! `fake_object2`: a simpler `fake_object`, which takes over objects of that type.

use sdk::Problem;
use sdk::schema::{Attribute, Block, Schema};
use sdk::value::{Type, Value};

use crate::managed::{Facts, Special};
use crate::rules;

/// The resource type.
pub(crate) struct FakeObject2;

impl Special for FakeObject2 {
    const NAME: &'static str = "fake_object2";
    const REPLACES: &'static [&'static str] = &["region"];
    const VOLATILE: &'static [&'static str] = &["revision"];
    const TAKES_OVER: Option<&'static str> = Some("fake_object");

    fn schema(&self) -> Schema {
        schema("An object of the fake cloud, the second try. `moved` blocks lead here from `fake_object`.")
    }

    fn validate(&self, config: &Value) -> Vec<Problem> {
        validate(config)
    }

    fn choose(&self, attribute: &str, facts: &Facts<'_>) -> Option<Value> {
        choose(attribute, facts)
    }
}

/// Returns what every type begins with.
pub(crate) fn basics() -> [Attribute; 3] {
    let region = Attribute::new("region", Type::String).optional().computed();
    [
        Attribute::new("name", Type::String).required().describe("Its name; not empty."),
        Attribute::new("size", Type::Number).optional().computed().describe("Its size; 1 unless set."),
        region.describe("Where it is; the provider's region unless set. A change replaces the object."),
    ]
}

/// Returns the schema of a type that has no more than the simplest.
pub(crate) fn schema(description: &str) -> Schema {
    let mut attributes = basics().to_vec();
    attributes.extend([
        Attribute::new("tags", Type::map(Type::String)).optional().describe("Tags."),
        Attribute::new("id", Type::String).computed().describe("What the fake cloud calls it."),
        Attribute::new("status", Type::String).computed().describe("What it is doing: `active` when it is ready."),
        Attribute::new("revision", Type::Number).computed().describe("How often it was written."),
    ]);
    Schema { version: 0, block: Block { attributes, description: description.into(), ..Block::default() } }
}

/// Checks what such a type has.
pub(crate) fn validate(config: &Value) -> Vec<Problem> {
    [rules::not_empty(config, "name"), rules::positive(config, "size")].into_iter().flatten().collect()
}

/// Chooses what the configuration of such a type left open.
pub(crate) fn choose(attribute: &str, facts: &Facts<'_>) -> Option<Value> {
    Some(match attribute {
        "id" => facts.id.into(),
        "region" => facts.region.into(),
        "size" => Value::number(1),
        "revision" => Value::number(facts.revision),
        "status" => "active".into(),
        _ => return None,
    })
}
