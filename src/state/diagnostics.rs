//! What goes wrong with state, as diagnostics for the user.

use diag::Diagnostic;

use crate::{DamageKind, LockError, Note, OpenError};

impl Note {
    /// Returns the note as a warning.
    pub fn diagnostic(&self) -> Diagnostic {
        Diagnostic::warning("State file was cut short", self.to_string())
    }
}

impl OpenError {
    /// Returns the error as a diagnostic.
    pub fn diagnostic(&self) -> Diagnostic {
        let summary = match self {
            OpenError::Damaged(damage) => match damage.kind {
                DamageKind::NewerFormat { .. } => "State file has a newer format",
                _ => "State file is damaged",
            },
            OpenError::Store(_) => "Cannot open the state",
            OpenError::Random(_) => "Cannot begin a state",
        };
        Diagnostic::error(summary, self.to_string())
    }
}

impl LockError {
    /// Returns the error as a diagnostic; its summary is the one that tools around Terraform look for.
    pub fn diagnostic(&self) -> Diagnostic {
        let advice = match self {
            LockError::Held(Some(owner)) => format!(
                " Wait for it to end, or let this command wait with `-lock-timeout=5m`. If nothing runs any more, \
                 `gantry force-unlock {}` takes the lock away.",
                owner.id
            ),
            LockError::Lost => " Nothing more was written by this run; look at what the other run did.".to_owned(),
            LockError::Held(None) | LockError::OtherId(_) | LockError::Store(_) => String::new(),
        };
        Diagnostic::error("Error acquiring the state lock", format!("{self}{advice}"))
    }
}

#[cfg(test)]
mod tests {
    use crate::{Claim, LockError, OpenError, Owner, read};

    #[test]
    fn says_what_to_do() {
        let owner = Owner { id: "l-1".into(), claim: Claim::default(), since: "now".into() };
        let held = LockError::Held(Some(Box::new(owner))).diagnostic();
        assert_eq!(held.summary, "Error acquiring the state lock");
        assert!(held.detail.contains("gantry force-unlock l-1"), "{}", held.detail);
        let damaged = OpenError::Damaged(read(b"x").unwrap_err()).diagnostic();
        assert!(damaged.is_error() && damaged.detail.contains("state repair"), "{}", damaged.detail);
    }
}
