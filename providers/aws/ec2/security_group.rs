//! `aws_security_group`: who may talk to whom.

use sdk::schema::Attribute;
use sdk::value::{Type, Value};
use sdk::{Action, Call, Problem};
use serde_json::{Value as Json, json};

use super::client::Parameters;
use super::common::{Source, arn, by_token, change_tags, delete, find, make, seen};
use super::group_rules::{Atom, atoms, authorize, block_type, blocks as together, of_group, revoke};
use super::xml;
use crate::cloud::At;
use crate::fields::{blocks, filled, flag, part};
use crate::managed::{Done, Draft, Kind, Work};
use crate::naming;
use crate::planning::{Otherwise, Rules};
use crate::shape::{Shape, flag as truth, text as word};

/// The resource type.
pub(super) struct SecurityGroup;

/// How security groups are looked up.
pub(super) const SOURCE: Source = Source {
    action: "DescribeSecurityGroups",
    set: "securityGroupInfo",
    filter: "group-id",
    parameter: "",
    id: "groupId",
    name: "security group",
    resource_type: "security-group",
};

impl Kind for SecurityGroup {
    fn name(&self) -> &'static str {
        "aws_security_group"
    }

    fn shape(&self) -> Shape {
        let rules = |name: &str, description: &str| {
            Attribute::new(name, Type::set(block_type())).optional().computed().describe(description)
        };
        Shape {
            description: "Who may talk to whom.",
            attributes: vec![
                word("name").optional().computed().describe("Its name. A change replaces the group."),
                word("name_prefix")
                    .optional()
                    .computed()
                    .describe("What its name begins with, if AWS is not told the rest. A change replaces the group."),
                word("description")
                    .optional()
                    .computed()
                    .describe("What it is for; `Managed by Terraform` unless set. A change replaces the group."),
                word("vpc_id")
                    .optional()
                    .computed()
                    .describe("The VPC; the default one unless set. A change replaces the group."),
                rules("ingress", "All rules for what comes in; others are removed. Not looked at unless set."),
                rules(
                    "egress",
                    "All rules for what goes out; others are removed. Nothing goes out unless it or another resource says so.",
                ),
                truth("revoke_rules_on_delete")
                    .optional()
                    .computed()
                    .describe("Whether its rules go before it does, which others may refer to; false unless set."),
                word("arn").computed().describe("Its name in all of AWS."),
                word("owner_id").computed().describe("The account that it belongs to."),
            ],
            is_regional: true,
            has_tags: true,
            timeouts: &["create", "delete"],
            ..Shape::default()
        }
    }

    fn validate(&self, config: &Value) -> Vec<Problem> {
        let mut problems = naming::either(config, "name", "name_prefix");
        for name in ["name", "name_prefix"] {
            if filled(config, name).is_some_and(|text| text.starts_with("sg-")) {
                problems.push(
                    Problem::error("Invalid name", "Names of security groups must not begin with `sg-`.").at(name),
                );
            }
        }
        problems
    }

    fn rules(&self) -> Rules {
        Rules {
            replaces: &["name", "name_prefix", "description", "vpc_id"],
            defaults: &[
                ("description", Otherwise::Text("Managed by Terraform")),
                ("revoke_rules_on_delete", Otherwise::Flag(false)),
            ],
            ..Rules::default()
        }
    }

    fn plan<'a>(&'a self, draft: &'a mut Draft<'_>) -> Call<'a, ()> {
        naming::plan(draft, "name", "name_prefix");
        // What has been imported is told in another form than people write.
        let directions: &[&str] = if draft.is_update() { &["ingress", "egress"] } else { &[] };
        for direction in directions {
            let (prior, planned) = (&draft.request.prior, &draft.response.planned);
            let id = filled(prior, "id").unwrap_or_default();
            let all = |object: &Value| -> Vec<Atom> {
                blocks(object, direction).iter().flat_map(|block| atoms(block, &id)).collect()
            };
            let is_known = part(planned, direction).is_wholly_known() && !part(planned, direction).is_null();
            let (before, wanted) = (all(prior), all(planned));
            let is_same = before.len() == wanted.len() && wanted.iter().all(|atom| before.contains(atom));
            if is_known && is_same && part(prior, direction) != part(planned, direction) {
                let kept = part(prior, direction).clone();
                draft.set(&[(direction, kept)]);
                draft.response.legacy_types = true;
            }
        }
        sdk::answer(())
    }

    fn keys_by_token(&self, _planned: &Value, token: &str) -> Option<Json> {
        by_token(token)
    }

    fn read<'a>(&'a self, at: &'a At, object: &'a Value) -> Call<'a, Done<Option<Json>>> {
        Box::pin(async move {
            let Some(found) = find(at, &SOURCE, object).await? else { return Ok(None) };
            describe(at, &found, object).await.map(Some)
        })
    }

    fn create<'a>(&'a self, work: &'a Work<'a>) -> Call<'a, Done<()>> {
        Box::pin(async move {
            let planned = &work.planned;
            let name = naming::name(planned, "name", "name_prefix", work.token);
            let mut parameters = Parameters::of(&[("GroupName", &name)]);
            parameters.add_some("GroupDescription", filled(planned, "description"));
            parameters.add_some("VpcId", filled(planned, "vpc_id"));
            let id = make(work, &SOURCE, "CreateSecurityGroup", parameters, "/groupId").await?;
            // EC2 lets everything out of a new group; here nothing goes out that nobody asked for.
            let wanted: Vec<Atom> = blocks(planned, "egress").iter().flat_map(|block| atoms(block, &id)).collect();
            let gone: Vec<Atom> = everything_out().into_iter().filter(|atom| !wanted.contains(atom)).collect();
            let doing = format!("Setting the rules of the security group {id}");
            revoke(&work.at, &id, true, &gone).await.map_err(|fault| fault.problem(&doing))?;
            set_rules(work, &id, "ingress", &doing).await?;
            set_rules(work, &id, "egress", &doing).await
        })
    }

    fn update<'a>(&'a self, work: &'a Work<'a>) -> Call<'a, Done<()>> {
        Box::pin(async move {
            let id = filled(&work.prior, "id").unwrap_or_default();
            let doing = format!("Changing the rules of the security group {id}");
            for direction in ["ingress", "egress"] {
                if work.changes(direction) {
                    set_rules(work, &id, direction, &doing).await?;
                }
            }
            change_tags(work, &id).await
        })
    }

    fn delete<'a>(&'a self, work: &'a Work<'a>) -> Call<'a, Done<()>> {
        Box::pin(async move {
            let id = filled(&work.prior, "id").unwrap_or_default();
            let doing = format!("Deleting the security group {id}");
            if flag(&work.prior, "revoke_rules_on_delete") == Some(true) {
                let told = of_group(&work.at, &id).await.unwrap_or_default();
                for (is_egress, told) in [(false, &told), (true, &told)] {
                    let gone: Vec<Atom> = told
                        .iter()
                        .filter(|rule| xml::is_true(rule, "isEgress") == is_egress)
                        .filter_map(Atom::told)
                        .collect();
                    revoke(&work.at, &id, is_egress, &gone).await.map_err(|fault| fault.problem(&doing))?;
                }
            }
            let parameters = Parameters::of(&[("GroupId", &id)]);
            delete(work, "DeleteSecurityGroup", &parameters, &doing, Some(("group-id", &id))).await
        })
    }

    fn settle<'a>(&'a self, work: &'a Work<'a>, _: Option<&'a str>) -> Call<'a, Done<Option<Problem>>> {
        Box::pin(async move {
            // Whether a creation that was cut off got as far as to close the group is not known; nobody has used it yet. The
            // plan sees which of the rules are missing that are wanted, but takes what lets everything out for another's.
            if work.prior.is_null()
                && let Some(found) = find(&work.at, &SOURCE, &work.planned).await?
            {
                let id = xml::text(&found, "groupId");
                let doing = format!("Setting the rules of the security group {id}");
                revoke(&work.at, id, true, &everything_out()).await.map_err(|fault| fault.problem(&doing))?;
            }
            Ok(None)
        })
    }

    fn limit_minutes(&self, action: Action) -> u64 {
        if action == Action::Delete { 15 } else { 10 }
    }
}

/// What EC2 lets out of a new group.
fn everything_out() -> [Atom; 2] {
    [("cidr_blocks", "0.0.0.0/0"), ("ipv6_cidr_blocks", "::/0")].map(|(kind, range)| Atom {
        protocol: "-1".into(),
        from: 0,
        to: 0,
        peer: (kind, range.to_owned()),
        description: String::new(),
    })
}

/// Brings the rules of a direction in line with those that are planned.
async fn set_rules(work: &Work<'_>, id: &str, direction: &str, doing: &str) -> Done<()> {
    if part(&work.planned, direction).is_null() {
        return Ok(());
    }
    let all =
        |object: &Value| -> Vec<Atom> { blocks(object, direction).iter().flat_map(|block| atoms(block, id)).collect() };
    let (before, wanted) = (all(&work.prior), all(&work.planned));
    let gone: Vec<Atom> = before.iter().filter(|atom| !wanted.contains(atom)).cloned().collect();
    let new: Vec<Atom> = wanted.iter().filter(|atom| !before.contains(atom)).cloned().collect();
    let is_egress = direction == "egress";
    revoke(&work.at, id, is_egress, &gone).await.map_err(|fault| fault.problem(doing))?;
    authorize(&work.at, id, is_egress, &new).await.map_err(|fault| fault.problem(doing))
}

async fn describe(at: &At, found: &Json, object: &Value) -> Done<Json> {
    let id = xml::text(found, "groupId");
    let (owner, name) = (xml::text(found, "ownerId"), xml::text(found, "groupName"));
    let mut described = json!({
        "id": id,
        "arn": arn(at, owner, &format!("security-group/{id}")),
        "name": name,
        "name_prefix": naming::prefix(name, object, "name_prefix"),
        "description": xml::text(found, "groupDescription"),
        "vpc_id": xml::text(found, "vpcId"),
        "owner_id": owner,
    });
    if part(object, "revoke_rules_on_delete").is_null() {
        described["revoke_rules_on_delete"] = json!(false);
    }
    let told = of_group(at, id).await;
    let told = told.map_err(|fault| fault.problem(&format!("Getting the rules of the security group {id}")))?;
    for (direction, is_egress) in [("ingress", false), ("egress", true)] {
        let told = told.iter().filter(|rule| xml::is_true(rule, "isEgress") == is_egress);
        let told: Vec<Atom> = told.filter_map(Atom::told).collect();
        if let Some(blocks) = as_written(object, direction, &told, id) {
            described[direction] = blocks;
        }
    }
    (described["tags"], described["tags_all"]) = seen(at, found, object);
    Ok(described)
}

/// Returns the blocks of a direction, unless those that are known mean just what EC2 tells.
fn as_written(object: &Value, direction: &str, told: &[Atom], id: &str) -> Option<Json> {
    let written: Vec<Vec<Atom>> = blocks(object, direction).iter().map(|block| atoms(block, id)).collect();
    let all: Vec<&Atom> = written.iter().flatten().collect();
    let is_same = !written.is_empty()
        && all.iter().all(|atom| told.contains(atom))
        && told.iter().all(|atom| all.contains(&atom));
    (!is_same).then(|| json!(together(told, id)))
}
