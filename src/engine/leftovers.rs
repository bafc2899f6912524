//! What providers tell that they left behind, told once, at the end.

use diag::{Diagnostic, Diagnostics};

/// What providers call a warning that lists, a line each, ids of what stays and what that is.
const SUMMARY: &str = "Left behind";

/// Makes one warning of all that tell of what was left, the last one: each id is named once, by who spoke of it first.
pub(crate) fn told_once(diags: Diagnostics) -> Diagnostics {
    let mut lines: Vec<String> = Vec::new();
    let (left, mut others): (Vec<Diagnostic>, Vec<Diagnostic>) =
        diags.into_iter().partition(|one| one.summary == SUMMARY && !one.is_error());
    for line in left.iter().flat_map(|one| one.detail.lines()) {
        let id = |line: &str| line.split(':').next().unwrap_or_default().to_owned();
        if !lines.iter().any(|known| id(known) == id(line)) {
            lines.push(line.to_owned());
        }
    }
    if !lines.is_empty() {
        others.push(Diagnostic::warning(SUMMARY, lines.join("\n")));
    }
    others.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use diag::{Diagnostic, Diagnostics};

    #[test]
    fn each_id_is_told_once() {
        let left = |detail: &str| Diagnostic::warning(super::SUMMARY, detail);
        let diags: Diagnostics =
            [left("vol-1: a\nvol-2: b"), Diagnostic::error("Other", "x"), left("vol-2: c\neni-1: d")]
                .into_iter()
                .collect();
        let told: Vec<(String, String)> =
            super::told_once(diags).into_iter().map(|one| (one.summary, one.detail)).collect();
        let expected = [("Other", "x"), ("Left behind", "vol-1: a\nvol-2: b\neni-1: d")];
        assert_eq!(told, expected.map(|(summary, detail)| (summary.to_owned(), detail.to_owned())));
    }
}
