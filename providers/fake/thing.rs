//! `fake_thing`: something in the room that the provider is configured with.

use sdk::schema::{Attribute, Schema};
use sdk::value::{Type, Value};
use sdk::{Action, Fate, Problem, attribute};

use crate::managed::{Facts, Operation, Special, text};
use crate::object2;
use crate::world::State;

/// The resource type.
pub(crate) struct FakeThing;

impl Special for FakeThing {
    const NAME: &'static str = "fake_thing";
    const REPLACES: &'static [&'static str] = &["region"];
    const VOLATILE: &'static [&'static str] = &["revision"];

    fn schema(&self) -> Schema {
        let mut schema = object2::schema("Something in the room that the provider is configured with.");
        schema.block.attributes.extend([
            Attribute::new("owns", Type::Bool)
                .optional()
                .describe("Whether something outside is its own: it does not just go with its room then."),
            Attribute::new("room", Type::String).computed().describe("The `id` of the room it is in."),
        ]);
        schema
    }

    fn validate(&self, config: &Value) -> Vec<Problem> {
        object2::validate(config)
    }

    fn choose(&self, attribute: &str, facts: &Facts<'_>) -> Option<Value> {
        if attribute == "room" { Some(facts.room.into()) } else { object2::choose(attribute, facts) }
    }

    /// Nothing is made where there is no room.
    fn allows(&self, state: &State, operation: &Operation<'_>) -> Result<(), Problem> {
        let room = text(operation.attributes, "room");
        let is_there = state.objects.get(&room).is_some_and(|room| !room.deleting);
        if is_there || operation.action == Action::Delete {
            return Ok(());
        }
        Err(Problem::error("Room not found", format!("There is no room {room:?}.")))
    }

    fn fate(&self, object: &Value) -> Fate {
        if attribute(object, "owns").as_bool() == Some(true) { Fate::Deleted } else { Fate::Goes }
    }
}
