//! The Kubernetes versions that EKS has.

use serde_json::{Value as Json, json};

use super::call::{Error, Invocation};

/// A minor version of Kubernetes 1.
struct Minor {
    number: u32,
    /// The newest platform version.
    platform: u32,
    patch: u32,
    /// When it came, and when its standard and its extended support end: seconds since 1970.
    released: u64,
    standard_until: u64,
    extended_until: u64,
    is_standard: bool,
}

const fn minor_version(number: u32, platform: u32, patch: u32, dates: [u64; 3], is_standard: bool) -> Minor {
    let [released, standard_until, extended_until] = dates;
    Minor { number, platform, patch, released, standard_until, extended_until, is_standard }
}

/// All that clusters may have. The clock of the sandbox runs too fast for supports to end by it.
const MINORS: &[Minor] = &[
    minor_version(31, 40, 13, [1_727_308_800, 1_764_115_200, 1_795_651_200], false),
    minor_version(32, 33, 9, [1_737_590_400, 1_774_224_000, 1_805_760_000], false),
    minor_version(33, 26, 5, [1_748_476_800, 1_785_283_200, 1_816_819_200], false),
    minor_version(34, 18, 2, [1_759_363_200, 1_796_169_600, 1_827_705_600], true),
    minor_version(35, 9, 2, [1_769_472_000, 1_806_105_600, 1_837_728_000], true),
    minor_version(36, 3, 1, [1_780_358_400, 1_817_078_400, 1_848_700_800], true),
    minor_version(37, 2, 1, [1_791_331_200, 1_828_051_200, 1_859_587_200], true),
];
/// What a cluster has unless its creator says so.
pub const DEFAULT: &str = "1.35";

/// Returns the minor version of a text like `1.35`, if EKS has it.
pub fn minor(version: &str) -> Option<u32> {
    let minor: u32 = version.strip_prefix("1.")?.parse().ok()?;
    // `1.035` is not how it is written.
    let known = MINORS.iter().find(|known| known.number == minor && version == format!("1.{minor}"));
    known.map(|known| known.number)
}

/// Returns the minor version of a text, or the error that there is no such version.
pub fn check(version: &str) -> Result<u32, Error> {
    minor(version).ok_or_else(|| Error::parameter("unsupported Kubernetes version"))
}

/// Returns the platform version of a new cluster.
pub fn platform(version: &str) -> String {
    let known = MINORS.iter().find(|known| Some(known.number) == minor(version));
    format!("eks.{}", known.map_or(1, |known| known.platform))
}

/// Returns the newest release of the machine image for a version.
pub fn release(version: &str, image: &str) -> String {
    if image.starts_with("BOTTLEROCKET") { "1.50.0-4d4f0a52".to_owned() } else { format!("{version}.2-20261105") }
}

/// `DescribeClusterVersions`.
pub fn describe(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let wanted: Vec<&str> =
        invocation.query.iter().filter(|(name, _)| name == "clusterVersions").map(|(_, version)| &**version).collect();
    let status = invocation
        .parameter("versionStatus")
        .map(str::to_owned)
        .or_else(|| invocation.parameter("status").map(|status| status.to_ascii_uppercase().replace('-', "_")));
    if let Some(kind) = invocation.parameter("clusterType").filter(|kind| *kind != "eks") {
        return Err(Error::parameter(format!("The cluster type {kind} is not supported")));
    }
    let only_default = invocation.parameter("defaultOnly") == Some("true");
    let list = MINORS.iter().rev().filter_map(|known| {
        let version = format!("1.{}", known.number);
        let is_default = version == DEFAULT;
        let (support, word) = if known.is_standard {
            ("STANDARD_SUPPORT", "standard-support")
        } else {
            ("EXTENDED_SUPPORT", "extended-support")
        };
        let is_wanted = (wanted.is_empty() || wanted.contains(&&*version))
            && status.as_deref().is_none_or(|status| status == support)
            && (!only_default || is_default);
        let shown = || {
            json!({
                "clusterVersion": version,
                "clusterType": "eks",
                "defaultPlatformVersion": format!("eks.{}", known.platform),
                "defaultVersion": is_default,
                "releaseDate": known.released,
                "endOfStandardSupportDate": known.standard_until,
                "endOfExtendedSupportDate": known.extended_until,
                "status": word,
                "versionStatus": support,
                "kubernetesPatchVersion": format!("{version}.{}", known.patch),
            })
        };
        // The newest first; keys of pages rise.
        is_wanted.then(|| (format!("{:05}", 10_000 - known.number), shown()))
    });
    let list = list.collect();
    invocation.page_of("clusterVersions", list)
}
