//! Listeners: ports of load balancers, and where what comes in goes.

use serde_json::{Map, Value as Json, json};

use super::{Invocation, all, find, load_balancer, put, remove, tags, target_group};
use crate::aws::account::random;
use crate::aws::ec2::Region;
use crate::aws::query::{Error, Parameters};

/// What records are kept under.
pub const KIND: &str = "listeners";

/// Returns the load balancers that send to a target group.
pub fn balancers_of(region: &Region<'_, '_>, group: &Json) -> Vec<Json> {
    let is_target = |listener: &Json| {
        listener["DefaultActions"].as_array().into_iter().flatten().any(|action| {
            let mut groups = action["ForwardConfig"]["TargetGroups"].as_array().into_iter().flatten();
            action["TargetGroupArn"] == *group || groups.any(|one| one["TargetGroupArn"] == *group)
        })
    };
    let mut found: Vec<Json> = Vec::new();
    for listener in all(region, KIND).iter().filter(|listener| is_target(listener)) {
        if !found.contains(&listener["LoadBalancerArn"]) {
            found.push(listener["LoadBalancerArn"].clone());
        }
    }
    found
}

/// Reads actions: texts, and the structures that some of them have.
fn actions(invocation: &Invocation<'_, '_>) -> Result<Vec<Json>, Error> {
    let mut read = Vec::new();
    for given in invocation.parameters.structures("DefaultActions") {
        let mut action = Map::new();
        for name in ["Type", "TargetGroupArn", "Order"] {
            if let Some(value) = given.get(name) {
                action.insert(name.to_owned(), json!(value));
            }
        }
        for name in ["RedirectConfig", "FixedResponseConfig"] {
            let inner = given.within(name);
            if !inner.is_empty() {
                action.insert(name.to_owned(), plain(&inner));
            }
        }
        let groups = given.within("ForwardConfig").structures("TargetGroups");
        if !groups.is_empty() {
            let groups: Vec<Json> = groups.iter().map(plain).collect();
            action.insert("ForwardConfig".to_owned(), json!({"TargetGroups": groups}));
        }
        if let Some(group) = given.get("TargetGroupArn")
            && find(&invocation.region, target_group::KIND, group).is_none()
        {
            return Err(Error::new("TargetGroupNotFound", format!("Target group '{group}' not found")));
        }
        read.push(Json::Object(action));
    }
    if read.is_empty() {
        return Err(Error::new("ValidationError", "A listener must have a default action"));
    }
    Ok(read)
}

fn plain(parameters: &Parameters) -> Json {
    Json::Object(parameters.iter().map(|(name, value)| (name.to_owned(), json!(value))).collect())
}

/// `CreateListener`.
pub fn create(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let balancer = load_balancer::named(invocation)?;
    let balancer = balancer["LoadBalancerArn"].as_str().unwrap_or_default();
    let port = invocation.number("Port")?.ok_or_else(|| Error::new("ValidationError", "Port must be specified"))?;
    let others = all(&invocation.region, KIND);
    if others.iter().any(|other| other["LoadBalancerArn"] == balancer && other["Port"] == port) {
        let text = format!("A listener already exists on this port for this load balancer '{balancer}'");
        return Err(Error::new("DuplicateListener", text));
    }
    let arn = format!("{}/{}", balancer.replacen(":loadbalancer/", ":listener/", 1), random::<8>());
    let certificates: Vec<Json> = invocation.parameters.structures("Certificates").iter().map(plain).collect();
    let tags = tags::read(&invocation.parameters);
    let listener = json!({
        "ListenerArn": arn,
        "LoadBalancerArn": balancer,
        "Port": port,
        "Protocol": invocation.parameters.get("Protocol"),
        "SslPolicy": invocation.parameters.get("SslPolicy"),
        "Certificates": certificates,
        "DefaultActions": actions(invocation)?,
        "_tags": tags.iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect::<Vec<_>>(),
    });
    put(&mut invocation.region, KIND, &arn, &listener);
    Ok(json!({"Listeners": [listener]}))
}

fn named(invocation: &Invocation<'_, '_>) -> Result<Json, Error> {
    let arn = invocation.needed("ListenerArn")?;
    find(&invocation.region, KIND, &arn)
        .ok_or_else(|| Error::new("ListenerNotFound", "One or more listeners not found"))
}

/// `ModifyListener`.
pub fn modify(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let mut listener = named(invocation)?;
    for name in ["Protocol", "SslPolicy"] {
        if let Some(value) = invocation.parameters.get(name) {
            listener[name] = json!(value);
        }
    }
    if let Some(port) = invocation.number("Port")? {
        listener["Port"] = json!(port);
    }
    if invocation.parameters.has("DefaultActions") {
        listener["DefaultActions"] = json!(actions(invocation)?);
    }
    put(&mut invocation.region, KIND, listener["ListenerArn"].as_str().unwrap_or_default(), &listener);
    Ok(json!({"Listeners": [listener]}))
}

/// `DeleteListener`.
pub fn delete(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let listener = named(invocation)?;
    remove(&mut invocation.region, KIND, listener["ListenerArn"].as_str().unwrap_or_default());
    Ok(json!({}))
}

/// `DescribeListeners`.
pub fn describe(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let arns = invocation.parameters.list("ListenerArns");
    let mut found = all(&invocation.region, KIND);
    if arns.iter().any(|arn| !found.iter().any(|listener| listener["ListenerArn"] == **arn)) {
        return Err(Error::new("ListenerNotFound", "One or more listeners not found"));
    }
    found.retain(|listener| arns.is_empty() || arns.iter().any(|arn| listener["ListenerArn"] == **arn));
    if invocation.parameters.get("LoadBalancerArn").is_some() {
        let balancer = load_balancer::named(invocation)?;
        found.retain(|listener| listener["LoadBalancerArn"] == balancer["LoadBalancerArn"]);
    }
    invocation.page("Listeners", found)
}
