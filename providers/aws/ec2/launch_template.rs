//! `aws_launch_template`: how instances are made. A change makes another version of it.

use ecow::EcoString;
use sdk::value::Value;
use sdk::{Call, Costs, Problem};
use serde_json::{Value as Json, json};

use super::client::{Parameters, call, is_missing, list, must};
use super::common::{Source, arn, by_token, change_tags, find, make, seen};
use super::launch_template_data::{self as data, FIELDS, PARTS};
use super::xml;
use crate::cloud::At;
use crate::costs;
use crate::fields::{filled, flag, is_set, number, part};
use crate::managed::{Done, Draft, Kind, Work};
use crate::naming;
use crate::planning::Rules;
use crate::shape::{Shape, flag as truth, number as amount, text as word, text_set};

/// The resource type.
pub(super) struct LaunchTemplate;

const SOURCE: Source = Source {
    action: "DescribeLaunchTemplates",
    set: "launchTemplates",
    filter: "",
    parameter: "LaunchTemplateId.1",
    id: "launchTemplateId",
    name: "launch template",
    resource_type: "launch-template",
};

/// What a version holds, besides the tables of `launch_template_data`.
const OTHERS: &[&str] = &["vpc_security_group_ids", "security_group_names", "tag_specifications", "description"];

impl Kind for LaunchTemplate {
    fn name(&self) -> &'static str {
        "aws_launch_template"
    }

    fn shape(&self) -> Shape {
        let mut attributes = vec![
            word("name").optional().computed().describe("Its name. A change replaces the template."),
            word("name_prefix")
                .optional()
                .computed()
                .describe("What its name begins with, if AWS is not told the rest. A change replaces the template."),
            word("description").optional().describe("What this version is for."),
            amount("default_version").optional().computed().describe("The version that is used where none is named."),
            truth("update_default_version").optional().describe("Whether each new version becomes the default one."),
            amount("latest_version").computed().describe("The newest version."),
            word("arn").computed().describe("Its name in all of AWS."),
            text_set("vpc_security_group_ids").optional().describe("Security groups, by their ids."),
            text_set("security_group_names").optional().describe("Security groups, by their names."),
        ];
        attributes.extend(data::attributes());
        Shape {
            description: "How instances are made. A change makes another version of it.",
            attributes,
            blocks: data::nested(),
            is_regional: true,
            has_tags: true,
            ..Shape::default()
        }
    }

    fn validate(&self, config: &Value) -> Vec<Problem> {
        let mut problems = naming::either(config, "name", "name_prefix");
        if is_set(config, "default_version") && flag(config, "update_default_version") == Some(true) {
            let detail = "Set either `default_version` or `update_default_version`.";
            problems.push(Problem::error("Conflicting attributes", detail).at("update_default_version"));
        }
        problems
    }

    fn rules(&self) -> Rules {
        Rules { replaces: &["name", "name_prefix"], ..Rules::default() }
    }

    fn plan<'a>(&'a self, draft: &'a mut Draft<'_>) -> Call<'a, ()> {
        naming::plan(draft, "name", "name_prefix");
        if draft.is_update() && held().any(|name| draft.changes(name)) {
            let unknown = Value::unknown(sdk::value::Type::Number);
            let mut changes = vec![("latest_version", unknown.clone())];
            if flag(&draft.response.planned, "update_default_version") == Some(true) {
                changes.push(("default_version", unknown));
            }
            draft.set(&changes);
        }
        sdk::answer(())
    }

    fn costs(&self, object: &Value, region: Option<EcoString>) -> Costs {
        costs::launch_template(object, region)
    }

    fn keys_by_token(&self, _planned: &Value, token: &str) -> Option<Json> {
        by_token(token)
    }

    fn read<'a>(&'a self, at: &'a At, object: &'a Value) -> Call<'a, Done<Option<Json>>> {
        Box::pin(read(at, object))
    }

    fn create<'a>(&'a self, work: &'a Work<'a>) -> Call<'a, Done<()>> {
        Box::pin(async move {
            let planned = &work.planned;
            let name = naming::name(planned, "name", "name_prefix", work.token);
            let mut parameters = Parameters::of(&[("LaunchTemplateName", &name), ("ClientToken", work.token)]);
            parameters.add_some("VersionDescription", filled(planned, "description"));
            data::add(&mut parameters, planned);
            make(work, &SOURCE, "CreateLaunchTemplate", parameters, "/launchTemplate/launchTemplateId").await.map(drop)
        })
    }

    fn update<'a>(&'a self, work: &'a Work<'a>) -> Call<'a, Done<()>> {
        Box::pin(async move {
            let id = filled(&work.prior, "id").unwrap_or_default();
            let doing = format!("Making a version of the launch template {id}");
            let mut default = number(&work.planned, "default_version").filter(|_| work.changes("default_version"));
            if held().any(|name| work.changes(name)) {
                let mut parameters = Parameters::of(&[("LaunchTemplateId", &id), ("ClientToken", work.token)]);
                parameters.add_some("VersionDescription", filled(&work.planned, "description"));
                data::add(&mut parameters, &work.planned);
                let answer = must(&work.at, "CreateLaunchTemplateVersion", &parameters, &doing).await?;
                let made = xml::number(&answer["launchTemplateVersion"], "versionNumber");
                if flag(&work.planned, "update_default_version") == Some(true) {
                    default = made.as_i64().and_then(|made| i32::try_from(made).ok());
                }
            }
            if let Some(default) = default {
                let parameters =
                    Parameters::of(&[("LaunchTemplateId", &id), ("SetDefaultVersion", &default.to_string())]);
                must(&work.at, "ModifyLaunchTemplate", &parameters, &doing).await?;
            }
            change_tags(work, &id).await
        })
    }

    fn delete<'a>(&'a self, work: &'a Work<'a>) -> Call<'a, Done<()>> {
        Box::pin(async move {
            let id = filled(&work.prior, "id").unwrap_or_default();
            match call(&work.at, "DeleteLaunchTemplate", &Parameters::of(&[("LaunchTemplateId", &id)])).await {
                Err(fault) if !is_missing(&fault) => Err(fault.problem(&format!("Deleting the launch template {id}"))),
                _ => Ok(()),
            }
        })
    }
}

/// Returns the attributes and blocks that a version holds.
fn held() -> impl Iterator<Item = &'static str> {
    let fields = FIELDS.iter().map(|(name, _)| *name);
    fields.chain(PARTS.iter().map(|part| part.name)).chain(OTHERS.iter().copied())
}

async fn read(at: &At, object: &Value) -> Done<Option<Json>> {
    let Some(found) = find(at, &SOURCE, object).await? else { return Ok(None) };
    let id = xml::text(&found, "launchTemplateId");
    let parameters = Parameters::of(&[("LaunchTemplateId", id), ("LaunchTemplateVersion.1", "$Latest")]);
    let versions = list(at, "DescribeLaunchTemplateVersions", "launchTemplateVersionSet", parameters).await;
    let versions = versions.map_err(|fault| fault.problem(&format!("Getting the newest version of {id}")))?;
    let latest = versions.into_iter().next().unwrap_or_default();
    let name = xml::text(&found, "launchTemplateName");
    let mut described = data::read(&latest["launchTemplateData"], object);
    for (attribute, value) in [
        ("id", json!(id)),
        ("arn", json!(arn(at, "", &format!("launch-template/{id}")))),
        ("name", json!(name)),
        ("name_prefix", naming::prefix(name, object, "name_prefix")),
        ("default_version", xml::number(&found, "defaultVersionNumber")),
        ("latest_version", xml::number(&found, "latestVersionNumber")),
        ("description", description(&latest, object)),
    ] {
        described[attribute] = value;
    }
    (described["tags"], described["tags_all"]) = seen(at, &found, object);
    Ok(Some(described))
}

fn description(latest: &Json, object: &Value) -> Json {
    match xml::filled(latest, "versionDescription") {
        Json::Null if part(object, "description").as_str() == Some("") => json!(""),
        told => told,
    }
}
