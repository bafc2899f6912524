//! What the resource types of EC2 have in common: they are found by id or by the token of their creation, and have tags.

use std::collections::HashMap;

use sdk::value::Value;
use serde_json::{Value as Json, json};

use super::client::{Parameters, call, is_missing, list, must};
use super::xml;
use crate::cloud::{At, partition};
use crate::fault::Fault;
use crate::fields::{part, text};
use crate::managed::{Done, Work};
use crate::tags;

/// The tag by which a creation is found whose answer was lost. It is taken away as soon as the object is recorded.
pub(super) const TOKEN: &str = "gantry:token";
/// What stands in place of an id that only the token tells.
const BY_TOKEN: &str = "token:";

/// How objects of a kind are looked up.
pub(super) struct Source {
    /// Like `DescribeVpcs`.
    pub(super) action: &'static str,
    /// The list in its answer.
    pub(super) set: &'static str,
    /// The filter by id; empty where there is none.
    pub(super) filter: &'static str,
    /// The parameter with the first id, used where there is no filter: it makes an error of what is missing.
    pub(super) parameter: &'static str,
    /// The member that has the id.
    pub(super) id: &'static str,
    /// What people call it: `VPC`.
    pub(super) name: &'static str,
    /// As tags name it.
    pub(super) resource_type: &'static str,
}

/// Returns what stands for an object that was made with a token.
pub(super) fn by_token(token: &str) -> Option<Json> {
    Some(json!({"id": format!("{BY_TOKEN}{token}")}))
}

/// Looks up an object; nothing if it is not there.
pub(super) async fn find(at: &At, source: &Source, object: &Value) -> Done<Option<Json>> {
    let id = text(object, "id").unwrap_or_default();
    find_by(at, source, &id).await
}

/// Looks up an object by its id, or by what stands for it.
pub(super) async fn find_by(at: &At, source: &Source, id: &str) -> Done<Option<Json>> {
    if id.is_empty() {
        return Ok(None);
    }
    let parameters = match id.strip_prefix(BY_TOKEN) {
        Some(token) => Parameters::default().filter(&format!("tag:{TOKEN}"), &[token.to_owned()]),
        None if source.filter.is_empty() => Parameters::of(&[(source.parameter, id)]),
        None => Parameters::default().filter(source.filter, &[id.to_owned()]),
    };
    match list(at, source.action, source.set, parameters).await {
        Ok(found) => Ok(found.into_iter().next()),
        Err(fault) if is_missing(&fault) => Ok(None),
        Err(fault) => Err(fault.problem(&format!("Looking for the {} {id}", source.name))),
    }
}

/// Looks up many objects with one call; those that are not there are nothing.
pub(super) async fn find_many(at: &At, source: &Source, objects: &[Value]) -> Done<Vec<Option<Json>>> {
    let ids: Vec<String> = objects.iter().filter_map(|object| text(object, "id")).collect();
    let mut all: HashMap<String, Json> = HashMap::new();
    // EC2 takes two hundred values in a filter.
    for some in ids.chunks(200) {
        let parameters = Parameters::default().filter(source.filter, some);
        let found = list(at, source.action, source.set, parameters).await;
        let found = found.map_err(|fault| fault.problem(&format!("Looking for {}s", source.name)))?;
        all.extend(found.into_iter().map(|object| (xml::text(&object, source.id).to_owned(), object)));
    }
    Ok(objects.iter().map(|object| all.get(&text(object, "id").unwrap_or_default()).cloned()).collect())
}

/// Looks up many objects with one call, and describes those that are there.
pub(super) async fn described(
    at: &At,
    source: &Source,
    objects: &[Value],
    describe: fn(&At, &Json, &Value) -> Json,
) -> Done<Vec<Option<Json>>> {
    let found = find_many(at, source, objects).await?;
    let pairs = found.into_iter().zip(objects);
    Ok(pairs.map(|(found, object)| found.map(|found| describe(at, &found, object))).collect())
}

/// Adds the tags of a new object, and that of its token.
pub(super) fn add_tags(parameters: &mut Parameters, source: &Source, work: &Work<'_>) {
    parameters.add("TagSpecification.1.ResourceType", source.resource_type);
    let mut all: Vec<(String, String)> = tags::planned(&work.planned).unwrap_or_default().into_iter().collect();
    all.sort();
    all.push((TOKEN.to_owned(), work.token.to_owned()));
    for (place, (key, value)) in all.iter().enumerate() {
        parameters.add(format!("TagSpecification.1.Tag.{}.Key", place + 1), key);
        parameters.add(format!("TagSpecification.1.Tag.{}.Value", place + 1), value);
    }
}

/// Makes an object that is named by AWS, once: where an answer is lost, the object is looked for by its token.
/// `place` is where its id is in the answer.
pub(super) async fn make(
    work: &Work<'_>,
    source: &Source,
    action: &str,
    mut parameters: Parameters,
    place: &str,
) -> Done<String> {
    add_tags(&mut parameters, source, work);
    let doing = format!("Creating the {}", source.name);
    let mut waiting = work.propagation();
    let id = loop {
        match call(&work.at, action, &parameters).await {
            Ok(answer) => break answer.pointer(place).and_then(Json::as_str).unwrap_or_default().to_owned(),
            Err(fault) if fault.is_uncertain => {
                if let Some(found) = find_by(&work.at, source, &format!("{BY_TOKEN}{}", work.token)).await? {
                    break xml::text(&found, source.id).to_owned();
                }
                waiting.pause(&fault.text()).await.map_err(|_| fault.problem(&doing))?;
            }
            Err(fault) if is_new_elsewhere(&fault) => {
                waiting.pause(&fault.text()).await.map_err(|_| fault.problem(&doing))?
            }
            Err(fault) => return Err(fault.problem(&doing)),
        }
    };
    work.made(json!({"id": id})).await?;
    // It is recorded now; that the tag stays if this fails does no harm, as nobody sees it here.
    let parameters = Parameters::of(&[("ResourceId.1", &id), ("Tag.1.Key", TOKEN)]);
    let _ = call(&work.at, "DeleteTags", &parameters).await;
    Ok(id)
}

/// Tells whether something that was just made is not known everywhere yet.
fn is_new_elsewhere(fault: &Fault) -> bool {
    ["InvalidVpcID.NotFound", "InvalidSubnetID.NotFound", "InvalidAllocationID.NotFound", "InvalidGroup.NotFound"]
        .contains(&&*fault.code)
}

/// Returns `tags` and `tags_all` of an object.
pub(super) fn seen(at: &At, found: &Json, reference: &Value) -> (Json, Json) {
    let all = xml::tags(found).into_iter().filter(|(key, _)| key != TOKEN);
    at.session.tags.seen(all, reference)
}

/// Changes the tags of an object.
pub(super) async fn change_tags(work: &Work<'_>, id: &str) -> Done<()> {
    let Some(changes) = tags::changes(&work.prior, &work.planned) else { return Ok(()) };
    let doing = format!("Changing the tags of {id}");
    if !changes.remove.is_empty() {
        let mut parameters = Parameters::of(&[("ResourceId.1", id)]);
        for (place, key) in changes.remove.iter().enumerate() {
            parameters.add(format!("Tag.{}.Key", place + 1), key);
        }
        must(&work.at, "DeleteTags", &parameters, &doing).await?;
    }
    if !changes.set.is_empty() {
        let mut parameters = Parameters::of(&[("ResourceId.1", id)]);
        for (place, (key, value)) in changes.set.iter().enumerate() {
            parameters.add(format!("Tag.{}.Key", place + 1), key);
            parameters.add(format!("Tag.{}.Value", place + 1), value);
        }
        must(&work.at, "CreateTags", &parameters, &doing).await?;
    }
    Ok(())
}

/// Deletes something, and waits as long as something is in the way, saying what that is.
pub(super) async fn delete(
    work: &Work<'_>,
    action: &str,
    parameters: &Parameters,
    doing: &str,
    in_the_way: Option<(&str, &str)>,
) -> Done<()> {
    let mut waiting = work.waiting();
    loop {
        match call(&work.at, action, parameters).await {
            Ok(_) => return Ok(()),
            Err(fault) if is_missing(&fault) => return Ok(()),
            Err(fault) if is_held(&fault) => {
                let what = match in_the_way {
                    Some((filter, id)) => obstacles(&work.at, filter, id).await,
                    None => String::new(),
                };
                let phase =
                    if what.is_empty() { fault.text() } else { format!("{}; in the way: {what}", fault.text()) };
                waiting.pause(&phase).await?;
            }
            Err(fault) => return Err(fault.problem(doing)),
        }
    }
}

/// Tells whether something has to go first, which may be on its way already.
fn is_held(fault: &Fault) -> bool {
    ["DependencyViolation", "InvalidIPAddress.InUse", "AuthFailure", "InvalidNetworkInterface.InUse"]
        .contains(&&*fault.code)
        && (fault.code != "AuthFailure" || fault.message.contains("permission to access the specified resource"))
}

/// Something that may be in the way of a deletion.
struct Obstacle {
    /// Of what is found by this filter; empty for anything.
    of: &'static str,
    action: &'static str,
    set: &'static str,
    /// What lets only those through that are in the way; empty for the filter itself.
    by: &'static str,
    id: &'static str,
    /// What tells of it.
    about: &'static str,
}

const OBSTACLE: Obstacle = Obstacle {
    of: "",
    action: "DescribeNetworkInterfaces",
    set: "networkInterfaceSet",
    by: "",
    id: "networkInterfaceId",
    about: "description",
};
const GROUP: Obstacle = Obstacle {
    of: "vpc-id",
    action: "DescribeSecurityGroups",
    set: "securityGroupInfo",
    id: "groupId",
    about: "groupName",
    ..OBSTACLE
};
const IN_THE_WAY: &[Obstacle] = &[
    OBSTACLE,
    GROUP,
    // A group is held by others whose rules name it.
    Obstacle { of: "group-id", by: "ip-permission.group-id", ..GROUP },
    Obstacle {
        of: "vpc-id",
        action: "DescribeSubnets",
        set: "subnetSet",
        id: "subnetId",
        about: "cidrBlock",
        ..OBSTACLE
    },
    Obstacle {
        of: "vpc-id",
        action: "DescribeInternetGateways",
        set: "internetGatewaySet",
        by: "attachment.vpc-id",
        id: "internetGatewayId",
        about: "ownerId",
    },
];

/// Names what is in the way.
async fn obstacles(at: &At, filter: &str, id: &str) -> String {
    let mut found = Vec::new();
    for Obstacle { of, action, set, by, id: own, about } in IN_THE_WAY {
        if !of.is_empty() && *of != filter {
            continue;
        }
        let by = if by.is_empty() { filter } else { by };
        let parameters = Parameters::default().filter(by, &[id.to_owned()]);
        let some = list(at, action, set, parameters).await.unwrap_or_default();
        // The group that a VPC was made with goes with it.
        let is_own = |one: &Json| xml::text(one, own) == id || !of.is_empty() && xml::text(one, about) == "default";
        found.extend(some.iter().filter(|one| !is_own(one)).map(|one| match xml::text(one, about) {
            "" => xml::text(one, own).to_owned(),
            about => format!("{} ({about})", xml::text(one, own)),
        }));
    }
    sdk::name_some(&found, 5)
}

/// Writes the ARN of something of EC2.
pub(super) fn arn(at: &At, owner: &str, rest: &str) -> String {
    let account = if owner.is_empty() { at.session.account.as_deref().unwrap_or_default() } else { owner };
    format!("arn:{}:ec2:{}:{account}:{rest}", partition(&at.region).0, at.region)
}

/// Sets attributes of an object that each take a call of their own.
pub(super) async fn modify(
    work: &Work<'_>,
    action: &str,
    (parameter, id): (&str, &str),
    flags: &[(&str, &str, Option<bool>)],
    doing: &str,
) -> Done<()> {
    for (attribute, name, otherwise) in flags {
        let wanted = part(&work.planned, attribute).as_bool();
        let before = if work.prior.is_null() { *otherwise } else { part(&work.prior, attribute).as_bool() };
        let Some(wanted) = wanted.filter(|wanted| Some(*wanted) != before) else { continue };
        let parameters =
            Parameters::of(&[(parameter, id), (&format!("{name}.Value"), if wanted { "true" } else { "false" })]);
        must(&work.at, action, &parameters, doing).await?;
    }
    Ok(())
}
