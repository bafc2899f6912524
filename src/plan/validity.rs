//! Validation by providers once more is known: before there was a plan, they saw variables and references as unknown.

use addr::{AbsInstance, Mode};
use value::Value;

use crate::planner::{Block, Planner};

impl Planner<'_> {
    /// Lets the provider check the configuration of an instance with all that is known by now, before changes are ignored;
    /// what is wrong is reported.
    pub(crate) async fn is_valid(&self, block: &Block<'_>, address: &AbsInstance, config: &Value) -> bool {
        if block.is_validated {
            return true;
        }
        let kind = &block.resource.address.kind;
        let problems = match block.resource.address.mode {
            Mode::Managed => block.provider.check_resource(kind, config).await,
            Mode::Data => block.provider.check_data(kind, config).await,
            Mode::Ephemeral => block.provider.validate_ephemeral(kind, config),
        };
        let mut is_valid = true;
        for problem in problems {
            is_valid &= !problem.is_error();
            let mut diagnostic = crate::problems::diagnostic(problem, Some(&block.body));
            diagnostic.subject = diagnostic.subject.or(Some(block.resource.header));
            diagnostic.address = Some(address.to_string());
            self.report(diagnostic);
        }
        is_valid
    }
}
