//! The Kubernetes versions that EKS has.

use super::call::Error;

/// The minor versions of Kubernetes 1 that clusters may have, each with its platform version.
const MINORS: &[(u32, u32)] = &[(31, 40), (32, 33), (33, 26), (34, 18), (35, 9), (36, 3)];
/// What a cluster has unless its creator says so.
pub const DEFAULT: &str = "1.35";

/// Returns the minor version of a text like `1.35`, if EKS has it.
pub fn minor(version: &str) -> Option<u32> {
    let minor: u32 = version.strip_prefix("1.")?.parse().ok()?;
    // `1.035` is not how it is written.
    MINORS.iter().find(|(known, _)| *known == minor && version == format!("1.{known}")).map(|(minor, _)| *minor)
}

/// Returns the minor version of a text, or the error that there is no such version.
pub fn check(version: &str) -> Result<u32, Error> {
    minor(version).ok_or_else(|| Error::parameter("unsupported Kubernetes version"))
}

/// Returns the platform version of a new cluster.
pub fn platform(version: &str) -> String {
    let platform = MINORS.iter().find(|(known, _)| Some(*known) == minor(version)).map_or(1, |(_, platform)| *platform);
    format!("eks.{platform}")
}

/// Returns the newest release of the machine image for a version.
pub fn release(version: &str, image: &str) -> String {
    if image.starts_with("BOTTLEROCKET") { "1.50.0-4d4f0a52".to_owned() } else { format!("{version}.2-20261105") }
}
