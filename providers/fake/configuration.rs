//! The provider's own configuration.

use std::collections::BTreeMap;
use std::sync::Arc;

use sdk::schema::{Attribute, Block, BlockNesting, NestedBlock, Schema};
use sdk::value::{Type, Value};
use sdk::{Call, Configuration, Context, Problem, answer, attribute, block};

use crate::cloud::{Cloud, Settings};
use crate::faults::{Fault, When};
use crate::rules;

/// Where things are unless the configuration says.
const REGION: &str = "fake-1";

/// The configuration.
pub(crate) struct FakeConfiguration(pub(crate) Arc<Cloud>);

impl Configuration for FakeConfiguration {
    fn schema(&self) -> Schema {
        let text = |name| Attribute::new(name, Type::String).optional();
        let attributes = vec![
            text("region").describe("Where things are that do not name a region; `fake-1` unless set."),
            text("room").describe("The `id` of the `fake_room` that the `fake_thing`s of this configuration are in."),
            text("token").sensitive().describe("What the fake cloud lets in with."),
            text("world").describe("The file that the fake cloud is kept in; in memory unless set."),
            text("latency").describe("How long every call takes, like `20ms`; no time unless set."),
            text("delay").describe("How long operations take on what does not say, like `1s`; no time unless set."),
            text("lag").describe("How long it takes until a new object is found by all; no time unless set."),
        ];
        let tags = Attribute::new("tags", Type::map(Type::String)).optional().describe("Tags that everything gets.");
        let default_tags = NestedBlock {
            max_items: 1,
            ..block("default_tags", BlockNesting::List, "Tags for all objects.", vec![tags])
        };
        let fault = vec![
            Attribute::new("when", Type::String).required().describe(
                "How it goes wrong: `before` or `after` it has happened, `partial`, `throttle`, `hang`, `crash_before`, \
                 `crash_after`, `wrong`, `drift` or `vanish`.",
            ),
            text("action").describe("Only this action: `create`, `read`, `update`, `delete`, `find`, ..."),
            text("kind").describe("Only this resource type."),
            text("name").describe("Only objects of this name."),
            Attribute::new("times", Type::Number).optional().describe("Only the first so many; always unless set."),
        ];
        let fault = block("fault", BlockNesting::List, "Something that is to go wrong.", fault);
        Schema { version: 0, block: Block { attributes, blocks: vec![default_tags, fault], ..Block::default() } }
    }

    fn validate(&self, config: &Value) -> Vec<Problem> {
        let mut problems: Vec<Problem> = rules::not_empty(config, "region").into_iter().collect();
        problems.extend(["latency", "delay", "lag"].into_iter().filter_map(|name| rules::duration(config, name)));
        let faults = attribute(config, "fault");
        for (index, fault) in faults.as_sequence().unwrap_or_default().iter().enumerate() {
            let when = attribute(fault, "when");
            let Some(word) = when.as_str().filter(|word| When::named(word).is_none()) else { continue };
            let words: Vec<&str> = When::ALL.iter().map(|(word, _)| *word).collect();
            let detail = format!("{word:?} is none of {}.", words.join(", "));
            problems.push(Problem::error("Unknown fault", detail).at("fault").at_element(index as i64).at("when"));
        }
        problems
    }

    fn configure<'a>(&'a self, config: &'a Value, context: Context<'a>) -> Call<'a, Vec<Problem>> {
        let world = text(config, "world");
        self.0.begin(world.as_deref(), settings(config), context.runtime);
        answer(vec![])
    }

    fn stop(&self) -> Call<'_, ()> {
        self.0.stop();
        answer(())
    }
}

fn settings(config: &Value) -> Settings {
    let duration = |name| text(config, name).and_then(|text| rules::parse_duration(&text)).unwrap_or_default();
    let tags = attribute(config, "default_tags");
    let tags = tags.as_sequence().unwrap_or_default().first().map(|block| attribute(block, "tags"));
    let tags: BTreeMap<String, String> = tags
        .iter()
        .flat_map(|tags| tags.as_entries().unwrap_or_default())
        .filter_map(|(key, value)| Some((key.to_string(), value.as_str()?.to_owned())))
        .collect();
    let faults = attribute(config, "fault");
    Settings {
        region: text(config, "region").unwrap_or_else(|| REGION.to_owned()),
        room: text(config, "room").unwrap_or_default(),
        tags,
        latency: duration("latency"),
        delay: duration("delay"),
        lag: duration("lag"),
        faults: faults.as_sequence().unwrap_or_default().iter().filter_map(fault).collect(),
    }
}

fn fault(block: &Value) -> Option<Fault> {
    Some(Fault {
        when: When::named(&text(block, "when")?)?,
        action: text(block, "action"),
        kind: text(block, "kind"),
        name: text(block, "name"),
        times: attribute(block, "times").as_number().and_then(|times| times.to_u64()),
    })
}

fn text(object: &Value, name: &str) -> Option<String> {
    attribute(object, name).as_str().map(str::to_owned)
}
