//! Tells of a state of Terraform in the folder, which is not used until someone says so.

use diag::Diagnostic;

use crate::stored;

/// The state file that Terraform leaves in a folder.
pub(crate) const TERRAFORM_STATE: &str = "terraform.tfstate";

/// Returns what to say of a state of Terraform that lies in this folder, or where its backend has it, beside none of
/// Gantry's.
pub(crate) fn terraform_state(path: Option<String>) -> Option<Diagnostic> {
    let path = path.unwrap_or_else(|| TERRAFORM_STATE.to_owned());
    let text = std::fs::read_to_string(&path).ok()?;
    if stored::local().path_of(state::stores::DEFAULT_WORKSPACE).exists() {
        return None;
    }
    let found = match state::terraform::read(&text) {
        Ok(state) if state.is_empty() => return None,
        Ok(state) => format!("{path} in this folder holds {} instances", state.instance_count()),
        Err(_) => format!("{path} in this folder cannot be read as a state of Terraform"),
    };
    let detail = format!(
        "{found}. It is not used: what it looks after would be created once more. To take it over, run this once; the \
         file stays as it is:\n  gantry state push {path}"
    );
    Some(Diagnostic::warning("There is a state of Terraform", detail))
}
