//! Claims of volumes: bound to volumes that are there, or to new ones that the cloud makes; and what becomes of volumes.

use std::time::Duration;

use serde_json::{Value as Json, json};

use super::index::{Index, Named, claim_of};
use super::quantity::ones;
use super::scheduler::SELECTED_NODE;
use super::work::{CLAIMS, Of, PODS, VOLUMES, Work, annotation, is_ending, owner_reference, place, set_metadata};
use super::{Controller, Event};
use crate::kubernetes::cloud::{Volume, VolumeWanted};
use crate::kubernetes::failure::{Failure, Stop};
use crate::kubernetes::store::text;

/// Storage classes.
pub const CLASSES: Of = Of("storage.k8s.io", "storageclasses");
const SOURCE: &str = "persistentvolume-controller";
const CLAIM_HELD: &str = "kubernetes.io/pvc-protection";
const VOLUME_HELD: &str = "kubernetes.io/pv-protection";
const PROVISIONER_HELD: &str = "external-provisioner.volume.kubernetes.io/finalizer";
const PROVISIONED_BY: &str = "pv.kubernetes.io/provisioned-by";
const PROVISIONER: &str = "volume.kubernetes.io/storage-provisioner";
/// What the keys of pods with claims of their own begin with.
const OF_POD: &str = "pod/";
/// How long the cloud takes to make a volume.
const MAKE: Duration = Duration::from_secs(3);

/// The controller of claims and volumes. Volumes have keys without a namespace.
pub struct Volumes;

impl Controller for Volumes {
    fn name(&self) -> &'static str {
        "volumes"
    }

    fn kinds(&self) -> &'static [(&'static str, &'static str)] {
        &[
            ("", "persistentvolumeclaims"),
            ("", "persistentvolumes"),
            ("", "pods"),
            ("storage.k8s.io", "csidrivers"),
            ("storage.k8s.io", "storageclasses"),
        ]
    }

    fn concerns(&self, event: &Event<'_>, index: &Index, keys: &mut Vec<Named>) {
        let own = || (event.namespace.to_owned(), event.name.to_owned());
        match event.plural {
            "pods" => {
                let volumes = event.after()["spec"]["volumes"].as_array().into_iter().flatten();
                if event.is_new() && volumes.into_iter().any(|volume| volume["ephemeral"].is_object()) {
                    keys.push((event.namespace.to_owned(), format!("{OF_POD}{}", event.name)));
                }
                let ended = |pod: &Json| matches!(text(pod, "/status/phase"), "Succeeded" | "Failed");
                if event.is_gone() || ended(event.after()) && !ended(event.before()) {
                    let claims = super::index::Pod::read(event.object()).claims;
                    keys.extend(claims.into_iter().map(|claim| (event.namespace.to_owned(), claim)));
                }
            }
            "persistentvolumeclaims" => {
                if !event.is_gone() {
                    keys.push(own());
                }
                let volume = text(event.object(), "/spec/volumeName");
                if !volume.is_empty() {
                    keys.push((String::new(), volume.to_owned()));
                }
            }
            "persistentvolumes" => {
                keys.push(own());
                let claim = &event.object()["spec"]["claimRef"];
                if claim.is_object() {
                    keys.push((text(claim, "/namespace").to_owned(), text(claim, "/name").to_owned()));
                } else {
                    keys.extend(index.open_claims.iter().cloned());
                }
            }
            _ => keys.extend(index.open_claims.iter().cloned()),
        }
    }

    fn reconcile(&self, work: &mut Work<'_, '_>) -> Result<(), Stop> {
        let (namespace, name) = (work.key.namespace.clone(), work.key.name.clone());
        if namespace.is_empty() {
            return match work.get(VOLUMES, "", &name) {
                Some(volume) => look_at_volume(work, &volume),
                None => Ok(()),
            };
        }
        if let Some(pod) = name.strip_prefix(OF_POD) {
            return make_for(work, &namespace, pod);
        }
        let Some(claim) = work.get(CLAIMS, &namespace, &name) else {
            work.keep(&Json::Null);
            return Ok(());
        };
        if is_ending(&claim) {
            return release(work, &claim);
        }
        match text(&claim, "/spec/volumeName") {
            "" => look_for(work, &claim),
            volume if claim["status"]["phase"] != "Bound" => {
                let volume = work.get(VOLUMES, "", volume);
                volume.map_or(Ok(()), |volume| bind(work, &claim, &volume))
            }
            _ => grow(work, &claim),
        }
    }
}

/// Makes the claims of a pod's volumes that live as long as the pod.
fn make_for(work: &mut Work<'_, '_>, namespace: &str, name: &str) -> Result<(), Stop> {
    let Some(pod) = work.get(PODS, namespace, name).filter(|pod| !is_ending(pod)) else { return Ok(()) };
    for volume in pod["spec"]["volumes"].as_array().into_iter().flatten() {
        let template = &volume["ephemeral"]["volumeClaimTemplate"];
        let Some(claim) = claim_of(&pod, volume).filter(|_| template.is_object()) else { continue };
        if work.has(CLAIMS, namespace, &claim) {
            continue;
        }
        let mut metadata = json!({"name": claim, "ownerReferences": [owner_reference(&pod)]});
        for member in ["labels", "annotations"] {
            if !template["metadata"][member].is_null() {
                metadata[member] = template["metadata"][member].clone();
            }
        }
        let object = json!({
            "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": template["spec"],
        });
        work.create(CLAIMS, namespace, object)?;
    }
    Ok(())
}

/// A claim that is deleted goes when no pod uses it any more.
fn release(work: &mut Work<'_, '_>, claim: &Json) -> Result<(), Stop> {
    let (namespace, name) = place(claim);
    let uses = |(_, pod): (&Named, &super::index::Pod)| !pod.is_finished() && pod.claims.contains(&name);
    if work.index.in_namespace(&namespace).any(uses) {
        return Ok(());
    }
    work.set_finalizer(CLAIMS, claim, CLAIM_HELD, false).map(drop)
}

fn size_wanted(claim: &Json) -> i64 {
    ones(&claim["spec"]["resources"]["requests"]["storage"]).unwrap_or_default()
}

/// Tells whether a volume that is there fits a claim.
fn fits(volume: &Json, claim: &Json) -> bool {
    let (namespace, name) = place(claim);
    let reference = &volume["spec"]["claimRef"];
    if reference.is_object() {
        let uid = text(reference, "/uid");
        return reference["namespace"] == *namespace
            && reference["name"] == *name
            && (uid.is_empty() || uid == text(claim, "/metadata/uid"));
    }
    let modes = |object: &Json| object["spec"]["accessModes"].as_array().cloned().unwrap_or_default();
    let offered = modes(volume);
    let labels = volume["metadata"]["labels"].as_object().into_iter().flatten();
    let labels = labels.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect();
    let selector = &claim["spec"]["selector"];
    text(volume, "/spec/storageClassName") == text(claim, "/spec/storageClassName")
        && !is_ending(volume)
        && volume["status"]["phase"] != "Released"
        && ones(&volume["spec"]["capacity"]["storage"]).unwrap_or_default() >= size_wanted(claim)
        && modes(claim).iter().all(|mode| offered.contains(mode))
        && (selector.is_null() || super::pod_spec::selects(selector, &labels))
}

/// Finds a volume for a claim, or has one made.
fn look_for(work: &mut Work<'_, '_>, claim: &Json) -> Result<(), Stop> {
    let mut there: Vec<Json> = work.list(VOLUMES, "", "").into_iter().filter(|volume| fits(volume, claim)).collect();
    there.sort_by_key(|volume| ones(&volume["spec"]["capacity"]["storage"]));
    if let Some(volume) = there.first() {
        return bind(work, claim, volume);
    }
    let name = text(claim, "/spec/storageClassName").to_owned();
    if name.is_empty() {
        let message = "no persistent volumes available for this claim and no storage class is set";
        return tell(work, claim, "FailedBinding", message);
    }
    let Some(class) = work.get(CLASSES, "", &name) else {
        let message = format!("storageclass.storage.k8s.io \"{name}\" not found");
        return tell(work, claim, "ProvisioningFailed", &message);
    };
    let waits = class["volumeBindingMode"] == "WaitForFirstConsumer";
    let node = annotation(claim, SELECTED_NODE).unwrap_or_default().to_owned();
    if waits && node.is_empty() {
        let message = "waiting for first consumer to be created before binding";
        return tell(work, claim, "WaitForFirstConsumer", message);
    }
    provision(work, claim, &class, &node)
}

/// Tells of something once, as long as nothing else is to be told of the claim.
fn tell(work: &mut Work<'_, '_>, claim: &Json, reason: &str, message: &str) -> Result<(), Stop> {
    let (namespace, name) = place(claim);
    let noted = work.notes("volumes", &namespace, &name);
    if noted["told"] != message {
        work.event(claim, (SOURCE, reason), message);
        work.keep(&json!({"told": message, "due": noted["due"]}));
    }
    Ok(())
}

/// Returns the name under which a driver of the cluster serves a provisioner, if one is installed.
fn driver(work: &Work<'_, '_>, provisioner: &str) -> Option<String> {
    // What was once part of Kubernetes is served by drivers now.
    let served = match provisioner {
        "kubernetes.io/aws-ebs" => "ebs.csi.aws.com",
        "kubernetes.io/azure-disk" => "disk.csi.azure.com",
        "kubernetes.io/gce-pd" => "pd.csi.storage.gke.io",
        other => other,
    };
    // A provisioner of its own (`rancher.io/local-path`) is no driver, and is not told of by an object.
    let is_its_own = served.contains('/') && !served.starts_with("kubernetes.io/");
    (is_its_own || work.has(Of("storage.k8s.io", "csidrivers"), "", served)).then(|| served.to_owned())
}

fn provision(work: &mut Work<'_, '_>, claim: &Json, class: &Json, node: &str) -> Result<(), Stop> {
    let provisioner = text(class, "/provisioner").to_owned();
    let (namespace, name) = place(claim);
    let claim = &annotated(work, claim, &provisioner);
    let cloud = work.cloud.filter(|cloud| cloud.provisions(&provisioner));
    let (Some(cloud), Some(driver)) = (cloud, driver(work, &provisioner)) else {
        if provisioner == "kubernetes.io/no-provisioner" {
            let message = "no persistent volumes available for this claim, and its storage class makes none";
            return tell(work, claim, "FailedBinding", message);
        }
        let message = format!(
            "Waiting for a volume to be created either by the external provisioner '{provisioner}' or manually by the \
             system administrator. If volume creation is delayed, please verify that the provisioner is running and \
             correctly registered."
        );
        return tell(work, claim, "ExternalProvisioning", &message);
    };
    let noted = work.notes("volumes", &namespace, &name);
    let now = work.now();
    match noted["due"].as_u64() {
        None => {
            let message = format!("External provisioner is provisioning volume for claim \"{namespace}/{name}\"");
            work.event(claim, (&provisioner, "Provisioning"), &message);
            work.keep(&json!({"due": now + MAKE.as_millis() as u64}));
            work.again(MAKE);
            return Ok(());
        }
        Some(due) if due > now => return Ok(()),
        Some(_) => {}
    }
    let volume_name = format!("pvc-{}", text(claim, "/metadata/uid"));
    let zone = work.index.nodes.get(node).and_then(|node| node.labels.get("topology.kubernetes.io/zone")).cloned();
    let wanted = VolumeWanted {
        name: &volume_name,
        size: size_wanted(claim),
        provisioner: &driver,
        parameters: &class["parameters"],
        zone: zone.as_deref(),
        node,
        claim: (&namespace, &name),
    };
    match cloud.create_volume(&mut work.asked(), &wanted) {
        Ok(made) => {
            let volume = volume_of(claim, class, (&volume_name, &driver), &made);
            let volume = work.create(VOLUMES, "", volume)?;
            let message = format!("Successfully provisioned volume {volume_name}");
            work.event(claim, (&provisioner, "ProvisioningSucceeded"), &message);
            work.keep(&Json::Null);
            bind(work, claim, &volume)
        }
        Err(why) => {
            let message =
                format!("failed to provision volume with StorageClass \"{}\": {why}", text(class, "/metadata/name"));
            tell(work, claim, "ProvisioningFailed", &message)
        }
    }
}

/// Writes onto a claim who makes its volume.
fn annotated(work: &mut Work<'_, '_>, claim: &Json, provisioner: &str) -> Json {
    if annotation(claim, PROVISIONER) == Some(provisioner) {
        return claim.clone();
    }
    let mut after = claim.clone();
    set_metadata(&mut after, "annotations", PROVISIONER, provisioner.into());
    set_metadata(&mut after, "annotations", "volume.beta.kubernetes.io/storage-provisioner", provisioner.into());
    work.put(CLAIMS, claim, after);
    let (namespace, name) = place(claim);
    work.get(CLAIMS, &namespace, &name).unwrap_or_default()
}

fn volume_of(claim: &Json, class: &Json, (name, driver): (&str, &str), made: &Volume) -> Json {
    let (namespace, own) = place(claim);
    let policy = class["reclaimPolicy"].as_str().unwrap_or("Delete");
    let mut held = vec![VOLUME_HELD];
    held.extend((policy == "Delete").then_some(PROVISIONER_HELD));
    let mut source = json!({"driver": driver, "volumeHandle": made.id, "volumeAttributes": made.attributes});
    if let Some(kind) = class["parameters"]["csi.storage.k8s.io/fstype"].as_str().or(Some("ext4")) {
        source["fsType"] = kind.into();
    }
    // What is no driver gives folders of the node.
    let (member, source) = match driver.contains('/') {
        true => {
            let path = format!("/var/local-path-provisioner/{name}_{namespace}_{own}");
            ("hostPath", json!({"path": path, "type": "DirectoryOrCreate"}))
        }
        false => ("csi", source),
    };
    let mut spec = json!({
        "capacity": {"storage": claim["spec"]["resources"]["requests"]["storage"]},
        "accessModes": claim["spec"]["accessModes"], "persistentVolumeReclaimPolicy": policy,
        "storageClassName": class["metadata"]["name"], "volumeMode": claim["spec"]["volumeMode"], member: source,
        "claimRef": {
            "apiVersion": "v1", "kind": "PersistentVolumeClaim", "namespace": namespace, "name": own,
            "uid": claim["metadata"]["uid"],
        },
    });
    let place = made.zone.as_ref().map(|zone| ("topology.kubernetes.io/zone", zone));
    if let Some((key, value)) = made.node.as_ref().map(|node| ("kubernetes.io/hostname", node)).or(place) {
        let here = json!({"key": key, "operator": "In", "values": [value]});
        spec["nodeAffinity"] = json!({"required": {"nodeSelectorTerms": [{"matchExpressions": [here]}]}});
    }
    json!({
        "apiVersion": "v1", "kind": "PersistentVolume",
        "metadata": {"name": name, "finalizers": held, "annotations": {PROVISIONED_BY: driver}},
        "spec": spec, "status": {"phase": "Pending"},
    })
}

/// Binds a claim and a volume to each other.
fn bind(work: &mut Work<'_, '_>, claim: &Json, volume: &Json) -> Result<(), Stop> {
    let (namespace, name) = place(claim);
    let mut bound = volume.clone();
    bound["spec"]["claimRef"] = json!({
        "apiVersion": "v1", "kind": "PersistentVolumeClaim", "namespace": namespace, "name": name,
        "uid": claim["metadata"]["uid"],
    });
    bound["status"]["phase"] = "Bound".into();
    work.put(VOLUMES, volume, bound);
    let mut after = claim.clone();
    after["spec"]["volumeName"] = volume["metadata"]["name"].clone();
    for mark in ["pv.kubernetes.io/bind-completed", "pv.kubernetes.io/bound-by-controller"] {
        set_metadata(&mut after, "annotations", mark, "yes".into());
    }
    after["status"] = json!({
        "phase": "Bound", "accessModes": volume["spec"]["accessModes"], "capacity": volume["spec"]["capacity"],
    });
    work.put(CLAIMS, claim, after);
    work.keep(&Json::Null);
    Ok(())
}

/// Makes the volume of a claim larger, if that is wanted.
fn grow(work: &mut Work<'_, '_>, claim: &Json) -> Result<(), Stop> {
    let wanted = size_wanted(claim);
    let is = ones(&claim["status"]["capacity"]["storage"]).unwrap_or_default();
    let Some(volume) = work.get(VOLUMES, "", text(claim, "/spec/volumeName")) else {
        if claim["status"]["phase"] == "Bound" {
            let mut status = claim["status"].clone();
            status["phase"] = "Lost".into();
            work.set_status(CLAIMS, claim, status);
            let message = "Bound claim has lost its PersistentVolume. Data on the volume is lost!";
            work.event(claim, (SOURCE, "ClaimLost"), message);
        }
        return Ok(());
    };
    let handle = text(&volume, "/spec/csi/volumeHandle").to_owned();
    let (true, Some(cloud)) = (wanted > is, work.cloud) else { return Ok(()) };
    if handle.is_empty() {
        return Ok(());
    }
    if let Err(why) = cloud.resize_volume(&mut work.asked(), &handle, wanted) {
        let (_, name) = place(claim);
        let message = format!("resize volume \"{handle}\" of claim \"{name}\" failed: {why}");
        return tell(work, claim, "VolumeResizeFailed", &message);
    }
    let size = &claim["spec"]["resources"]["requests"]["storage"];
    let mut larger = volume.clone();
    larger["spec"]["capacity"]["storage"] = size.clone();
    work.put(VOLUMES, &volume, larger);
    let mut status = claim["status"].clone();
    status["capacity"] = json!({"storage": size});
    work.set_status(CLAIMS, claim, status);
    work.event(
        claim,
        ("volume_expand", "FileSystemResizeSuccessful"),
        "MountVolume.NodeExpandVolume succeeded for volume",
    );
    Ok(())
}

/// Decides what becomes of a volume.
fn look_at_volume(work: &mut Work<'_, '_>, volume: &Json) -> Result<(), Stop> {
    let reference = &volume["spec"]["claimRef"];
    let claim = work.get(CLAIMS, text(reference, "/namespace"), text(reference, "/name"));
    let claim = claim.filter(|claim| {
        let uid = text(reference, "/uid");
        uid.is_empty() || uid == text(claim, "/metadata/uid")
    });
    let is_claimed = reference.is_object() && claim.is_some();
    if !reference.is_object() && !is_ending(volume) {
        return set_phase(work, volume, "Available");
    }
    if is_claimed {
        return Ok(());
    }
    let policy = text(volume, "/spec/persistentVolumeReclaimPolicy");
    if policy != "Delete" && !is_ending(volume) {
        return set_phase(work, volume, "Released");
    }
    if policy == "Delete" {
        delete_in_cloud(work, volume)?;
    }
    let name = text(volume, "/metadata/name").to_owned();
    let volume = work.set_finalizer(VOLUMES, volume, PROVISIONER_HELD, false)?;
    let held = work.has(VOLUMES, "", &name);
    let volume = if held { work.set_finalizer(VOLUMES, &volume, VOLUME_HELD, false)? } else { volume };
    if !is_ending(&volume) && work.has(VOLUMES, "", &name) {
        work.delete(VOLUMES, "", &name, json!({}))?;
    }
    Ok(())
}

fn delete_in_cloud(work: &mut Work<'_, '_>, volume: &Json) -> Result<(), Stop> {
    let handle = text(volume, "/spec/csi/volumeHandle").to_owned();
    let (Some(cloud), false) = (work.cloud, handle.is_empty()) else { return Ok(()) };
    cloud.delete_volume(&mut work.asked(), &handle).map_err(|why| {
        // Tried again later, when nobody uses it any more.
        Stop::Failure(Failure::new(500, "VolumeFailedDelete", why))
    })
}

fn set_phase(work: &mut Work<'_, '_>, volume: &Json, phase: &str) -> Result<(), Stop> {
    let mut status = volume["status"].clone();
    if !status.is_object() {
        status = json!({});
    }
    status["phase"] = phase.into();
    work.set_status(VOLUMES, volume, status);
    Ok(())
}
