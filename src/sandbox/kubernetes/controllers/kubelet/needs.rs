//! What a pod needs before its containers can start: volumes, what they refer to, images.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::{Run, containers};
use crate::kubernetes::controllers::index::claim_of;
use crate::kubernetes::controllers::work::{CLAIMS, NODES, Of, VOLUMES, Work, hash, place};
use crate::kubernetes::store::text;

const CONFIG_MAPS: Of = Of("", "configmaps");
const SECRETS: Of = Of("", "secrets");

/// Checks that all volumes can be mounted, and attaches those of the cloud.
pub fn volumes(work: &mut Work<'_, '_>, pod: &Json, run: &mut Run) -> Result<(), String> {
    let (namespace, _) = place(pod);
    for volume in pod["spec"]["volumes"].as_array().into_iter().flatten() {
        let name = text(volume, "/name");
        let failed = |why: String| format!("MountVolume.SetUp failed for volume \"{name}\" : {why}");
        config(work, &namespace, &volume["configMap"], text(&volume["configMap"], "/name"), CONFIG_MAPS)
            .map_err(failed)?;
        config(work, &namespace, &volume["secret"], text(&volume["secret"], "/secretName"), SECRETS).map_err(failed)?;
        for source in volume["projected"]["sources"].as_array().into_iter().flatten() {
            config(work, &namespace, &source["configMap"], text(&source["configMap"], "/name"), CONFIG_MAPS)
                .map_err(failed)?;
            config(work, &namespace, &source["secret"], text(&source["secret"], "/name"), SECRETS).map_err(failed)?;
        }
        if let Some(claim) = claim_of(pod, volume) {
            attach(work, pod, run, &work.get(CLAIMS, &namespace, &claim).unwrap_or_default())?;
        }
    }
    Ok(())
}

fn config(work: &Work<'_, '_>, namespace: &str, source: &Json, name: &str, of: Of) -> Result<(), String> {
    if !source.is_object() || source["optional"] == true || work.has(of, namespace, name) {
        return Ok(());
    }
    let kind = if of == SECRETS { "secret" } else { "configmap" };
    Err(format!("{kind} \"{name}\" not found"))
}

/// Attaches the volume of a claim to the machine of the pod's node.
fn attach(work: &mut Work<'_, '_>, pod: &Json, run: &mut Run, claim: &Json) -> Result<(), String> {
    let name = text(claim, "/spec/volumeName").to_owned();
    let Some(volume) = work.get(VOLUMES, "", &name) else {
        return Err(format!("Unable to attach or mount volumes: persistentvolume \"{name}\" not found"));
    };
    let handle = text(&volume, "/spec/csi/volumeHandle").to_owned();
    let (Some(cloud), false) = (work.cloud, handle.is_empty() || run.volumes.contains(&handle)) else { return Ok(()) };
    let node = work.get(NODES, "", text(pod, "/spec/nodeName")).unwrap_or_default();
    let provider_id = text(&node, "/spec/providerID").to_owned();
    cloud
        .attach_volume(&mut work.asked(), &handle, Some(&provider_id))
        .map_err(|why| format!("AttachVolume.Attach failed for volume \"{name}\" : {why}"))?;
    let message = format!("AttachVolume.Attach succeeded for volume \"{name}\" ");
    work.event(pod, ("attachdetach-controller", "SuccessfulAttachVolume"), &message);
    run.volumes.push(handle);
    Ok(())
}

/// Detaches volumes that no pod uses any more.
pub fn release(work: &mut Work<'_, '_>, volumes: &[String], _pod: &str) {
    let Some(cloud) = work.cloud else { return };
    for volume in volumes {
        // A volume that is gone needs no detaching.
        let _ = cloud.attach_volume(&mut work.asked(), volume, None);
    }
}

/// Checks that everything is there that containers take their environment from.
pub fn references(work: &Work<'_, '_>, pod: &Json) -> Result<(), String> {
    let (namespace, _) = place(pod);
    for container in containers(pod, "initContainers").chain(containers(pod, "containers")) {
        for variable in container["env"].as_array().into_iter().flatten() {
            let source = &variable["valueFrom"];
            key(work, &namespace, &source["configMapKeyRef"], CONFIG_MAPS)?;
            key(work, &namespace, &source["secretKeyRef"], SECRETS)?;
        }
        for source in container["envFrom"].as_array().into_iter().flatten() {
            config(work, &namespace, &source["configMapRef"], text(&source["configMapRef"], "/name"), CONFIG_MAPS)?;
            config(work, &namespace, &source["secretRef"], text(&source["secretRef"], "/name"), SECRETS)?;
        }
    }
    Ok(())
}

fn key(work: &Work<'_, '_>, namespace: &str, reference: &Json, of: Of) -> Result<(), String> {
    let (name, key) = (text(reference, "/name"), text(reference, "/key"));
    config(work, namespace, reference, name, of)?;
    if !reference.is_object() || reference["optional"] == true {
        return Ok(());
    }
    let object = work.get(of, namespace, name).unwrap_or_default();
    if !object["data"][key].is_null() || !object["binaryData"][key].is_null() {
        return Ok(());
    }
    let kind = if of == SECRETS { "Secret" } else { "ConfigMap" };
    Err(format!("couldn't find key {key} in {kind} {namespace}/{name}"))
}

/// Words in the names or tags of images that nobody has.
const ABSENT: &[&str] = &["does-not-exist", "nonexistent", "no-such-image"];

/// Returns the first image of a pod that is not to be had.
pub fn absent_image(pod: &Json) -> Option<String> {
    let mut images = containers(pod, "containers").chain(containers(pod, "initContainers"));
    let is_absent = |image: &&str| ABSENT.iter().any(|word| image.contains(word));
    images.find_map(|container| container["image"].as_str().filter(is_absent).map(str::to_owned))
}

/// Says that an image is not there, as the container runtime does.
pub fn absence(image: &str) -> String {
    let full = match image.split_once('/') {
        None => format!("docker.io/library/{image}"),
        Some((host, _)) if host.contains(['.', ':']) || host == "localhost" => image.to_owned(),
        Some(_) => format!("docker.io/{image}"),
    };
    format!(
        "rpc error: code = NotFound desc = failed to pull and unpack image \"{full}\": failed to resolve reference \"{full}\": {full}: not found"
    )
}

/// Returns an address for a pod: below that of its node, and nobody else's on it.
pub fn address(work: &Work<'_, '_>, pod: &Json) -> String {
    if pod["spec"]["hostNetwork"] == true {
        return node_address(work, pod);
    }
    let taken: BTreeSet<&str> = work.index.pods.values().map(|pod| &*pod.address).collect();
    let (namespace, name) = place(pod);
    let seed = hash(&format!("{}/{namespace}/{name}", work.cluster()));
    let at = |number: u64| format!("10.0.{}.{}", 64 + (number >> 8) % 128, number % 254 + 1);
    (0..65_536).map(|step| at(seed.wrapping_add(step))).find(|address| !taken.contains(&**address)).unwrap_or_default()
}

/// Returns the address of the node that a pod is on.
pub fn node_address(work: &Work<'_, '_>, pod: &Json) -> String {
    let node = work.get(NODES, "", text(pod, "/spec/nodeName")).unwrap_or_default();
    let addresses = node["status"]["addresses"].as_array().into_iter().flatten();
    let internal = addresses.into_iter().find(|address| address["type"] == "InternalIP");
    internal.map(|address| text(address, "/address").to_owned()).unwrap_or_default()
}
