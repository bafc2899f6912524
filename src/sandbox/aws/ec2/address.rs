//! Elastic addresses: allocated, associated with interfaces, released.

use serde_json::{Value as Json, json};

use super::call::{Error, Invocation, done, invalid};
use super::kind::{ADDRESS, INSTANCE, NETWORK_INTERFACE, describe as describe_all};
use super::region::{Region, id, list, text};
use super::zones;
use crate::aws::account::{ACCOUNT, random};

const ADDRESSES_MAX: usize = 5;

/// `AllocateAddress`.
pub fn allocate(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let domain = invocation.get("Domain").unwrap_or_else(|| "vpc".to_owned());
    if domain != "vpc" {
        return Err(invalid("Domain", &domain, "Only vpc is supported."));
    }
    let all = invocation.region.all(&ADDRESS);
    if all.len() >= ADDRESSES_MAX {
        return Err(Error::new("AddressLimitExceeded", "The maximum number of addresses has been reached."));
    }
    let tags = invocation.tags("elastic-ip")?;
    let public = loop {
        let digits = u32::from_str_radix(&random::<3>(), 16).unwrap_or_default();
        let [_, one, two, three] = digits.to_be_bytes();
        let public = format!("52.{one}.{two}.{three}");
        if all.iter().all(|address| address["publicIp"] != *public) {
            break public;
        }
    };
    let address = json!({
        "publicIp": public,
        "allocationId": invocation.region.new_id(&ADDRESS),
        "domain": "vpc",
        "publicIpv4Pool": "amazon",
        "networkBorderGroup": invocation.region.name,
        "tagSet": tags,
    });
    invocation.region.put(&ADDRESS, &address);
    let mut answer = address;
    answer["tagSet"] = Json::Null;
    Ok(answer)
}

/// Returns the address that a request names by id or by address.
fn named(invocation: &Invocation<'_, '_>) -> Result<Json, Error> {
    if let Some(id) = invocation.get("AllocationId") {
        return invocation.region.get(&ADDRESS, &id);
    }
    let public = invocation
        .needed("PublicIp")
        .map_err(|_| Error::new("MissingParameter", "Either public IP or allocation id must be specified"))?;
    let mut all = invocation.region.all(&ADDRESS).into_iter();
    let missing = || Error::new("InvalidAddress.NotFound", format!("Address '{public}' not found."));
    all.find(|address| address["publicIp"] == *public).ok_or_else(missing)
}

/// `ReleaseAddress`.
pub fn release(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let address = named(invocation)?;
    if address["associationId"].is_string() {
        let text = format!("Address {} is in use.", text(&address, "publicIp"));
        return Err(Error::new("InvalidIPAddress.InUse", text));
    }
    invocation.region.remove(&ADDRESS, text(&address, "allocationId"));
    Ok(done())
}

/// Associates an address with an interface; both are there.
pub fn bind(region: &mut Region<'_, '_>, address: &mut Json, interface: &mut Json) -> String {
    let association = id("eipassoc");
    for (member, value) in [
        ("associationId", json!(association)),
        ("networkInterfaceId", interface["networkInterfaceId"].clone()),
        ("networkInterfaceOwnerId", json!(ACCOUNT)),
        ("privateIpAddress", interface["privateIpAddress"].clone()),
        ("instanceId", interface["attachment"]["instanceId"].clone()),
    ] {
        address[member] = value;
    }
    let public = text(address, "publicIp");
    let shown = json!({
        "allocationId": address["allocationId"],
        "associationId": association,
        "ipOwnerId": ACCOUNT,
        "publicIp": public,
        "publicDnsName": zones::public_name(&region.name, public),
    });
    if let Some(first) = interface["privateIpAddressesSet"].get_mut(0) {
        first["association"] = shown.clone();
    }
    interface["association"] = shown;
    region.put(&ADDRESS, address);
    region.put(&NETWORK_INTERFACE, interface);
    association
}

/// Takes an address from the interface that it is associated with.
pub fn unbind(region: &mut Region<'_, '_>, allocation: &str) {
    let Some(mut address) = region.find(&ADDRESS, allocation) else { return };
    let interface = text(&address, "networkInterfaceId").to_owned();
    if let Some(members) = address.as_object_mut() {
        for member in [
            "associationId",
            "networkInterfaceId",
            "networkInterfaceOwnerId",
            "privateIpAddress",
            "instanceId",
            "_service",
        ] {
            members.remove(member);
        }
    }
    region.put(&ADDRESS, &address);
    region.edit(&NETWORK_INTERFACE, &interface, |interface| {
        interface["association"] = Json::Null;
        if let Some(first) = interface["privateIpAddressesSet"].get_mut(0) {
            first["association"] = Json::Null;
        }
    });
}

/// `AssociateAddress`.
pub fn associate(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let mut address = named(invocation)?;
    let mut interface = match (invocation.get("NetworkInterfaceId"), invocation.get("InstanceId")) {
        (Some(interface), _) => invocation.region.get(&NETWORK_INTERFACE, &interface)?,
        (None, Some(instance)) => {
            let instance = invocation.region.get(&INSTANCE, &instance)?;
            let first = list(&instance, "networkInterfaceSet").first().map(|first| text(first, "networkInterfaceId"));
            invocation.region.get(&NETWORK_INTERFACE, first.unwrap_or_default())?
        }
        (None, None) => {
            return Err(Error::new("MissingParameter", "Either instance ID or network interface id must be specified"));
        }
    };
    if address["associationId"].is_string() {
        let id = text(&address, "allocationId").to_owned();
        if invocation.flag("AllowReassociation")? == Some(false) || address["_service"] == true {
            let text =
                format!("resource {id} is already associated with associate-id {}", text(&address, "associationId"));
            return Err(Error::new("Resource.AlreadyAssociated", text));
        }
        unbind(&mut invocation.region, &id);
        address = invocation.region.get(&ADDRESS, &id)?;
        interface = invocation.region.get(&NETWORK_INTERFACE, text(&interface, "networkInterfaceId"))?;
    }
    if let Some(other) = interface["association"]["allocationId"].as_str() {
        let other = other.to_owned();
        unbind(&mut invocation.region, &other);
        interface = invocation.region.get(&NETWORK_INTERFACE, text(&interface, "networkInterfaceId"))?;
    }
    let association = bind(&mut invocation.region, &mut address, &mut interface);
    Ok(json!({"return": true, "associationId": association}))
}

/// `DisassociateAddress`.
pub fn disassociate(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let address = match invocation.get("AssociationId") {
        Some(association) => {
            let mut all = invocation.region.all(&ADDRESS).into_iter();
            let text = format!("The association ID '{association}' does not exist");
            let missing = || Error::new("InvalidAssociationID.NotFound", text);
            all.find(|address| address["associationId"] == *association).ok_or_else(missing)?
        }
        None => named(invocation)?,
    };
    if address["_service"] == true {
        let text = "You do not have permission to access the specified resource.";
        return Err(Error::new("AuthFailure", text));
    }
    unbind(&mut invocation.region, text(&address, "allocationId"));
    Ok(done())
}

/// `DescribeAddresses`. It has no pages.
pub fn describe(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let wanted = invocation.parameters.list("PublicIp");
    let all = invocation.region.all(&ADDRESS);
    for public in &wanted {
        if !all.iter().any(|address| address["publicIp"] == **public) {
            return Err(Error::new("InvalidAddress.NotFound", format!("Address '{public}' not found.")));
        }
    }
    let mut answer = describe_all(invocation, &ADDRESS)?;
    if let Some(list) = answer["addressesSet"].as_array_mut() {
        list.retain(|address| wanted.is_empty() || wanted.iter().any(|public| address["publicIp"] == **public));
    }
    Ok(answer)
}

/// `DescribeAddressesAttribute`: nobody has set a name for an address.
pub fn describe_attribute(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    for id in invocation.parameters.list("AllocationId") {
        invocation.region.get(&ADDRESS, &id)?;
    }
    Ok(json!({"addressSet": []}))
}
