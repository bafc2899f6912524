//! The add-ons that EKS has: their versions, what they need, and `DescribeAddonVersions`.

use serde_json::{Value as Json, json};

use super::call::{Error, Invocation};
use super::versions;

/// An add-on.
pub struct Addon {
    pub name: &'static str,
    /// As in `networking`.
    pub kind: &'static str,
    pub namespace: &'static str,
    /// Its pods need a node to be ready; those of a daemon set wait for nodes without harm.
    pub needs_nodes: bool,
    /// The service account that gets a role, with the policy that is recommended for it.
    pub account: Option<(&'static str, &'static str)>,
    /// Versions with the oldest and the newest minor version of Kubernetes that they run on, the newest first.
    pub versions: &'static [(&'static str, u32, u32)],
}

/// All of them, in the order of their names.
pub const ALL: &[Addon] = &[
    Addon {
        name: "amazon-cloudwatch-observability",
        kind: "observability",
        namespace: "amazon-cloudwatch",
        needs_nodes: true,
        account: Some(("cloudwatch-agent", "CloudWatchAgentServerPolicy")),
        versions: &[("v4.7.0-eksbuild.1", 31, 37), ("v4.3.0-eksbuild.1", 31, 35)],
    },
    Addon {
        name: "aws-ebs-csi-driver",
        kind: "storage",
        namespace: "kube-system",
        needs_nodes: true,
        account: Some(("ebs-csi-controller-sa", "service-role/AmazonEBSCSIDriverPolicy")),
        versions: &[("v1.54.0-eksbuild.1", 31, 37), ("v1.51.1-eksbuild.1", 31, 36), ("v1.44.0-eksbuild.1", 31, 33)],
    },
    Addon {
        name: "aws-efs-csi-driver",
        kind: "storage",
        namespace: "kube-system",
        needs_nodes: true,
        account: Some(("efs-csi-controller-sa", "service-role/AmazonEFSCSIDriverPolicy")),
        versions: &[("v2.1.15-eksbuild.1", 31, 37), ("v2.1.11-eksbuild.1", 31, 34)],
    },
    Addon {
        name: "aws-mountpoint-s3-csi-driver",
        kind: "storage",
        namespace: "kube-system",
        needs_nodes: true,
        account: Some(("s3-csi-driver-sa", "AmazonS3FullAccess")),
        versions: &[("v2.2.0-eksbuild.1", 31, 37), ("v1.15.0-eksbuild.1", 31, 33)],
    },
    Addon {
        name: "cert-manager",
        kind: "security",
        namespace: "cert-manager",
        needs_nodes: true,
        account: None,
        versions: &[("v1.19.1-eksbuild.1", 31, 37), ("v1.18.2-eksbuild.2", 31, 34)],
    },
    Addon {
        name: "coredns",
        kind: "networking",
        namespace: "kube-system",
        needs_nodes: true,
        account: None,
        versions: &[
            ("v1.13.2-eksbuild.1", 34, 37),
            ("v1.12.4-eksbuild.1", 33, 37),
            ("v1.12.1-eksbuild.2", 33, 34),
            ("v1.11.4-eksbuild.24", 31, 34),
            ("v1.11.3-eksbuild.1", 31, 32),
        ],
    },
    Addon {
        name: "eks-node-monitoring-agent",
        kind: "observability",
        namespace: "kube-system",
        needs_nodes: false,
        account: None,
        versions: &[("v1.5.0-eksbuild.1", 31, 37), ("v1.4.0-eksbuild.2", 31, 35)],
    },
    Addon {
        name: "eks-pod-identity-agent",
        kind: "security",
        namespace: "kube-system",
        needs_nodes: false,
        account: None,
        versions: &[("v1.3.10-eksbuild.2", 31, 37), ("v1.3.9-eksbuild.3", 31, 36), ("v1.3.4-eksbuild.1", 31, 33)],
    },
    Addon {
        name: "external-dns",
        kind: "networking",
        namespace: "external-dns",
        needs_nodes: true,
        account: Some(("external-dns", "AmazonRoute53FullAccess")),
        versions: &[("v0.20.0-eksbuild.1", 31, 37), ("v0.19.0-eksbuild.2", 31, 34)],
    },
    Addon {
        name: "kube-proxy",
        kind: "networking",
        namespace: "kube-system",
        needs_nodes: false,
        account: None,
        versions: &[
            ("v1.37.0-eksbuild.2", 37, 37),
            ("v1.36.0-eksbuild.2", 36, 37),
            ("v1.35.0-eksbuild.2", 35, 37),
            ("v1.34.1-eksbuild.2", 34, 37),
            ("v1.33.5-eksbuild.2", 33, 36),
            ("v1.32.9-eksbuild.2", 32, 35),
            ("v1.31.13-eksbuild.2", 31, 34),
        ],
    },
    Addon {
        name: "kube-state-metrics",
        kind: "observability",
        namespace: "kube-state-metrics",
        needs_nodes: true,
        account: None,
        versions: &[("v2.17.0-eksbuild.4", 31, 37), ("v2.16.0-eksbuild.1", 31, 34)],
    },
    Addon {
        name: "metrics-server",
        kind: "observability",
        namespace: "kube-system",
        needs_nodes: true,
        account: None,
        versions: &[("v0.8.0-eksbuild.5", 31, 37), ("v0.7.2-eksbuild.4", 31, 34)],
    },
    Addon {
        name: "prometheus-node-exporter",
        kind: "observability",
        namespace: "prometheus-node-exporter",
        needs_nodes: false,
        account: None,
        versions: &[("v1.10.2-eksbuild.4", 31, 37), ("v1.9.1-eksbuild.4", 31, 34)],
    },
    Addon {
        name: "snapshot-controller",
        kind: "storage",
        namespace: "kube-system",
        needs_nodes: true,
        account: None,
        versions: &[("v8.3.0-eksbuild.1", 31, 37), ("v8.2.0-eksbuild.1", 31, 34)],
    },
    Addon {
        name: "vpc-cni",
        kind: "networking",
        namespace: "kube-system",
        needs_nodes: false,
        account: Some(("aws-node", "AmazonEKS_CNI_Policy")),
        versions: &[
            ("v1.20.5-eksbuild.1", 31, 37),
            ("v1.20.4-eksbuild.2", 31, 37),
            ("v1.19.6-eksbuild.7", 31, 34),
            ("v1.19.0-eksbuild.1", 31, 32),
        ],
    },
];

/// Finds an add-on.
pub fn find(name: &str) -> Option<&'static Addon> {
    ALL.iter().find(|addon| addon.name == name)
}

impl Addon {
    /// Returns the versions that run on a minor version of Kubernetes, the newest first.
    pub fn versions_for(&self, minor: u32) -> Vec<&'static str> {
        let fitting = self.versions.iter().filter(|(_, least, most)| (*least..=*most).contains(&minor));
        fitting.map(|(version, _, _)| *version).collect()
    }

    /// Tells whether a version runs on a minor version of Kubernetes.
    pub fn is_compatible(&self, version: &str, minor: u32) -> bool {
        self.versions_for(minor).contains(&version)
    }

    /// Returns the version that clusters have unless someone says so: the newest but one, as new ones are tried first.
    pub fn default_for(&self, minor: u32) -> Option<&'static str> {
        let fitting = self.versions_for(minor);
        // The one of kube-proxy goes with the cluster's version.
        let place = if self.name == "kube-proxy" || fitting.len() == 1 { 0 } else { 1 };
        fitting.get(place).copied()
    }

    fn described(&self, only: Option<u32>) -> Option<Json> {
        let versions = self.versions.iter().filter_map(|(version, least, most)| {
            let minors = (*least..=*most).rev().filter(|minor| only.is_none_or(|only| only == *minor));
            let compatibilities: Vec<Json> = minors
                .map(|minor| {
                    let is_default = self.default_for(minor) == Some(version);
                    json!({"clusterVersion": format!("1.{minor}"), "platformVersions": ["*"], "defaultVersion": is_default})
                })
                .collect();
            (!compatibilities.is_empty()).then(|| {
                json!({
                    "addonVersion": version,
                    "architecture": ["amd64", "arm64"],
                    "computeTypes": ["ec2", "hybrid"],
                    "compatibilities": compatibilities,
                    "requiresConfiguration": false,
                    "requiresIamPermissions": self.account.is_some(),
                })
            })
        });
        let versions: Vec<Json> = versions.collect();
        (!versions.is_empty()).then(|| {
            json!({
                "addonName": self.name,
                "type": self.kind,
                "addonVersions": versions,
                "publisher": "eks",
                "owner": "aws",
                "defaultNamespace": self.namespace,
            })
        })
    }
}

/// `DescribeAddonVersions`.
pub fn describe(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let only = match invocation.parameter("kubernetesVersion") {
        None => None,
        Some(version) => Some(versions::check(version)?),
    };
    if let Some(name) = invocation.parameter("addonName").filter(|name| find(name).is_none()) {
        return Err(Error::not_found(format!("Addon {name} is not supported")).about("addonName", name));
    }
    let is_in = |name: &str, value: &str| {
        let mut wanted = invocation.query.iter().filter(|(found, _)| found == name).peekable();
        wanted.peek().is_none() || wanted.any(|(_, wanted)| wanted == value)
    };
    let fitting = ALL.iter().filter(|addon| {
        is_in("addonName", addon.name)
            && is_in("types", addon.kind)
            && is_in("publishers", "eks")
            && is_in("owners", "aws")
    });
    let list = fitting.filter_map(|addon| Some((addon.name.to_owned(), addon.described(only)?)));
    invocation.page_of("addons", list.collect())
}

#[cfg(test)]
mod tests {
    use super::ALL;

    #[test]
    fn add_ons_are_in_order_and_have_a_default_for_each_version() {
        assert!(ALL.is_sorted_by_key(|addon| addon.name));
        for addon in ALL {
            for minor in 31..=36 {
                assert!(addon.default_for(minor).is_some(), "{} for {minor}", addon.name);
            }
        }
    }
}
