//! Values of variables when a saved plan is carried out: the plan has them, but for those that are ephemeral.

use diag::{Diagnostic, Diagnostics, Sources};
use lang::module::{Module, Variable};
use plan::file::SavedVariable;

use super::{Assigned, Assignments, Origin};

impl Assigned {
    /// Returns the values of a plan, and of what was given now those that no plan can have.
    ///
    /// What is given on the command line must not contradict the plan; what stands in the environment and in files that are
    /// read by themselves is for plans yet to be made.
    pub(crate) fn of_plan(
        saved: &[SavedVariable],
        given: Assignments,
        module: &Module,
        (sources, diags): (&mut Sources, &mut Diagnostics),
    ) -> Assigned {
        let (mut ephemeral, mut others) = (Assignments::default(), Assignments::default());
        for (name, (value, origin)) in given.0 {
            let is_ephemeral = module.variable(&name).is_some_and(|variable| variable.ephemeral);
            match &origin {
                _ if is_ephemeral => _ = ephemeral.0.insert(name, (value, origin)),
                Origin::Option => _ = others.0.insert(name, (value, origin)),
                _ => {}
            }
        }
        for (name, value, _) in others.resolve(module, sources, diags).0 {
            let planned = saved.iter().find(|saved| saved.name == name).and_then(|saved| saved.value.clone());
            let Some(variable) = module.variable(&name) else { continue };
            let meant = |value| variable.prepare(value, None).ok();
            if meant(planned) != meant(Some(value)) {
                diags.push(contradiction(variable));
            }
        }
        let Assigned(mut all) = ephemeral.resolve(module, sources, diags);
        for variable in saved {
            match &variable.value {
                Some(value) => all.push((variable.name.clone(), value.clone(), Origin::Plan)),
                None if all.iter().any(|(name, ..)| *name == variable.name) => {}
                // One without a default is missed anyway.
                None if module.variable(&variable.name).is_some_and(Variable::is_required) => {}
                None => diags.push(not_given_again(&variable.name)),
            }
        }
        Assigned(all)
    }
}

fn contradiction(variable: &Variable) -> Diagnostic {
    let detail = format!(
        "The plan was made with another value of the variable {:?}. A saved plan is carried out with the values that it was \
         made with: leave the option away, or make a new plan.",
        variable.name
    );
    Diagnostic::error("Cannot set variables of a saved plan", detail).at(variable.header)
}

fn not_given_again(name: &str) -> Diagnostic {
    let detail = format!(
        "The ephemeral variable {name:?} had a value when the plan was made. Such values are never saved, so it has to be given \
         again: -var=\"{name}=VALUE\"."
    );
    Diagnostic::error("Ephemeral variable not set", detail)
}
