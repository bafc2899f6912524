//! `data.fake_image`: the newest of several things that fit a description.

use std::sync::Arc;

use sdk::schema::{Attribute, Block, BlockNesting, NestedBlock, Schema};
use sdk::value::{Type, Value};
use sdk::{Call, Context, DataSource, Problem, ReadDataRequest, ReadDataResponse, attribute, block};

use crate::cloud::Cloud;
use crate::{rules, world};

/// The versions that every family has, the newest last.
const VERSIONS: &[&str] = &["1.0", "1.1", "2.0"];

/// The data source.
pub(crate) struct FakeImage(pub(crate) Arc<Cloud>);

impl DataSource for FakeImage {
    fn name(&self) -> &'static str {
        "fake_image"
    }

    fn schema(&self) -> Schema {
        let attributes = vec![
            Attribute::new("family", Type::String).required().describe("The family to choose from; not empty."),
            Attribute::new("id", Type::String).computed().describe("What the fake cloud calls the image."),
            Attribute::new("version", Type::String).computed().describe("The version of the image."),
        ];
        let filter = vec![
            Attribute::new("name", Type::String).required().describe("What to compare: `version`."),
            Attribute::new("values", Type::list(Type::String)).required().describe("What it may be."),
        ];
        let filter =
            NestedBlock { max_items: 5, ..block("filter", BlockNesting::List, "Leaves only what fits.", filter) };
        let description = "Finds the newest image of a family.".into();
        Schema { version: 0, block: Block { attributes, blocks: vec![filter], description, ..Block::default() } }
    }

    fn validate(&self, config: &Value) -> Vec<Problem> {
        rules::not_empty(config, "family").into_iter().collect()
    }

    fn read<'a>(&'a self, _: Context<'a>, request: ReadDataRequest) -> Call<'a, ReadDataResponse> {
        Box::pin(async move {
            self.find(&request.config).await.map_or_else(ReadDataResponse::failed, ReadDataResponse::new)
        })
    }
}

impl FakeImage {
    async fn find(&self, config: &Value) -> Result<Value, Problem> {
        let family = attribute(config, "family");
        let family = family.as_str().unwrap_or_default();
        let call = world::Call { action: "read", kind: "data.fake_image", name: family };
        self.0.session()?.call(call, |_, _, _| Ok(())).await?;
        let filters = attribute(config, "filter");
        let filters = filters.as_sequence().unwrap_or_default();
        let Some(version) = VERSIONS.iter().rev().find(|version| filters.iter().all(|filter| fits(filter, version)))
        else {
            let detail = format!("No image of the family {family:?} fits all filters.");
            return Err(Problem::error("Image not found", detail));
        };
        Ok(Value::object([
            ("family", attribute(config, "family")),
            ("filter", attribute(config, "filter")),
            ("id", format!("image-{family}-{version}").into()),
            ("version", (*version).into()),
        ]))
    }
}

/// Only versions can be compared; what else a filter names, no image has.
fn fits(filter: &Value, version: &str) -> bool {
    let values = attribute(filter, "values");
    let has = values.as_sequence().unwrap_or_default().iter().any(|value| value.as_str() == Some(version));
    attribute(filter, "name").as_str() == Some("version") && has
}
