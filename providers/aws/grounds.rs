//! What stands on what although no configuration says so: nodes on the ways out of their network, pods on nodes.

use sdk::value::Value;
use sdk::{Footing, Ground};

use crate::fields::text;

/// Without the ways out of a network nodes are lost, and what runs on them cannot take away what it made. A control plane does
/// not need them, so that it is made beside them: they take minutes, too.
pub(crate) fn ground(kind: &str, object: &Value) -> Ground {
    match kind {
        "aws_subnet" | "aws_vpc" => Ground { spans: &[Footing::WayOut], ..Ground::default() },
        "aws_internet_gateway"
        | "aws_nat_gateway"
        | "aws_route"
        | "aws_route_table"
        | "aws_route_table_association"
        | "aws_vpc_endpoint" => Ground { bears: &[Footing::WayOut], ..Ground::default() },
        "aws_eks_cluster" => Ground { spans: &[Footing::Pods, Footing::Volumes], ..Ground::default() },
        "aws_eks_fargate_profile" | "aws_eks_node_group" => {
            Ground { stands_on: &[Footing::WayOut], bears: &[Footing::Pods], ..Ground::default() }
        }
        "aws_eks_addon" => Ground { bears: borne_by(text(object, "addon_name").as_deref()), ..Ground::default() },
        _ => Ground::default(),
    }
}

/// Returns what pods cannot do without of what EKS installs; other software is there for people.
fn borne_by(addon: Option<&str>) -> &'static [Footing] {
    match addon {
        Some("coredns" | "eks-pod-identity-agent" | "kube-proxy" | "vpc-cni") => &[Footing::Pods],
        Some("aws-ebs-csi-driver" | "aws-efs-csi-driver" | "aws-fsx-csi-driver" | "aws-mountpoint-s3-csi-driver") => {
            &[Footing::Volumes]
        }
        _ => &[],
    }
}
