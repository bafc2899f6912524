//! The provider's own configuration: which programs it works with.

use std::sync::Arc;

use sdk::schema::{Attribute, Block, Schema};
use sdk::value::{Type, Value};
use sdk::{Call, Configuration, Context, Problem, answer, attribute};

use crate::program::{ENGINES, Machine, Settings};

/// The configuration.
pub(crate) struct KindConfiguration(pub(crate) Arc<Machine>);

impl Configuration for KindConfiguration {
    fn schema(&self) -> Schema {
        let text = |name, description: &str| Attribute::new(name, Type::String).optional().describe(description);
        let attributes = vec![
            text("program", "The program `kind`; found on PATH unless set."),
            text(
                "engine",
                "What runs the containers: `docker`, `podman` or `nerdctl`; KIND_EXPERIMENTAL_PROVIDER, or what `kind` \
                 finds, unless set.",
            ),
        ];
        Schema { version: 0, block: Block { attributes, ..Block::default() } }
    }

    fn validate(&self, config: &Value) -> Vec<Problem> {
        let engine = attribute(config, "engine");
        let Some(engine) = engine.as_str().filter(|engine| !ENGINES.contains(engine)) else { return Vec::new() };
        let detail = format!("{engine:?} is none of {}.", ENGINES.join(", "));
        vec![Problem::error("Unknown container engine", detail).at("engine")]
    }

    fn configure<'a>(&'a self, config: &'a Value, context: Context<'a>) -> Call<'a, Vec<Problem>> {
        let text = |name: &str| attribute(config, name).as_str().filter(|text| !text.is_empty()).map(str::to_owned);
        let engine = text("engine").or_else(|| context.runtime.variable("KIND_EXPERIMENTAL_PROVIDER"));
        let program = text("program").unwrap_or_else(|| "kind".to_owned());
        self.0.begin(Settings { program, engine, runtime: context.runtime });
        answer(vec![])
    }
}
