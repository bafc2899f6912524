//! `state list`: the addresses of what is in state.

use addr::Mode;
use serde_json::{Value as Json, json};
use state::{Object, Resource, Status, Target};

use super::Run;
use crate::legacy::LookingArgs;
use crate::render::{json, state_json};
use crate::stored::{self, Selection};
use crate::{Exit, Session};

/// List what is in the state.
///
/// Prints the address of every instance, or of those that the given addresses mean: instances, resources or modules.
/// Deposed objects, which a replacement has left behind, stand behind their instance.
#[derive(clap::Parser)]
pub(super) struct Args {
    /// Only the instance whose attribute "id" is this.
    #[arg(long, value_name = "ID")]
    id: Option<String>,

    /// Print a JSON array with an object for each: its address and the parts of that, its provider and its id.
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    looking: LookingArgs,

    /// Addresses of instances, resources or modules.
    #[arg(value_name = "ADDRESS")]
    addresses: Vec<String>,
}

impl Run for Args {
    const NAME: &'static str = "state list";

    fn run(self, session: &mut Session) -> Exit {
        self.list(session).map_or_else(|exit| exit, |()| Exit::SUCCESS)
    }
}

impl Args {
    fn list(&self, session: &mut Session) -> Result<(), Exit> {
        let selections: Result<Vec<Selection>, _> = self.addresses.iter().map(|text| Selection::parse(text)).collect();
        let selections = selections.or_else(|diagnostic| stored::fail(session, diagnostic))?;
        let state = self.looking.load(session)?;
        let (mut text, mut list) = (String::new(), Vec::new());
        let mut is_found = vec![false; selections.len()];
        for (target, resource, object) in state.objects() {
            let address = &target.address;
            for (place, selection) in selections.iter().enumerate() {
                is_found[place] |= selection.covers(address);
            }
            let is_meant = selections.is_empty() || selections.iter().any(|selection| selection.covers(address));
            if !is_meant || self.id.as_ref().is_some_and(|wanted| id(object).as_ref() != Some(wanted)) {
                continue;
            }
            match self.json {
                true => list.push(described(&target, resource, object)),
                false => text.push_str(&format!("{target}\n")),
            }
        }
        if let Some(place) = is_found.iter().position(|is_found| !is_found) {
            return stored::fail(session, stored::absent(&self.addresses[place]));
        }
        session.ui.out.print(&if self.json { json::pretty(&list.into()) } else { text });
        Ok(())
    }
}

/// Returns the object's attribute `id`, if that is a text.
fn id(object: &Object) -> Option<String> {
    let attributes: Json = serde_json::from_str(&object.attributes.json()).unwrap_or_default();
    attributes["id"].as_str().map(str::to_owned)
}

fn described(target: &Target, resource: &Resource, object: &Object) -> Json {
    let address = &target.address;
    let named = &address.resource.resource;
    let is_sensitive = object.sensitive.iter().any(|path| path.to_string() == ".id");
    json!({
        "address": address.to_string(),
        "module": address.resource.module.to_string(),
        "mode": if named.mode == Mode::Data { "data" } else { "managed" },
        "type": named.kind.as_str(),
        "name": named.name.as_str(),
        "index": address.key.as_ref().map_or(Json::Null, state_json::key_json),
        "provider_name": resource.provider.provider.to_string(),
        "id": if is_sensitive { None } else { id(object) },
        "tainted": object.status == Status::Tainted,
        "deposed": target.deposed.map(|key| key.to_string()),
    })
}
