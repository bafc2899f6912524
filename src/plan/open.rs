//! Opens ephemeral resources while planning, as far as what they need is known.

use sdk::OpenRequest;
use value::{Marks, Value};

use crate::change;
use crate::ephemerals::Opened;
use crate::instances::Desired;
use crate::planner::{Block, Planner};

impl<'a> Planner<'a> {
    /// Opens an instance. What it holds is unknown until the apply if its configuration is not known yet.
    pub(crate) async fn open(&self, block: &Block<'a>, desired: Desired) -> Value {
        let schema = &block.kind.schema.block;
        let (config, marks) = desired.config.unmark_paths();
        let later = || {
            let value = change::planned_data(schema, &config);
            change::mark_sensitive(schema, value, &marks).with_marks(Marks::EPHEMERAL)
        };
        if desired.wait.is_some() {
            self.wait_for(&desired.address);
            return later();
        }
        if !config.is_wholly_known() || self.changes_pending(&desired.awaited) {
            return later();
        }
        if !self.is_valid(block, &desired.address, &config).await {
            return Value::unknown(block.kind.ty.clone()).with_marks(Marks::EPHEMERAL);
        }
        let kind = block.resource.address.kind.clone();
        let request = OpenRequest { kind, config: config.clone(), deferral_allowed: true };
        let (opened, warnings) =
            self.ephemerals.open(&desired.address, self.provider_of(block, &desired.address), request).await;
        let (value, problems) = match opened {
            Opened::Value(value) => {
                (change::mark_sensitive(schema, value, &marks).with_marks(Marks::EPHEMERAL), warnings)
            }
            Opened::Later => (later(), warnings),
            Opened::Failed(problems) => (Value::unknown(block.kind.ty.clone()).with_marks(Marks::EPHEMERAL), problems),
        };
        for problem in problems {
            let mut diagnostic = crate::problems::diagnostic(problem, Some(&block.body));
            diagnostic.address = Some(desired.address.to_string());
            self.report(diagnostic);
        }
        value
    }
}
