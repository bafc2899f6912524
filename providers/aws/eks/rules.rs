//! Rules that several types of EKS share. Each says nothing about what is not known yet.

use sdk::Problem;
use sdk::value::Value;

use crate::fields::text;

/// The text must be a name that EKS takes for a cluster.
pub(crate) fn cluster_name(config: &Value, name: &str) -> Option<Problem> {
    let text = text(config, name)?;
    let is_first = text.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
    let is_rest = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    if is_first && is_rest && text.len() <= 100 {
        return None;
    }
    let detail = format!(
        "{text:?} is no name of a cluster: those have 1 to 100 letters, digits, hyphens and underscores, and begin with a letter \
         or digit."
    );
    Some(Problem::error("Invalid name", detail).at(name))
}

/// The text must be a version of Kubernetes as EKS has them: `1.36`.
pub(crate) fn version(config: &Value, name: &str) -> Option<Problem> {
    let text = text(config, name)?;
    if text.is_empty() || minor(&text).is_some() {
        return None;
    }
    let detail = format!("{text:?} is no version as EKS has them: those look like `1.36`, without a third number.");
    Some(Problem::error("Invalid version", detail).at(name))
}

/// Returns the second number of a version.
pub(crate) fn minor(version: &str) -> Option<u32> {
    version.strip_prefix("1.").filter(|minor| !minor.starts_with('+')).and_then(|minor| minor.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::minor;

    #[test]
    fn versions_have_two_numbers() {
        assert_eq!(minor("1.36"), Some(36));
        assert_eq!((minor("1.36.2"), minor("36"), minor("2.1")), (None, None, None));
    }
}
