//! What the language has and plans do not do yet: said plainly, instead of leaving it out in silence.

use diag::{Diagnostic, Span};

use crate::planner::Planner;

impl Planner<'_> {
    /// Reports every part of the configuration that a plan would have to leave out.
    pub(crate) fn refuse_what_is_missing(&self) {
        let refuse = |span: Span, what: &str| {
            let detail =
                format!("{what} cannot be planned yet. Nothing was done, because leaving it out would be wrong.");
            self.report(Diagnostic::error("Not supported yet", detail).at(span));
        };
        self.root.visit(&mut |node| {
            for resource in &node.module.resources {
                let others = resource.provisioners.iter().filter(|provisioner| provisioner.kind != "local-exec");
                for provisioner in others {
                    let detail = format!(
                        "Gantry has no provisioner {:?}: it logs in to no machines. Let the machine do it when it starts \
                         (cloud-init in its user data, or its image), or run your own client by local-exec: \
                         command = \"ssh ...\" or \"scp ...\".",
                        provisioner.kind
                    );
                    self.report(Diagnostic::error("Provisioner not supported", detail).at(provisioner.header));
                }
            }
            let repeated = node.module.providers.iter().filter(|config| config.repetition.expr().is_some());
            repeated.for_each(|config| refuse(config.header, "Provider configurations with for_each"));
        });
    }
}
