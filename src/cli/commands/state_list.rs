//! `state list`: the addresses of what is in state.

use super::Run;
use crate::stored::{self, Selection};
use crate::{Exit, Session};

/// List what is in the state.
///
/// Prints the address of every instance, or of those that the given addresses mean: instances, resources or modules.
#[derive(clap::Parser)]
pub(super) struct Args {
    /// Only the instance whose attribute "id" is this.
    #[arg(long, value_name = "ID")]
    id: Option<String>,

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
        let state = stored::load(session)?;
        let mut text = String::new();
        let mut is_found = vec![false; selections.len()];
        for (target, _, object) in state.objects() {
            let address = &target.address;
            for (place, selection) in selections.iter().enumerate() {
                is_found[place] |= selection.covers(address);
            }
            let is_meant = selections.is_empty() || selections.iter().any(|selection| selection.covers(address));
            let has_id = self.id.as_ref().is_none_or(|id| {
                let json: serde_json::Value = serde_json::from_str(&object.attributes.json()).unwrap_or_default();
                json["id"] == id.as_str()
            });
            if is_meant && has_id {
                text.push_str(&format!("{target}\n"));
            }
        }
        if let Some(place) = is_found.iter().position(|is_found| !is_found) {
            return stored::fail(session, stored::absent(&self.addresses[place]));
        }
        session.ui.out.print(&text);
        Ok(())
    }
}
