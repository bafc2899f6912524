//! Launch templates and their versions.

use serde_json::{Value as Json, json};

use super::call::{Error, Invocation, filter, page};
use super::kind::{LAUNCH_TEMPLATE, describe as describe_all};
use super::launch_template_data::{over, read};
use super::region::{Region, list, list_mut, text};
use crate::aws::account::ACCOUNT;

const VERSIONS_MAX: usize = 10_000;

fn version_of(region: &Region<'_, '_>, template: &Json, number: u64, description: Option<String>, data: &Json) -> Json {
    json!({
        "launchTemplateId": template["launchTemplateId"],
        "launchTemplateName": template["launchTemplateName"],
        "versionNumber": number,
        "versionDescription": description,
        "createTime": region.now(),
        "createdBy": format!("arn:aws:iam::{ACCOUNT}:user/sandbox"),
        "launchTemplateData": data,
    })
}

/// `CreateLaunchTemplate`.
pub fn create(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let name = invocation.needed("LaunchTemplateName")?;
    let is_usual = |byte: u8| byte.is_ascii_alphanumeric() || b"()./_-".contains(&byte);
    if !(3..=128).contains(&name.len()) || !name.bytes().all(is_usual) {
        let text = format!(
            "Launch template name '{name}' must be between 3 and 128 characters, and may contain letters, numbers, and the following characters: - ( ) . / _"
        );
        return Err(Error::new("InvalidLaunchTemplateName.MalformedException", text));
    }
    if invocation.region.all(&LAUNCH_TEMPLATE).iter().any(|template| template["launchTemplateName"] == *name) {
        let text = "Launch template name already in use.";
        return Err(Error::new("InvalidLaunchTemplateName.AlreadyExistsException", text));
    }
    if !invocation.parameters.has("LaunchTemplateData") {
        return Err(super::call::missing("launchTemplateData"));
    }
    let data = read(&invocation.parameters.within("LaunchTemplateData"))?;
    check(&data)?;
    let tags = invocation.tags("launch-template")?;
    let region = &mut invocation.region;
    let mut template = json!({
        "launchTemplateId": region.new_id(&LAUNCH_TEMPLATE),
        "launchTemplateName": name,
        "createTime": region.now(),
        "createdBy": format!("arn:aws:iam::{ACCOUNT}:user/sandbox"),
        "defaultVersionNumber": 1,
        "latestVersionNumber": 1,
        "tagSet": tags,
    });
    let description = invocation.parameters.get("VersionDescription").map(str::to_owned);
    template["_versions"] = json!([version_of(region, &template, 1, description, &data)]);
    region.put(&LAUNCH_TEMPLATE, &template);
    Ok(json!({"launchTemplate": template}))
}

/// Checks what a template holds, as far as EC2 does so before it is used.
fn check(data: &Json) -> Result<(), Error> {
    let has_groups = !list(data, "securityGroupIdSet").is_empty() || !list(data, "securityGroupSet").is_empty();
    let interfaces = list(data, "networkInterfaceSet");
    if has_groups && !interfaces.is_empty() {
        let text = "Network interfaces and an instance-level security groups may not be specified on the same request";
        return Err(Error::new("InvalidParameterCombination", text));
    }
    if let Some(user_data) = data["userData"].as_str() {
        use base64::Engine as _;
        if base64::engine::general_purpose::STANDARD.decode(user_data).is_err() {
            return Err(Error::new("InvalidUserData.Malformed", "Invalid BASE64 encoding of user data."));
        }
    }
    Ok(())
}

/// Returns the template that a request names, by id or by name.
fn named(invocation: &Invocation<'_, '_>) -> Result<Json, Error> {
    find(
        &invocation.region,
        invocation.get("LaunchTemplateId").as_deref(),
        invocation.get("LaunchTemplateName").as_deref(),
    )
}

/// Returns a template by its id or its name.
pub fn find(region: &Region<'_, '_>, id: Option<&str>, name: Option<&str>) -> Result<Json, Error> {
    match (id, name) {
        (Some(id), None) => region.get(&LAUNCH_TEMPLATE, id),
        (None, Some(name)) => {
            let mut all = region.all(&LAUNCH_TEMPLATE).into_iter();
            let text = format!("The specified launch template, with template name {name}, does not exist.");
            let missing = || Error::new("InvalidLaunchTemplateName.NotFoundException", text);
            all.find(|template| template["launchTemplateName"] == name).ok_or_else(missing)
        }
        (Some(_), Some(_)) => Err(Error::new(
            "InvalidParameterCombination",
            "Either the launch template ID or the name must be specified, but not both.",
        )),
        (None, None) => Err(Error::new(
            "MissingParameter",
            "Either a launch template ID or a launch template name must be specified in the request.",
        )),
    }
}

/// Returns a version of a template: by number, `$Latest` or `$Default`.
pub fn version(template: &Json, wanted: &str) -> Result<Json, Error> {
    let number = match wanted {
        "$Latest" => template["latestVersionNumber"].as_u64(),
        "$Default" | "" => template["defaultVersionNumber"].as_u64(),
        other => other.parse().ok(),
    };
    let Some(number) = number else {
        let text = format!("The launch template version '{wanted}' is not valid.");
        return Err(Error::new("InvalidLaunchTemplateId.VersionNotFound", text));
    };
    let mut versions = list(template, "_versions").iter();
    let missing = || {
        let text = format!(
            "Could not find launch template version {number} of template {}",
            text(template, "launchTemplateId")
        );
        Error::new("InvalidLaunchTemplateId.VersionNotFound", text)
    };
    versions.find(|version| version["versionNumber"] == number).cloned().ok_or_else(missing)
}

/// `CreateLaunchTemplateVersion`.
pub fn create_version(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let mut template = named(invocation)?;
    let mut data = read(&invocation.parameters.within("LaunchTemplateData"))?;
    if let Some(source) = invocation.get("SourceVersion") {
        data = over(&version(&template, &source)?["launchTemplateData"], &data);
    }
    check(&data)?;
    if list(&template, "_versions").len() >= VERSIONS_MAX {
        let text = "The maximum number of versions of the launch template has been reached.";
        return Err(Error::new("VersionLimitExceeded", text));
    }
    let number = template["latestVersionNumber"].as_u64().unwrap_or(0) + 1;
    let description = invocation.parameters.get("VersionDescription").map(str::to_owned);
    let made = version_of(&invocation.region, &template, number, description, &data);
    list_mut(&mut template, "_versions").push(made.clone());
    template["latestVersionNumber"] = json!(number);
    invocation.region.put(&LAUNCH_TEMPLATE, &template);
    Ok(json!({"launchTemplateVersion": show(&template, made)}))
}

fn show(template: &Json, mut version: Json) -> Json {
    version["defaultVersion"] = json!(version["versionNumber"] == template["defaultVersionNumber"]);
    version
}

/// `ModifyLaunchTemplate`: which version is used where none is named.
pub fn modify(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let mut template = named(invocation)?;
    let wanted = invocation.get("SetDefaultVersion").or(invocation.get("DefaultVersion"));
    if let Some(wanted) = wanted {
        template["defaultVersionNumber"] = version(&template, &wanted)?["versionNumber"].clone();
        invocation.region.put(&LAUNCH_TEMPLATE, &template);
    }
    Ok(json!({"launchTemplate": template}))
}

/// `DeleteLaunchTemplate`.
pub fn delete(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let template = named(invocation)?;
    invocation.region.remove(&LAUNCH_TEMPLATE, text(&template, "launchTemplateId"));
    Ok(json!({"launchTemplate": template}))
}

/// `DeleteLaunchTemplateVersions`.
pub fn delete_versions(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let mut template = named(invocation)?;
    let (mut gone, mut failed) = (Vec::new(), Vec::new());
    for wanted in invocation.parameters.list("LaunchTemplateVersion") {
        let shown = |number: &Json| {
            json!({
                "launchTemplateId": template["launchTemplateId"], "launchTemplateName": template["launchTemplateName"],
                "versionNumber": number,
            })
        };
        match version(&template, &wanted) {
            Ok(version) if version["versionNumber"] == template["defaultVersionNumber"] => {
                let text = "Cannot delete the default launch template version.";
                let mut failure = shown(&version["versionNumber"]);
                failure["responseError"] = json!({"code": "unexpectedError", "message": text});
                failed.push(failure);
            }
            Ok(version) => {
                gone.push(shown(&version["versionNumber"]));
                list_mut(&mut template, "_versions").retain(|known| known["versionNumber"] != version["versionNumber"]);
            }
            Err(error) => {
                let mut failure = shown(&json!(wanted.parse::<u64>().unwrap_or(0)));
                failure["responseError"] =
                    json!({"code": "launchTemplateVersionDoesNotExist", "message": error.message});
                failed.push(failure);
            }
        }
    }
    invocation.region.put(&LAUNCH_TEMPLATE, &template);
    Ok(json!({
        "successfullyDeletedLaunchTemplateVersionSet": gone,
        "unsuccessfullyDeletedLaunchTemplateVersionSet": failed,
    }))
}

/// `DescribeLaunchTemplates`.
pub fn describe(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let names = invocation.parameters.list("LaunchTemplateName");
    for name in &names {
        find(&invocation.region, None, Some(name))?;
    }
    let mut answer = describe_all(invocation, &LAUNCH_TEMPLATE)?;
    if !names.is_empty() {
        list_mut(&mut answer, LAUNCH_TEMPLATE.set)
            .retain(|template| names.iter().any(|name| template["launchTemplateName"] == **name));
    }
    Ok(answer)
}

/// `DescribeLaunchTemplateVersions`: of one template, or the latest or default ones of all.
pub fn describe_versions(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let wanted = invocation.parameters.list("LaunchTemplateVersion");
    let is_named = invocation.get("LaunchTemplateId").is_some() || invocation.get("LaunchTemplateName").is_some();
    let templates = if is_named { vec![named(invocation)?] } else { invocation.region.all(&LAUNCH_TEMPLATE) };
    let mut all = Vec::new();
    for template in &templates {
        let versions = match wanted.is_empty() {
            true => list(template, "_versions").to_vec(),
            false => wanted.iter().map(|wanted| version(template, wanted)).collect::<Result<_, _>>()?,
        };
        all.extend(versions.into_iter().map(|version| show(template, version)));
    }
    let within = |name: &str| invocation.number(name);
    let (least, most) = (within("MinVersion")?, within("MaxVersion")?);
    all.retain(|version| {
        let number = version["versionNumber"].as_i64().unwrap_or_default();
        least.is_none_or(|least| number >= least) && most.is_none_or(|most| number <= most)
    });
    // The newest first.
    all.sort_by_key(|version| std::cmp::Reverse(version["versionNumber"].as_u64()));
    let known = [
        ("create-time", "createTime"),
        ("image-id", "launchTemplateData/imageId"),
        ("instance-type", "launchTemplateData/instanceType"),
        ("is-default-version", "defaultVersion"),
    ];
    filter(invocation, &known, &mut all)?;
    page(invocation, "launchTemplateVersionSet", all)
}
