//! Types of machines: what they have, and how many pods a node of each can run.

use serde_json::{Value as Json, json};

use super::call::{Error, Invocation, filter, page};
use super::zones;

/// A type of machines.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct InstanceType {
    /// Like `m7i.large`.
    pub name: &'static str,
    /// Virtual processors.
    pub processors: u32,
    /// Memory, in MiB.
    pub memory: u64,
    /// `x86_64` or `arm64`.
    pub architecture: &'static str,
    /// Network interfaces that it may have.
    pub interfaces: u32,
    /// Addresses of each.
    pub addresses: u32,
    /// Graphics processors, with their name and the memory of each in MiB.
    pub graphics: Option<(u32, &'static str, u64)>,
}

impl InstanceType {
    /// Returns how many pods fit on a node, as the network of EKS counts them.
    pub fn pods_max(&self) -> u32 {
        self.interfaces * (self.addresses - 1) + 2
    }
}

/// Sizes of the usual families: name, processors, interfaces, addresses.
const SIZES: &[(&str, u32, u32, u32)] = &[
    ("medium", 1, 2, 4),
    ("large", 2, 3, 10),
    ("xlarge", 4, 4, 15),
    ("2xlarge", 8, 4, 15),
    ("4xlarge", 16, 8, 30),
    ("8xlarge", 32, 8, 30),
    ("12xlarge", 48, 8, 30),
    ("16xlarge", 64, 15, 50),
    ("24xlarge", 96, 15, 50),
    ("48xlarge", 192, 15, 50),
];

/// Families whose memory grows with their processors: name, MiB for each, architecture, whether they begin at `medium`.
const FAMILIES: &[(&str, u64, &str, bool)] = &[
    ("c5", 2048, "x86_64", false),
    ("c6a", 2048, "x86_64", false),
    ("c6g", 2048, "arm64", true),
    ("c6i", 2048, "x86_64", false),
    ("c7a", 2048, "x86_64", true),
    ("c7g", 2048, "arm64", true),
    ("c7i", 2048, "x86_64", false),
    ("c8g", 2048, "arm64", true),
    ("i4i", 8192, "x86_64", false),
    ("m5", 4096, "x86_64", false),
    ("m5a", 4096, "x86_64", false),
    ("m6a", 4096, "x86_64", false),
    ("m6g", 4096, "arm64", true),
    ("m6i", 4096, "x86_64", false),
    ("m7a", 4096, "x86_64", true),
    ("m7g", 4096, "arm64", true),
    ("m7i", 4096, "x86_64", false),
    ("m7i-flex", 4096, "x86_64", false),
    ("m8g", 4096, "arm64", true),
    ("r5", 8192, "x86_64", false),
    ("r5d", 8192, "x86_64", false),
    ("r6a", 8192, "x86_64", false),
    ("r6g", 8192, "arm64", true),
    ("r6i", 8192, "x86_64", false),
    ("r6id", 8192, "x86_64", false),
    ("r7a", 8192, "x86_64", true),
    ("r7g", 8192, "arm64", true),
    ("r7i", 8192, "x86_64", false),
    ("r7iz", 8192, "x86_64", false),
    ("r8g", 8192, "arm64", true),
];

/// Types that follow no such rule.
const OTHERS: &[InstanceType] = &[
    plain("t3.micro", 2, 1024, "x86_64", 2, 2),
    plain("t3.small", 2, 2048, "x86_64", 3, 4),
    plain("t3.medium", 2, 4096, "x86_64", 3, 6),
    plain("t3.large", 2, 8192, "x86_64", 3, 12),
    plain("t3.xlarge", 4, 16_384, "x86_64", 4, 15),
    plain("t3.2xlarge", 8, 32_768, "x86_64", 4, 15),
    plain("t3a.medium", 2, 4096, "x86_64", 3, 6),
    plain("t3a.large", 2, 8192, "x86_64", 3, 12),
    plain("t3a.xlarge", 4, 16_384, "x86_64", 4, 15),
    plain("t4g.small", 2, 2048, "arm64", 3, 4),
    plain("t4g.medium", 2, 4096, "arm64", 3, 6),
    plain("t4g.large", 2, 8192, "arm64", 3, 12),
    plain("t4g.xlarge", 4, 16_384, "arm64", 4, 15),
    graphics("g4dn.xlarge", (4, 16_384), (3, 10), (1, "T4", 16_384)),
    graphics("g4dn.2xlarge", (8, 32_768), (3, 10), (1, "T4", 16_384)),
    graphics("g4dn.12xlarge", (48, 196_608), (8, 30), (4, "T4", 16_384)),
    graphics("g5.xlarge", (4, 16_384), (4, 15), (1, "A10G", 24_576)),
    graphics("g5.2xlarge", (8, 32_768), (4, 15), (1, "A10G", 24_576)),
    graphics("g5.12xlarge", (48, 196_608), (15, 50), (4, "A10G", 24_576)),
    graphics("g6.xlarge", (4, 16_384), (4, 15), (1, "L4", 22_888)),
    graphics("g6.2xlarge", (8, 32_768), (4, 15), (1, "L4", 22_888)),
    graphics("g6.12xlarge", (48, 196_608), (8, 30), (4, "L4", 22_888)),
    graphics("g6e.xlarge", (4, 32_768), (4, 15), (1, "L40S", 45_776)),
    graphics("p3.2xlarge", (8, 62_464), (4, 15), (1, "V100", 16_384)),
    graphics("p4d.24xlarge", (96, 1_179_648), (60, 50), (8, "A100", 40_960)),
    graphics("p5.48xlarge", (192, 2_097_152), (64, 50), (8, "H100", 81_920)),
];

const fn plain(
    name: &'static str,
    processors: u32,
    memory: u64,
    architecture: &'static str,
    interfaces: u32,
    addresses: u32,
) -> InstanceType {
    InstanceType { name, processors, memory, architecture, interfaces, addresses, graphics: None }
}

const fn graphics(
    name: &'static str,
    (processors, memory): (u32, u64),
    (interfaces, addresses): (u32, u32),
    cards: (u32, &'static str, u64),
) -> InstanceType {
    InstanceType { name, processors, memory, architecture: "x86_64", interfaces, addresses, graphics: Some(cards) }
}

/// A type with the name as it was asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// Like `m7i.large`.
    pub name: String,
    /// What it has; the name in it is that of its family's rule.
    pub what: InstanceType,
}

/// Returns a type by its name.
pub fn find(name: &str) -> Option<Found> {
    if let Some(what) = OTHERS.iter().find(|known| known.name == name) {
        return Some(Found { name: name.to_owned(), what: *what });
    }
    let (family, size) = name.split_once('.')?;
    let (family, memory, architecture, has_medium) = FAMILIES.iter().find(|known| known.0 == family)?;
    let (size, processors, interfaces, addresses) = SIZES.iter().find(|known| known.0 == size)?;
    if *size == "medium" && !has_medium {
        return None;
    }
    let what = plain(family, *processors, memory * u64::from(*processors), architecture, *interfaces, *addresses);
    Some(Found { name: name.to_owned(), what })
}

/// Returns all types, sorted.
pub fn all() -> Vec<Found> {
    let families = FAMILIES.iter().flat_map(|family| SIZES.iter().map(|size| format!("{}.{}", family.0, size.0)));
    let names = families.chain(OTHERS.iter().map(|known| known.name.to_owned()));
    let mut all: Vec<Found> = names.filter_map(|name| find(&name)).collect();
    all.sort_by(|one, other| one.name.cmp(&other.name));
    all
}

fn shown(found: &Found) -> Json {
    let InstanceType { processors, memory, architecture, interfaces, addresses, graphics, .. } = found.what;
    let family = found.name.split('.').next().unwrap_or_default();
    let graphics = graphics.map(|(count, name, memory)| {
        json!({
            "gpus": [{"name": name, "manufacturer": "NVIDIA", "count": count, "memoryInfo": {"sizeInMiB": memory}}],
            "totalGpuMemoryInMiB": u64::from(count) * memory,
        })
    });
    json!({
        "instanceType": found.name,
        "currentGeneration": true,
        "freeTierEligible": found.name == "t3.micro",
        "supportedUsageClasses": ["on-demand", "spot"],
        "supportedRootDeviceTypes": ["ebs"],
        "supportedVirtualizationTypes": ["hvm"],
        "bareMetal": false,
        "hypervisor": "nitro",
        "processorInfo": {"supportedArchitectures": [architecture]},
        "vCpuInfo": {"defaultVCpus": processors, "defaultCores": processors.div_ceil(2), "defaultThreadsPerCore": 2},
        "memoryInfo": {"sizeInMiB": memory},
        "instanceStorageSupported": family.ends_with('d') || family.starts_with('i'),
        "ebsInfo": {"ebsOptimizedSupport": "default", "encryptionSupport": "supported", "nvmeSupport": "required"},
        "networkInfo": {
            "maximumNetworkInterfaces": interfaces, "ipv4AddressesPerInterface": addresses,
            "ipv6AddressesPerInterface": addresses, "ipv6Supported": true, "enaSupport": "required",
            "maximumNetworkCards": 1, "defaultNetworkCardIndex": 0,
        },
        "gpuInfo": graphics,
        "burstablePerformanceSupported": family.starts_with('t'),
        "dedicatedHostsSupported": false,
        "autoRecoverySupported": true,
    })
}

/// `DescribeInstanceTypes`.
pub fn describe(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let wanted = invocation.parameters.list("InstanceType");
    let missing: Vec<&str> = wanted.iter().map(String::as_str).filter(|name| find(name).is_none()).collect();
    if !missing.is_empty() {
        let text = format!("The following supplied instance types do not exist: [{}]", missing.join(", "));
        return Err(Error::new("InvalidInstanceType", text));
    }
    let found = all().into_iter().filter(|known| wanted.is_empty() || wanted.contains(&known.name));
    let mut list: Vec<Json> = found.map(|known| shown(&known)).collect();
    let known = [
        ("bare-metal", "bareMetal"),
        ("burstable-performance-supported", "burstablePerformanceSupported"),
        ("current-generation", "currentGeneration"),
        ("instance-type", "instanceType"),
        ("memory-info.size-in-mib", "memoryInfo/sizeInMiB"),
        ("processor-info.supported-architecture", "processorInfo/supportedArchitectures/*"),
        ("supported-usage-class", "supportedUsageClasses/*"),
        ("vcpu-info.default-vcpus", "vCpuInfo/defaultVCpus"),
    ];
    filter(invocation, &known, &mut list)?;
    page(invocation, "instanceTypeSet", list)
}

/// `DescribeInstanceTypeOfferings`: all types are in all zones.
pub fn describe_offerings(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let kind = invocation.get("LocationType").unwrap_or_else(|| "region".to_owned());
    let zones = zones::zones(&invocation.region.name);
    let places: Vec<String> = match &*kind {
        "region" => vec![invocation.region.name.clone()],
        "availability-zone" => zones.into_iter().map(|(name, _)| name).collect(),
        "availability-zone-id" => zones.into_iter().map(|(_, id)| id).collect(),
        other => return Err(super::call::invalid("LocationType", other, "")),
    };
    let mut list = Vec::new();
    for found in all() {
        for place in &places {
            list.push(json!({"instanceType": found.name, "locationType": kind, "location": place}));
        }
    }
    filter(invocation, &[("instance-type", "instanceType"), ("location", "location")], &mut list)?;
    page(invocation, "instanceTypeOfferingSet", list)
}

#[cfg(test)]
mod tests {
    use super::find;

    #[test]
    fn types_have_what_aws_says_of_them() {
        // From AWS's list of instance types, and from the list of pods of the network plugin.
        for (name, processors, gib, pods) in [
            ("m7i.large", 2, 8, 29),
            ("m5.xlarge", 4, 16, 58),
            ("r7i.4xlarge", 16, 128, 234),
            ("c6i.2xlarge", 8, 16, 58),
            ("t3.medium", 2, 4, 17),
            ("m7g.medium", 1, 4, 8),
            ("m5.24xlarge", 96, 384, 737),
        ] {
            let what = find(name).expect("a type").what;
            assert_eq!((what.processors, what.memory / 1024, what.pods_max()), (processors, gib, pods), "{name}");
        }
        assert_eq!(find("m5.medium"), None);
        assert_eq!(find("x9.large"), None);
    }
}
