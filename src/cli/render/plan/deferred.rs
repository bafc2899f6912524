//! The part of a plan that waits for other parts of it.

use std::fmt::Write;

use plan::{Action, Change, Deferred, Plan, Wait};

use super::{Heading, Palette, Schemas, object};
use crate::render::plan::write::Writer;

/// Writes what is done in later stages.
pub(super) fn section(plan: &Plan, schemas: &dyn Schemas, writer: &mut Writer) {
    if plan.deferred.is_empty() {
        return;
    }
    let Palette { bold, cyan, reset, .. } = writer.palette;
    let _ = writeln!(
        writer.out,
        "{bold}{cyan}Deferred:{reset}{bold} these are planned to the end and done later in the same apply, once what they \
         wait for is known.{reset}\nIf more than this turned out to be necessary, the apply would stop before it.\n"
    );
    for deferred in &plan.deferred {
        one(deferred, schemas, writer);
    }
}

pub(super) fn one(deferred: &Deferred, schemas: &dyn Schemas, writer: &mut Writer) {
    let (change, address) = (&deferred.change, deferred.pattern.to_string());
    let remark = format!("deferred: {}", wait(deferred));
    let Palette { bold, reset, .. } = writer.palette;
    let phrase = match change.action {
        Action::NoOp if change.importing.is_some() => "will be imported, and changed where it is not as configured",
        Action::NoOp => "stays as it is, or is brought back to that",
        // Nothing is known of what is in a module whose instances are not.
        Action::Create if change.after.as_entries().is_none() => "will be created",
        Action::Read if change.after.as_entries().is_none() => "will be read during apply",
        _ => {
            let heading = Heading { address, remark: Some(remark), moved_from: None };
            return object(change, heading, schemas, writer);
        }
    };
    let _ = writeln!(writer.out, "{bold}  # {address}{reset} {phrase}\n  # ({remark})\n");
}

fn wait(deferred: &Deferred) -> &'static str {
    match (deferred.wait, is_managed(&deferred.change)) {
        (Wait::Instances, true) => {
            "how many there are is not known yet; those that there are already stay, change or are destroyed"
        }
        (Wait::Instances, false) => "how many there are is not known yet",
        (Wait::Config, _) => "a part of its configuration is not known yet",
        (Wait::ProviderConfig, _) => "a part of its provider's configuration is not known yet",
        (Wait::Prerequisite, _) => "its provider needs something that is not there yet",
        (Wait::Other, _) => "it needs something that is deferred",
    }
}

fn is_managed(change: &Change) -> bool {
    change.address.resource.resource.mode == addr::Mode::Managed
}

/// Returns what the summary says of later stages.
pub(super) fn count(plan: &Plan) -> String {
    match plan.deferred.len() {
        0 => String::new(),
        count => format!("; {count} deferred"),
    }
}
