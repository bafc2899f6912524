//! What launch templates hold: parameters of a request, turned into what answers show.

use serde_json::{Map, Value as Json, json};

use super::call::{Error, Parameters, lower};

/// Names of lists in answers that are not the names of the parameters with `Set` behind them.
const NAMES: &[(&str, &str)] = &[
    // sorted
    ("LicenseSpecification", "licenseSet"),
    ("NetworkInterface/SecurityGroupId", "groupSet"),
];

/// Members that are structures or texts; all others that have a number behind them are lists.
const DEPTH_MAX: usize = 6;

/// Reads what a template is to hold.
pub fn read(parameters: &Parameters) -> Result<Json, Error> {
    let mut data = structure(parameters, "", 0)?;
    // What nobody says anything about is not shown either.
    if let Some(members) = data.as_object_mut() {
        members.retain(|_, value| !value.is_null());
    }
    Ok(data)
}

fn structure(parameters: &Parameters, parent: &str, depth: usize) -> Result<Json, Error> {
    if depth > DEPTH_MAX {
        return Err(Error::new("InvalidParameterValue", "The launch template data is nested too deeply"));
    }
    let mut members = Map::new();
    let mut names: Vec<&str> = parameters.iter().map(|(name, _)| name.split('.').next().unwrap_or(name)).collect();
    names.dedup();
    for name in names {
        let shown = lower(name);
        if members.contains_key(&shown) || members.contains_key(&format!("{shown}Set")) {
            continue;
        }
        if let Some(value) = parameters.get(name) {
            members.insert(shown, typed(name, value));
            continue;
        }
        let inner = parameters.within(name);
        let is_list = inner.iter().all(|(place, _)| place.starts_with(|first: char| first.is_ascii_digit()));
        if !is_list {
            members.insert(shown, structure(&inner, name, depth + 1)?);
            continue;
        }
        let key = format!("{parent}/{name}");
        let known = NAMES.iter().find(|(known, _)| *known == name || *known == key);
        let set = known.map_or_else(|| format!("{shown}Set"), |(_, set)| (*set).to_owned());
        let texts = parameters.list(name);
        if texts.is_empty() {
            let list = parameters.structures(name);
            let list: Result<Vec<Json>, Error> = list.iter().map(|one| structure(one, name, depth + 1)).collect();
            members.insert(set, Json::Array(list?));
        } else {
            members.insert(set, json!(texts));
        }
    }
    Ok(Json::Object(members))
}

/// Texts stay texts, whatever they look like; truth values and numbers are written in one way.
fn typed(name: &str, value: &str) -> Json {
    match value {
        // What says `True` comes from hand-written clients.
        "True" | "False" if name != "Value" && name != "Key" => json!(value.to_ascii_lowercase()),
        _ => json!(value),
    }
}

/// Puts the data of a new version over that of its source: members that it names replace those.
pub fn over(source: &Json, new: &Json) -> Json {
    let mut merged = source.as_object().cloned().unwrap_or_default();
    for (name, value) in new.as_object().into_iter().flatten() {
        merged.insert(name.clone(), value.clone());
    }
    Json::Object(merged)
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, Method};
    use serde_json::json;

    use super::{Parameters, over, read};
    use crate::server::Request;

    #[test]
    fn parameters_become_what_answers_show() {
        let body = "InstanceType=m7i.large&EbsOptimized=true&SecurityGroupId.1=sg-1&SecurityGroupId.2=sg-2\
             &BlockDeviceMapping.1.DeviceName=%2Fdev%2Fxvda&BlockDeviceMapping.1.Ebs.VolumeSize=50\
             &NetworkInterface.1.SecurityGroupId.1=sg-3&NetworkInterface.1.DeviceIndex=0\
             &TagSpecification.1.ResourceType=instance&TagSpecification.1.Tag.1.Key=a&TagSpecification.1.Tag.1.Value=b\
             &MetadataOptions.HttpTokens=required";
        let request = Request {
            method: Method::POST,
            path: "/".into(),
            query: String::new(),
            headers: HeaderMap::new(),
            body: body.into(),
            certificate: None,
            is_secure: false,
        };
        let data = read(&Parameters::of(&request)).expect("data");
        let expected = json!({
            "instanceType": "m7i.large", "ebsOptimized": "true", "securityGroupIdSet": ["sg-1", "sg-2"],
            "blockDeviceMappingSet": [{"deviceName": "/dev/xvda", "ebs": {"volumeSize": "50"}}],
            "networkInterfaceSet": [{"groupSet": ["sg-3"], "deviceIndex": "0"}],
            "tagSpecificationSet": [{"resourceType": "instance", "tagSet": [{"key": "a", "value": "b"}]}],
            "metadataOptions": {"httpTokens": "required"},
        });
        assert_eq!(data, expected);
        assert_eq!(over(&data, &json!({"instanceType": "x"}))["instanceType"], "x");
    }
}
