//! `fake_room`: what `fake_thing`s are in, which are gone when it is.

use sdk::schema::Schema;
use sdk::value::Value;
use sdk::{Connection, Problem, attribute};
use serde_json::json;

use crate::managed::{Facts, Special};
use crate::object2;

/// The resource type.
pub(crate) struct FakeRoom;

impl Special for FakeRoom {
    const NAME: &'static str = "fake_room";
    const REPLACES: &'static [&'static str] = &["region"];
    const VOLATILE: &'static [&'static str] = &["revision"];

    fn schema(&self) -> Schema {
        object2::schema("What `fake_thing`s are in: they are gone when it is.")
    }

    fn validate(&self, config: &Value) -> Vec<Problem> {
        object2::validate(config)
    }

    fn choose(&self, attribute: &str, facts: &Facts<'_>) -> Option<Value> {
        object2::choose(attribute, facts)
    }

    fn is_container(&self) -> bool {
        true
    }

    fn connection(&self, object: &Value) -> Option<Connection> {
        let config = json!({"room": attribute(object, "id").as_str()?});
        Some(Connection { provider: "gantry.dev/gantry/fake", config })
    }
}
