//! "Did you mean": the nearest of the names that would have been right.

/// Returns the candidate nearest to `given`, if it is near enough to be a typing mistake.
///
/// Ties go to the candidate listed first.
pub fn did_you_mean<'a>(given: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // Terraform's own bound: fewer than three edits, whatever the length.
    const EDITS_MAX: usize = 2;
    let mut best: Option<(usize, &str)> = None;
    let length = given.chars().count();
    for candidate in candidates {
        if candidate.chars().count().abs_diff(length) > EDITS_MAX {
            continue;
        }
        let edits = distance(given, candidate);
        if edits <= EDITS_MAX && best.is_none_or(|(least, _)| edits < least) {
            best = Some((edits, candidate));
        }
    }
    best.map(|(_, name)| name)
}

/// Levenshtein distance in characters.
fn distance(a: &str, b: &str) -> usize {
    // What both begin and end with costs no edits. Most names of a configuration have a long common beginning.
    let same = a.chars().zip(b.chars()).take_while(|(a, b)| a == b).map(|(a, _)| a.len_utf8()).sum();
    let (a, b) = (&a[same..], &b[same..]);
    let same: usize = a.chars().rev().zip(b.chars().rev()).take_while(|(a, b)| a == b).map(|(a, _)| a.len_utf8()).sum();
    let (a, b) = (&a[..a.len() - same], &b[..b.len() - same]);
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, cb) in b.iter().enumerate() {
            let substitution = diagonal + usize::from(ca != *cb);
            diagonal = row[j + 1];
            row[j + 1] = substitution.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::did_you_mean;

    #[test]
    fn names_the_nearest_within_two_edits() {
        let known = ["input", "output", "triggers_replace"];
        assert_eq!(did_you_mean("inptu", known), Some("input"));
        assert_eq!(did_you_mean("otput", known), Some("output"));
        assert_eq!(did_you_mean("something", known), None);
    }
}
