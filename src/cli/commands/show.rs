//! `show`: the state as a whole.

use super::{Run, output};
use crate::providers::LinkedProviders;
use crate::render::{json, plan as render, state_json};
use crate::{Exit, Session, stored};

/// Show what the state holds.
///
/// Prints every object of the state with its attributes, and the outputs. With -json the result has the format that
/// tools know from Terraform; it holds sensitive values in clear text.
#[derive(clap::Parser)]
pub(super) struct Args {
    /// Print as JSON.
    #[arg(long)]
    json: bool,

    /// Print without colour.
    #[arg(long)]
    no_color: bool,
}

impl Run for Args {
    const NAME: &'static str = "show";

    fn run(self, session: &mut Session) -> Exit {
        if self.no_color {
            session.ui.disable_colour();
        }
        let state = match stored::load(session) {
            Ok(state) => state,
            Err(exit) => return exit,
        };
        let linked = LinkedProviders::of(session);
        if self.json {
            session.ui.out.print(&json::compact(&state_json::state(&state, &linked)));
            return Exit::SUCCESS;
        }
        if state.is_empty() {
            session.ui.out.print("The state is empty: it holds no objects and no outputs.\n");
            return Exit::SUCCESS;
        }
        let mut parts = Vec::new();
        for (target, resource, object) in state.objects() {
            let (value, block) = stored::object_value(&target.address, &resource.provider.provider, object, &linked);
            let mut remark = target.deposed.map(|key| format!(" (deposed object {key})")).unwrap_or_default();
            if object.status == state::Status::Tainted {
                remark.push_str(" (tainted)");
            }
            parts.push(render::stored(&target.address, &value, &block, &remark));
        }
        session.ui.out.print(&parts.join("\n"));
        let outputs = output::lines(&state);
        if !outputs.is_empty() {
            let gap = if parts.is_empty() { "" } else { "\n\n" };
            session.ui.out.print(&format!("{gap}Outputs:\n\n{outputs}"));
        }
        Exit::SUCCESS
    }
}
