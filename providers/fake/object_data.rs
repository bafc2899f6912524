//! `data.fake_object`: an object that is there already.

use std::sync::Arc;

use sdk::schema::{Attribute, Block, Schema};
use sdk::value::{Type, Value};
use sdk::{Call, Context, DataSource, Problem, ReadDataRequest, ReadDataResponse, attribute, read_stored};
use serde_json::Value as Json;

use crate::cloud::Cloud;
use crate::managed::text;
use crate::{rules, world};

/// The data source.
pub(crate) struct FakeObjectData(pub(crate) Arc<Cloud>);

impl DataSource for FakeObjectData {
    fn name(&self) -> &'static str {
        "fake_object"
    }

    fn schema(&self) -> Schema {
        let attributes = vec![
            Attribute::new("name", Type::String).required().describe("The name of the object to find; not empty."),
            Attribute::new("region", Type::String)
                .optional()
                .computed()
                .describe("Where it is; the provider's region unless set."),
            Attribute::new("id", Type::String).computed().describe("What the fake cloud calls it."),
            Attribute::new("size", Type::Number).computed().describe("Its size."),
            Attribute::new("tags", Type::map(Type::String)).computed().describe("Its tags."),
            Attribute::new("labels", Type::set(Type::String)).computed().describe("Its labels."),
            Attribute::new("secret", Type::String).computed().sensitive().describe("Its text that is not shown."),
            Attribute::new("status", Type::String).computed().describe("What it is doing: `active` when it is ready."),
        ];
        let description = "Finds an object of the fake cloud by its name.".into();
        Schema { version: 0, block: Block { attributes, description, ..Block::default() } }
    }

    fn validate(&self, config: &Value) -> Vec<Problem> {
        rules::not_empty(config, "name").into_iter().collect()
    }

    fn read<'a>(&'a self, context: Context<'a>, request: ReadDataRequest) -> Call<'a, ReadDataResponse> {
        Box::pin(async move {
            self.find(context, &request.config).await.map_or_else(ReadDataResponse::failed, ReadDataResponse::new)
        })
    }
}

impl FakeObjectData {
    async fn find(&self, context: Context<'_>, config: &Value) -> Result<Value, Problem> {
        let session = self.0.session()?;
        let (name, region) = (attribute(config, "name"), attribute(config, "region"));
        let name = name.as_str().unwrap_or_default();
        let region = region.as_str().unwrap_or(&session.settings.region);
        let call = world::Call { action: "read", kind: "data.fake_object", name };
        let found = session.call(call, |state, now_ms, _| {
            let fits = |object: &&world::WorldObject| {
                let there = object.visible_from_ms <= now_ms && !object.deleting && object.kind != "fake_cluster";
                there && object.name == name && text(&object.attributes, "region") == region
            };
            Ok(state.objects.values().find(fits).map(|object| object.attributes.clone()))
        });
        let Some(attributes) = found.await? else {
            let detail = format!("There is no object {name:?} in the region {region:?}.");
            return Err(Problem::error("Object not found", detail).at("name"));
        };
        read_stored(&Json::Object(attributes), &context.schema.block, &context.schema.block.ty())
    }
}
