//! `state show`: one instance with its attributes.

use super::Run;
use crate::legacy::LookingArgs;
use crate::providers::LinkedProviders;
use crate::render::plan as render;
use crate::{Exit, Session, stored};

/// Show the attributes of one instance in the state.
#[derive(clap::Parser)]
pub(super) struct Args {
    /// Print without colour.
    #[arg(long)]
    no_color: bool,

    #[command(flatten)]
    looking: LookingArgs,

    /// The address of the instance.
    #[arg(value_name = "ADDRESS")]
    address: String,
}

impl Run for Args {
    const NAME: &'static str = "state show";

    fn run(self, session: &mut Session) -> Exit {
        self.show(session).map_or_else(|exit| exit, |()| Exit::SUCCESS)
    }
}

impl Args {
    fn show(&self, session: &mut Session) -> Result<(), Exit> {
        let address = stored::instance(&self.address).or_else(|diagnostic| stored::fail(session, diagnostic))?;
        let state = self.looking.load(session)?;
        let linked = LinkedProviders::of(session);
        let resource = state.resource(&address.resource);
        let object = state.instance(&address).and_then(|instance| instance.current.as_ref());
        let Some((resource, object)) = resource.zip(object) else {
            return stored::fail(session, stored::absent(&self.address));
        };
        let (value, block) = stored::object_value(&address, &resource.provider.provider, object, &linked);
        let remark = if object.status == state::Status::Tainted { " (tainted)" } else { "" };
        session.ui.out.print(&render::stored(&address, &value, &block, remark));
        Ok(())
    }
}
