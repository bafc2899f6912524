//! Machine images: those that EKS nodes are made from, one for each architecture.

use serde_json::{Value as Json, json};

use super::call::{Error, Invocation, filter, page};

/// The images: id, name, architecture.
const IMAGES: &[(&str, &str, &str)] = &[
    ("ami-0a1b2c3d4e5f60001", "amazon-eks-node-al2023-x86_64-standard-1.35-v20261105", "x86_64"),
    ("ami-0a1b2c3d4e5f60002", "amazon-eks-node-al2023-arm64-standard-1.35-v20261105", "arm64"),
    ("ami-0a1b2c3d4e5f60003", "al2023-ami-2023.9.20261101.0-kernel-6.12-x86_64", "x86_64"),
    ("ami-0a1b2c3d4e5f60004", "al2023-ami-2023.9.20261101.0-kernel-6.12-arm64", "arm64"),
    ("ami-0a1b2c3d4e5f60005", "bottlerocket-aws-k8s-1.35-x86_64-v1.50.0-4d4f0a52", "x86_64"),
    ("ami-0a1b2c3d4e5f60006", "bottlerocket-aws-k8s-1.35-aarch64-v1.50.0-4d4f0a52", "arm64"),
];

/// The image of what names none.
pub const USUAL: &str = IMAGES[0].0;

/// `DescribeImages`.
pub fn describe(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let wanted = invocation.parameters.list("ImageId");
    if let Some(id) = wanted.iter().find(|id| !IMAGES.iter().any(|(known, ..)| known == &id.as_str())) {
        let text = format!("The image id '[{id}]' does not exist");
        return Err(Error::new("InvalidAMIID.NotFound", text));
    }
    let owners = invocation.parameters.list("Owner");
    let is_owned = owners.is_empty() || owners.iter().any(|owner| owner == "amazon" || owner == OWNER);
    let images =
        IMAGES.iter().filter(|(id, ..)| is_owned && (wanted.is_empty() || wanted.iter().any(|wanted| wanted == id)));
    let mut all: Vec<Json> = images
        .map(|(id, name, architecture)| {
            json!({
                "imageId": id, "name": name, "architecture": architecture, "imageLocation": format!("amazon/{name}"),
                "imageState": "available", "imageOwnerId": OWNER, "imageOwnerAlias": "amazon", "isPublic": true,
                "imageType": "machine", "rootDeviceType": "ebs", "rootDeviceName": "/dev/xvda", "hypervisor": "xen",
                "virtualizationType": "hvm", "enaSupport": true, "platformDetails": "Linux/UNIX",
                "creationDate": "2026-11-05T00:00:00.000Z", "blockDeviceMapping": [{
                    "deviceName": "/dev/xvda", "ebs": {"volumeSize": 20, "volumeType": "gp3", "deleteOnTermination": true},
                }],
            })
        })
        .collect();
    let known = [
        ("architecture", "architecture"),
        ("image-id", "imageId"),
        ("is-public", "isPublic"),
        ("name", "name"),
        ("owner-alias", "imageOwnerAlias"),
        ("owner-id", "imageOwnerId"),
        ("root-device-type", "rootDeviceType"),
        ("state", "imageState"),
        ("virtualization-type", "virtualizationType"),
    ];
    filter(invocation, &known, &mut all)?;
    page(invocation, "imagesSet", all)
}

const OWNER: &str = "602401143452";
