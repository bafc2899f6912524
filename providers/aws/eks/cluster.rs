//! `aws_eks_cluster`: a control plane.

use aws_sdk_eks::types::ClusterStatus;
use ecow::EcoString;
use sdk::schema::{Attribute, NestedBlock};
use sdk::value::{Path, PathStep, Type, Value};
use sdk::{Action, Call, Connection, Costs, Course, Disruption, Lock, Outlook, PlanResponse, Problem, Prospect};
use serde_json::{Value as Json, json};

use super::cluster_steps;
use super::update::Begun;
use super::{cluster_read, cluster_version, issues, whole_cluster};
use crate::cloud::At;
use crate::costs;
use crate::ec2::leftovers::Owner;
use crate::fault::{Fault, UNPROTECT, fault};
use crate::fields::{block, block_or_null, filled, flag, is_open, part, text};
use crate::managed::{Done, Draft, Kind, Work};
use crate::planning::{Otherwise, Rules};
use crate::polling::while_passing;
use crate::shape::{Shape, flag as truth, needed, objects, one_block, text as word, text_set, with_blocks};
use crate::tags;

/// The resource type.
pub(super) struct Cluster;

impl Kind for Cluster {
    fn name(&self) -> &'static str {
        "aws_eks_cluster"
    }

    fn shape(&self) -> Shape {
        Shape {
            description: "A cluster of EKS: its control plane.",
            attributes: attributes(),
            blocks: nested_blocks(),
            is_regional: true,
            has_tags: true,
            timeouts: &["create", "update", "delete"],
            version: 1,
        }
    }

    fn validate(&self, config: &Value) -> Vec<Problem> {
        let mut problems = Vec::new();
        problems.extend(super::rules::cluster_name(config, "name"));
        problems.extend(super::rules::version(config, "version"));
        problems.extend(automatic(config));
        let vpc = block_or_null(config, "vpc_config");
        let is_closed = flag(vpc, "endpoint_public_access") == Some(false)
            && flag(vpc, "endpoint_private_access") != Some(true)
            && part(vpc, "endpoint_private_access").is_known();
        if is_closed {
            let detail =
                "Nobody could reach the cluster: let `endpoint_public_access` or `endpoint_private_access` be true.";
            problems.push(Problem::error("No way in", detail).at("vpc_config"));
        }
        problems
    }

    fn rules(&self) -> Rules {
        Rules {
            replaces: &[
                "name",
                "role_arn",
                "bootstrap_self_managed_addons",
                "outpost_config",
                "kubernetes_network_config.*.ip_family",
                "kubernetes_network_config.*.service_ipv4_cidr",
                "access_config.*.bootstrap_cluster_creator_admin_permissions",
            ],
            volatile: &[],
            defaults: &[
                ("bootstrap_self_managed_addons", Otherwise::Flag(true)),
                ("vpc_config.*.endpoint_private_access", Otherwise::Flag(false)),
                ("vpc_config.*.endpoint_public_access", Otherwise::Flag(true)),
                ("access_config.*.bootstrap_cluster_creator_admin_permissions", Otherwise::Flag(true)),
            ],
            filled_blocks: &["access_config", "kubernetes_network_config", "upgrade_policy"],
        }
    }

    fn identity(&self) -> &'static [&'static str] {
        &["name"]
    }

    fn plan<'a>(&'a self, draft: &'a mut Draft<'_>) -> Call<'a, ()> {
        Box::pin(async move {
            if draft.is_update() {
                replacements(draft);
                draft.response.problems.extend(mode_goes_back(&draft.request.prior, &draft.response));
                cluster_version::plan(draft).await;
            } else if let Some(version) = filled(&draft.response.planned, "version") {
                let unknown = cluster_version::unheard_of(draft, &version).await;
                draft.response.problems.extend(unknown);
            }
        })
    }

    fn protection(&self, object: &Value) -> Option<Problem> {
        let is_protected = flag(object, "deletion_protection") == Some(true);
        let detail = || {
            let name = text(object, "name").unwrap_or_default();
            format!("EKS refuses to delete the cluster {name:?}. {UNPROTECT}")
        };
        is_protected.then(|| Problem::error("Cluster is protected", detail()))
    }

    fn read<'a>(&'a self, at: &'a At, object: &'a Value) -> Call<'a, Done<Option<Json>>> {
        Box::pin(async move {
            let name = text(object, "name").unwrap_or_default();
            let found = find(at, &name).await?;
            Ok(found.map(|cluster| cluster_read::describe(at, &cluster, object)))
        })
    }

    fn create<'a>(&'a self, work: &'a Work<'a>) -> Call<'a, Done<()>> {
        Box::pin(create(work))
    }

    fn update<'a>(&'a self, work: &'a Work<'a>) -> Call<'a, Done<()>> {
        Box::pin(async move {
            for (index, step) in cluster_steps::steps(&work.prior, &work.planned).iter().enumerate() {
                work.begin_step();
                cluster_steps::take(work, step, index).await?;
            }
            Ok(())
        })
    }

    fn delete<'a>(&'a self, work: &'a Work<'a>) -> Call<'a, Done<()>> {
        Box::pin(delete(work))
    }

    fn sweep<'a>(&'a self, work: &'a Work<'a>) -> Call<'a, ()> {
        Box::pin(async move {
            let left = owner(&work.prior).sweep(work).await;
            if !left.is_empty() {
                work.warn(Problem::warning("Left behind", left.join("\n")));
            }
        })
    }

    fn settle<'a>(&'a self, work: &'a Work<'a>, handle: Option<&'a str>) -> Call<'a, Done<Option<Problem>>> {
        Box::pin(async move {
            let name = text(work.object(), "name").unwrap_or_default();
            let mut problem = None;
            if let Some(id) = handle.and_then(|handle| handle.strip_prefix("update ")) {
                let what = "an update that was under way".to_owned();
                let begun = Begun { cluster: name.clone(), id: id.to_owned(), what, ..Begun::default() };
                problem = begun.wait(work).await.err();
            }
            Ok(at_rest(work, &name).await?.or(problem))
        })
    }

    fn is_made_with<'a>(&'a self, work: &'a Work<'a>) -> Call<'a, Done<Option<bool>>> {
        Box::pin(async move {
            let name = text(work.object(), "name").unwrap_or_default();
            let token = find(&work.at, &name).await?.and_then(|cluster| cluster.client_request_token);
            Ok(token.map(|token| token == work.token))
        })
    }

    fn outlook(&self, prospect: Prospect<'_>) -> Outlook {
        match prospect.course {
            Course::Create => Outlook::default(),
            Course::Update => cluster_steps::outlook(prospect),
            _ => Outlook { disruption: Disruption::Outage, ..Outlook::default() },
        }
    }

    fn locks(&self, object: &Value, _: Action) -> Vec<Lock> {
        whole_cluster(object, "name")
    }

    fn costs(&self, object: &Value, region: Option<EcoString>) -> Costs {
        costs::cluster(object, region)
    }

    fn is_container(&self) -> bool {
        true
    }

    fn connection(&self, object: &Value) -> Option<Connection> {
        let authority = text(block_or_null(object, "certificate_authority"), "data")?;
        let authority = String::from_utf8(aws_smithy_types::base64::decode(authority).ok()?).ok()?;
        let mut eks = json!({"cluster_name": text(object, "name")?});
        if let Some(region) = text(object, "region") {
            eks["region"] = region.into();
        }
        let config = json!({"host": text(object, "endpoint")?, "cluster_ca_certificate": authority, "eks": [eks]});
        Some(Connection { provider: "gantry.dev/gantry/kubernetes", config })
    }

    fn limit_minutes(&self, action: Action) -> u64 {
        match action {
            Action::Create => 30,
            Action::Update => 60,
            _ => 15,
        }
    }

    fn typical_seconds(&self, action: Action) -> u64 {
        match action {
            Action::Create => 600,
            Action::Update => 720,
            Action::Delete => 300,
            Action::Read => 1,
        }
    }
}

fn attributes() -> Vec<Attribute> {
    let oidc = Type::list(Type::object([("issuer", Type::String)]));
    vec![
        word("name").required().describe("Its name. A change replaces the cluster."),
        word("role_arn").required().describe("The role that EKS works with. A change replaces the cluster."),
        word("version").optional().computed().describe(
            "The version of Kubernetes, like `1.36`, or later: EKS never goes back. Higher versions are reached one after the other.",
        ),
        truth("force_update_version").optional().describe("Go to a version even though insights advise against it."),
        text_set("enabled_cluster_log_types")
            .optional()
            .describe("What is logged: `api`, `audit`, `authenticator`, `controllerManager`, `scheduler`."),
        truth("bootstrap_self_managed_addons").optional().computed().describe(
            "Whether EKS installs network, DNS and proxy into a new cluster; true unless set. A change replaces the cluster.",
        ),
        truth("deletion_protection").optional().computed().describe("Whether EKS refuses to delete it."),
        word("arn").computed().describe("Its name in all of AWS."),
        objects("certificate_authority", &[("data", Type::String)]).describe("What its API is trusted by, in base64."),
        word("cluster_id").computed().describe("Its id; only on Outposts."),
        word("created_at").computed().describe("When it was made (RFC 3339)."),
        word("endpoint").computed().describe("Where its API is served."),
        objects("identity", &[("oidc", oidc)]).describe("Who vouches for its service accounts."),
        word("platform_version").computed().describe("What EKS's own part of it is."),
        word("status").computed().describe("What it is doing: `ACTIVE` when it is ready."),
    ]
}

fn nested_blocks() -> Vec<NestedBlock> {
    let key = vec![word("key_arn").required().describe("The key, in KMS.")];
    let encryption = vec![text_set("resources").required().describe("What is encrypted: `secrets`.")];
    let on = |description: &str| vec![truth("enabled").optional().describe(description)];
    let access = vec![
        word("authentication_mode")
            .optional()
            .computed()
            .describe("Who says who gets in: `API`, `API_AND_CONFIG_MAP` or `CONFIG_MAP`. EKS goes from the last towards the first only."),
        truth("bootstrap_cluster_creator_admin_permissions")
            .optional()
            .computed()
            .describe("Whether its creator is let in; true unless set. A change replaces the cluster."),
    ];
    let compute = vec![
        truth("enabled").optional().describe("Whether EKS looks after nodes by itself."),
        text_set("node_pools").optional().describe("The pools that EKS brings: `general-purpose`, `system`."),
        word("node_role_arn")
            .optional()
            .describe("The role of its nodes. A change of one that was set replaces the cluster."),
    ];
    let storage = one_block("storage_config", "Storage that EKS looks after by itself.", vec![]);
    vec![
        one_block("access_config", "Who gets in.", access),
        one_block("compute_config", "Nodes that EKS looks after by itself.", compute),
        one_block(
            "control_plane_scaling_config",
            "The size of the control plane.",
            vec![word("tier").optional().describe("As in `standard`, `tier-xl`.")],
        ),
        with_blocks(
            one_block("encryption_config", "What is encrypted with a key of yours; for good.", encryption),
            vec![needed(one_block("provider", "The key.", key))],
        ),
        services_block(),
        outpost_block(),
        remote_block(),
        with_blocks(
            storage,
            vec![one_block("block_storage", "Volumes.", on("Whether EKS looks after volumes by itself."))],
        ),
        one_block(
            "upgrade_policy",
            "What happens at the end of a version's support.",
            vec![word("support_type").optional().computed().describe("`STANDARD` or `EXTENDED`.")],
        ),
        needed(one_block("vpc_config", "Its network.", network_attributes())),
        one_block(
            "zonal_shift_config",
            "Traffic away from a zone.",
            on("Whether traffic may be shifted away from a zone."),
        ),
    ]
}

fn outpost_block() -> NestedBlock {
    let placement = vec![word("group_name").required().describe("The placement group.")];
    let outpost = vec![
        word("control_plane_instance_type")
            .required()
            .describe("The type of instances that the control plane runs on."),
        text_set("outpost_arns").required().describe("The Outposts."),
    ];
    with_blocks(
        one_block("outpost_config", "The Outposts it is on. A change replaces the cluster.", outpost),
        vec![one_block("control_plane_placement", "Where on the Outposts the control plane is.", placement)],
    )
}

fn remote_block() -> NestedBlock {
    let cidrs = || text_set("cidrs").optional().describe("Their addresses, as CIDR blocks.");
    let remote = one_block("remote_network_config", "Networks of nodes that are elsewhere.", vec![]);
    with_blocks(
        remote,
        vec![
            needed(one_block("remote_node_networks", "Networks of nodes.", vec![cidrs()])),
            one_block("remote_pod_networks", "Networks of pods.", vec![cidrs()]),
        ],
    )
}

fn services_block() -> NestedBlock {
    let services = vec![
        word("ip_family").optional().computed().describe("`ipv4` or `ipv6`. A change replaces the cluster."),
        word("service_ipv4_cidr")
            .optional()
            .computed()
            .describe("The addresses of services, as a CIDR block. A change replaces the cluster."),
        word("service_ipv6_cidr").computed().describe("The addresses of services, where they are of IPv6."),
    ];
    let balancing = vec![truth("enabled").optional().describe("Whether EKS looks after load balancers by itself.")];
    with_blocks(
        one_block("kubernetes_network_config", "The network of services.", services),
        vec![one_block("elastic_load_balancing", "Load balancers.", balancing)],
    )
}

fn network_attributes() -> Vec<Attribute> {
    vec![
        text_set("subnet_ids").required().describe("Its subnets, in at least two zones."),
        text_set("security_group_ids").optional().describe("More security groups of the control plane's interfaces."),
        truth("endpoint_private_access")
            .optional()
            .computed()
            .describe("Whether its API is reached from inside; false unless set."),
        truth("endpoint_public_access")
            .optional()
            .computed()
            .describe("Whether its API is reached from outside; true unless set."),
        text_set("public_access_cidrs").optional().computed().describe("From where its API is reached from outside."),
        word("control_plane_egress_mode")
            .optional()
            .computed()
            .describe("How the control plane reaches out: as in `AWS_MANAGED`."),
        word("cluster_security_group_id").computed().describe("The security group that EKS made for it."),
        word("vpc_id").computed().describe("The VPC that its subnets are in."),
    ]
}

/// The three parts of Auto Mode are on together, or off.
fn automatic(config: &Value) -> Option<Problem> {
    let ways: [&[&str]; 3] = [
        &["compute_config"],
        &["kubernetes_network_config", "elastic_load_balancing"],
        &["storage_config", "block_storage"],
    ];
    let mut parts = [config; 3];
    for (found, way) in parts.iter_mut().zip(ways) {
        for name in way {
            // Blocks that are not known yet may turn out to say anything.
            if is_open(found, name) {
                return None;
            }
            *found = block_or_null(found, name);
        }
        if is_open(found, "enabled") {
            return None;
        }
    }
    let on = parts.iter().filter(|found| flag(found, "enabled") == Some(true)).count();
    let detail = "`compute_config`, `kubernetes_network_config.elastic_load_balancing` and `storage_config.block_storage` are `enabled` \
                  all three, or none of them is.";
    (on == 1 || on == 2).then(|| Problem::error("Half of Auto Mode", detail).at("compute_config"))
}

/// Adds the replacements that depend on what was there, and takes back those that follow from what EKS does not tell.
fn replacements(draft: &mut Draft<'_>) {
    let prior = &draft.request.prior;
    let planned = draft.response.planned.clone();
    if part(prior, "bootstrap_self_managed_addons").is_null() {
        let is_it = |path: &Path| path.0.first() == Some(&PathStep::Attribute("bootstrap_self_managed_addons".into()));
        draft.response.requires_replace.retain(|path| !is_it(path));
    }
    let access = block_or_null(prior, "access_config");
    if part(access, "bootstrap_cluster_creator_admin_permissions").is_null() {
        let is_it = |path: &Path| path.0.first() == Some(&PathStep::Attribute("access_config".into()));
        draft.response.requires_replace.retain(|path| !is_it(path));
    }
    // Encryption can begin later, but never end, nor go on with another key.
    if block(prior, "encryption_config").is_some()
        && part(prior, "encryption_config") != part(&planned, "encryption_config")
    {
        draft.response.requires_replace.push(Path(vec![PathStep::Attribute("encryption_config".into())]));
    }
    let role = |object: &Value| part(block_or_null(object, "compute_config"), "node_role_arn").clone();
    let (before, after) = (role(prior), role(&planned));
    if filled(block_or_null(prior, "compute_config"), "node_role_arn").is_some() && !after.is_null() && before != after
    {
        let steps = ["compute_config".into(), "node_role_arn".into()].map(PathStep::Attribute);
        let [block, attribute] = steps;
        let path = Path(vec![block, PathStep::Index(Value::number(0)), attribute]);
        draft.response.requires_replace.push(path);
    }
}

/// EKS goes on from the config map to access entries, and never back.
fn mode_goes_back(prior: &Value, response: &PlanResponse) -> Option<Problem> {
    const MODES: [&str; 3] = ["CONFIG_MAP", "API_AND_CONFIG_MAP", "API"];
    let mode = |object: &Value| text(block_or_null(object, "access_config"), "authentication_mode");
    let (before, after) = (mode(prior)?, mode(&response.planned)?);
    let place = |mode: &str| MODES.iter().position(|known| *known == mode);
    if place(&after)? >= place(&before)? || !response.requires_replace.is_empty() {
        return None;
    }
    let detail = format!("The cluster's access has gone on to {before}, and EKS does not go back to {after}.");
    Some(Problem::error("Access goes one way", detail).at("access_config"))
}

/// Finds a cluster.
pub(super) async fn find(at: &At, name: &str) -> Done<Option<aws_sdk_eks::types::Cluster>> {
    match at.eks().describe_cluster().name(name).send().await.map_err(fault) {
        Ok(answer) => Ok(answer.cluster),
        Err(fault) if fault.is_not_found() => Ok(None),
        Err(fault) => Err(fault.problem(&format!("Describing the cluster {name:?}"))),
    }
}

async fn create(work: &Work<'_>) -> Done<()> {
    let planned = &work.planned;
    let name = text(planned, "name").unwrap_or_default();
    let request = work
        .at
        .eks()
        .create_cluster()
        .name(&name)
        .client_request_token(work.token)
        .set_role_arn(text(planned, "role_arn"))
        .set_version(filled(planned, "version"))
        .set_bootstrap_self_managed_addons(flag(planned, "bootstrap_self_managed_addons"))
        .set_deletion_protection(flag(planned, "deletion_protection"))
        .set_tags(tags::planned(planned));
    let request = cluster_steps::with_parts(request, planned);
    let call = || {
        let request = request.clone();
        async move { request.send().await.map_err(fault) }
    };
    let made = while_passing(work.propagation(), Fault::is_propagation, call).await;
    let doing = format!("Creating the cluster {name:?}");
    made.map_err(|fault| fault.problem(&doing))?;
    work.made(json!({"name": name})).await?;
    at_rest(work, &name).await?.map_or(Ok(()), Err)
}

/// Waits until nothing is being done to a cluster; returns what is wrong with it then.
async fn at_rest(work: &Work<'_>, name: &str) -> Done<Option<Problem>> {
    let mut waiting = work.waiting();
    loop {
        let Some(cluster) = find(&work.at, name).await? else { return Ok(None) };
        match cluster.status.as_ref() {
            Some(ClusterStatus::Active) => return Ok(None),
            Some(ClusterStatus::Failed) => {
                return Ok(Some(Problem::error("Cluster failed", failure(name, cluster))));
            }
            status => {
                let status = status.map(|status| status.as_str()).unwrap_or_default().to_lowercase();
                waiting.pause(&format!("cluster {name}: {status}")).await?;
            }
        }
    }
}

/// Says what is wrong with a cluster that has failed.
fn failure(name: &str, cluster: aws_sdk_eks::types::Cluster) -> String {
    let found = cluster.health.and_then(|health| health.issues).unwrap_or_default().into_iter();
    let text =
        issues(found.map(|issue| {
            (issue.code.map(|code| code.to_string()), issue.message, issue.resource_ids.unwrap_or_default())
        }));
    format!("The cluster {name:?} has failed.{text}")
}

/// Returns what the controllers of a cluster mark as its own.
fn owner(cluster: &Value) -> Owner {
    let vpc = block_or_null(cluster, "vpc_config");
    Owner {
        cluster: text(cluster, "name").unwrap_or_default(),
        vpc: text(vpc, "vpc_id").unwrap_or_default(),
        group: text(vpc, "cluster_security_group_id").unwrap_or_default(),
    }
}

/// Deletes the control plane and waits until it is gone.
async fn delete(work: &Work<'_>) -> Done<()> {
    // What is left in it by nodes that are gone would hold the cluster's security group.
    let owner = owner(&work.prior);
    owner.free_interfaces(work).await;
    let name = &owner.cluster;
    let client = work.at.eks();
    let call = || {
        let request = client.delete_cluster().name(name);
        async move { request.send().await.map_err(fault) }
    };
    match while_passing(work.waiting(), Fault::is_busy, call).await {
        Ok(_) => {}
        Err(fault) if fault.is_not_found() => return Ok(()),
        Err(fault) => return Err(fault.problem(&format!("Deleting the cluster {name:?}"))),
    }
    work.progress.handle(&format!("id {name}")).await?;
    let mut waiting = work.waiting();
    loop {
        let Some(cluster) = find(&work.at, name).await? else { return Ok(()) };
        if cluster.status == Some(ClusterStatus::Failed) {
            return Err(Problem::error("Cluster not deleted", failure(name, cluster)));
        }
        waiting.pause(&format!("cluster {name}: deleting")).await?;
    }
}
