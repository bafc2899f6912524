//! What a launch template holds: attributes of blocks with the parameters and members that EC2 has for them.
//!
//! The names here and there differ by rules: `http_put_response_hop_limit` is `HttpPutResponseHopLimit` in requests and
//! `httpPutResponseHopLimit` in answers. The tables below have what follows no rule.

use sdk::schema::{Attribute, NestedBlock};
use sdk::value::Value;
use serde_json::{Map, Value as Json};

use super::client::Parameters;
use super::xml;
use crate::fields::{blocks, part, text_map, texts};
use crate::shape::{flag, number, one_block, text, text_map as words, text_set, with_blocks};

/// What an attribute is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Form {
    Text,
    /// A truth value that is written as a text: `""` says nothing.
    Choice,
    Flag,
    Number,
    Texts,
}

/// An attribute: its name, and its form.
pub(super) type Field = (&'static str, Form);

/// A block: its name, the parameter, the member of answers, how many there may be, and what is in it.
pub(super) struct Part {
    pub(super) name: &'static str,
    pub(super) parameter: &'static str,
    pub(super) member: &'static str,
    pub(super) is_list: bool,
    pub(super) fields: &'static [Field],
    pub(super) parts: &'static [Part],
}

/// Attributes at the top that are told to EC2 as they are.
pub(super) const FIELDS: &[Field] = &[
    ("disable_api_stop", Form::Flag),
    ("disable_api_termination", Form::Flag),
    ("ebs_optimized", Form::Choice),
    ("image_id", Form::Text),
    ("instance_initiated_shutdown_behavior", Form::Text),
    ("instance_type", Form::Text),
    ("kernel_id", Form::Text),
    ("key_name", Form::Text),
    ("ram_disk_id", Form::Text),
    ("user_data", Form::Text),
];

const fn one(name: &'static str, parameter: &'static str, member: &'static str, fields: &'static [Field]) -> Part {
    Part { name, parameter, member, is_list: false, fields, parts: &[] }
}

/// Blocks at the top.
pub(super) const PARTS: &[Part] = &[
    Part {
        name: "block_device_mappings",
        parameter: "BlockDeviceMapping",
        member: "blockDeviceMappingSet",
        is_list: true,
        fields: &[("device_name", Form::Text), ("no_device", Form::Text), ("virtual_name", Form::Text)],
        parts: &[one(
            "ebs",
            "Ebs",
            "ebs",
            &[
                ("delete_on_termination", Form::Choice),
                ("encrypted", Form::Choice),
                ("iops", Form::Number),
                ("kms_key_id", Form::Text),
                ("snapshot_id", Form::Text),
                ("throughput", Form::Number),
                ("volume_initialization_rate", Form::Number),
                ("volume_size", Form::Number),
                ("volume_type", Form::Text),
            ],
        )],
    },
    one(
        "cpu_options",
        "CpuOptions",
        "cpuOptions",
        &[("amd_sev_snp", Form::Text), ("core_count", Form::Number), ("threads_per_core", Form::Number)],
    ),
    one("credit_specification", "CreditSpecification", "creditSpecification", &[("cpu_credits", Form::Text)]),
    one("enclave_options", "EnclaveOptions", "enclaveOptions", &[("enabled", Form::Flag)]),
    one("hibernation_options", "HibernationOptions", "hibernationOptions", &[("configured", Form::Flag)]),
    one(
        "iam_instance_profile",
        "IamInstanceProfile",
        "iamInstanceProfile",
        &[("arn", Form::Text), ("name", Form::Text)],
    ),
    Part {
        name: "instance_market_options",
        parameter: "InstanceMarketOptions",
        member: "instanceMarketOptions",
        is_list: false,
        fields: &[("market_type", Form::Text)],
        parts: &[one(
            "spot_options",
            "SpotOptions",
            "spotOptions",
            &[
                ("block_duration_minutes", Form::Number),
                ("instance_interruption_behavior", Form::Text),
                ("max_price", Form::Text),
                ("spot_instance_type", Form::Text),
                ("valid_until", Form::Text),
            ],
        )],
    },
    one("maintenance_options", "MaintenanceOptions", "maintenanceOptions", &[("auto_recovery", Form::Text)]),
    one(
        "metadata_options",
        "MetadataOptions",
        "metadataOptions",
        &[
            ("http_endpoint", Form::Text),
            ("http_protocol_ipv6", Form::Text),
            ("http_put_response_hop_limit", Form::Number),
            ("http_tokens", Form::Text),
            ("instance_metadata_tags", Form::Text),
        ],
    ),
    one("monitoring", "Monitoring", "monitoring", &[("enabled", Form::Flag)]),
    Part {
        name: "network_interfaces",
        parameter: "NetworkInterface",
        member: "networkInterfaceSet",
        is_list: true,
        fields: &[
            ("associate_carrier_ip_address", Form::Choice),
            ("associate_public_ip_address", Form::Choice),
            ("delete_on_termination", Form::Choice),
            ("description", Form::Text),
            ("device_index", Form::Number),
            ("interface_type", Form::Text),
            ("ipv6_address_count", Form::Number),
            ("network_card_index", Form::Number),
            ("network_interface_id", Form::Text),
            ("primary_ipv6", Form::Choice),
            ("private_ip_address", Form::Text),
            ("security_groups", Form::Texts),
            ("subnet_id", Form::Text),
        ],
        parts: &[],
    },
    one(
        "placement",
        "Placement",
        "placement",
        &[
            ("affinity", Form::Text),
            ("availability_zone", Form::Text),
            ("group_name", Form::Text),
            ("host_id", Form::Text),
            ("host_resource_group_arn", Form::Text),
            ("partition_number", Form::Number),
            ("spread_domain", Form::Text),
            ("tenancy", Form::Text),
        ],
    ),
    one(
        "private_dns_name_options",
        "PrivateDnsNameOptions",
        "privateDnsNameOptions",
        &[
            ("enable_resource_name_dns_a_record", Form::Flag),
            ("enable_resource_name_dns_aaaa_record", Form::Flag),
            ("hostname_type", Form::Text),
        ],
    ),
];

/// Returns the parameter of an attribute.
fn parameter(name: &str) -> String {
    match name {
        "security_groups" => return "SecurityGroupId".to_owned(),
        "enable_resource_name_dns_a_record" => return "EnableResourceNameDnsARecord".to_owned(),
        "enable_resource_name_dns_aaaa_record" => return "EnableResourceNameDnsAAAARecord".to_owned(),
        _ => {}
    }
    name.split('_').map(|word| word[..1].to_uppercase() + &word[1..]).collect()
}

/// Returns the member of an attribute.
fn member(name: &str) -> String {
    if name == "security_groups" { "groupSet".to_owned() } else { super::rules::lower(&parameter(name)) }
}

fn attribute((name, form): &Field) -> Attribute {
    let attribute = match form {
        Form::Text | Form::Choice => text(name),
        Form::Flag => flag(name),
        Form::Number => number(name),
        Form::Texts => text_set(name),
    };
    attribute.optional().describe("As in EC2.")
}

/// Returns the attributes at the top.
pub(super) fn attributes() -> Vec<Attribute> {
    FIELDS.iter().map(attribute).collect()
}

/// Returns the blocks at the top.
pub(super) fn nested() -> Vec<NestedBlock> {
    let mut all: Vec<NestedBlock> = PARTS.iter().map(block).collect();
    let tags = vec![
        text("resource_type").optional().describe("What gets the tags: `instance`, `volume`."),
        words("tags").optional().describe("The tags."),
    ];
    all.push(sdk::block("tag_specifications", sdk::schema::BlockNesting::List, "Tags of what is made from it.", tags));
    all
}

fn block(part: &Part) -> NestedBlock {
    let attributes = part.fields.iter().map(attribute).collect();
    let made = match part.is_list {
        true => sdk::block(part.name, sdk::schema::BlockNesting::List, "As in EC2.", attributes),
        false => one_block(part.name, "As in EC2.", attributes),
    };
    with_blocks(made, part.parts.iter().map(block).collect())
}

/// Adds what a template is to hold.
pub(super) fn add(parameters: &mut Parameters, planned: &Value) {
    let prefix = "LaunchTemplateData.";
    add_fields(parameters, prefix, planned, FIELDS);
    add_parts(parameters, prefix, planned, PARTS);
    for (name, attribute) in [("SecurityGroupId", "vpc_security_group_ids"), ("SecurityGroup", "security_group_names")]
    {
        parameters.add_list(&format!("{prefix}{name}"), &texts(planned, attribute).unwrap_or_default());
    }
    for (place, specification) in blocks(planned, "tag_specifications").iter().enumerate() {
        let prefix = format!("{prefix}TagSpecification.{}", place + 1);
        parameters.add_some(&format!("{prefix}.ResourceType"), part(specification, "resource_type").as_str());
        let mut tags: Vec<(String, String)> = text_map(specification, "tags").unwrap_or_default().into_iter().collect();
        tags.sort();
        for (place, (key, value)) in tags.into_iter().enumerate() {
            parameters.add(format!("{prefix}.Tag.{}.Key", place + 1), key);
            parameters.add(format!("{prefix}.Tag.{}.Value", place + 1), value);
        }
    }
}

fn add_fields(parameters: &mut Parameters, prefix: &str, object: &Value, fields: &[Field]) {
    for (name, form) in fields {
        let key = format!("{prefix}{}", parameter(name));
        let value = part(object, name);
        match form {
            Form::Text | Form::Choice => parameters.add_some(&key, value.as_str().filter(|text| !text.is_empty())),
            Form::Flag => parameters.add_some(&key, value.as_bool().map(|flag| flag.to_string())),
            // Zero stands for nothing where the configuration is from modules that have no null.
            Form::Number => {
                let number = value.as_number().and_then(|number| number.to_i64());
                let says_something =
                    number.filter(|number| *number != 0 || ["device_index", "network_card_index"].contains(name));
                parameters.add_some(&key, says_something.map(|number| number.to_string()));
            }
            Form::Texts => parameters.add_list(&key, &texts(object, name).unwrap_or_default()),
        }
    }
}

fn add_parts(parameters: &mut Parameters, prefix: &str, object: &Value, parts: &[Part]) {
    for part in parts {
        for (place, block) in blocks(object, part.name).iter().enumerate().filter(|(_, block)| !block.is_null()) {
            let prefix = match part.is_list {
                true => format!("{prefix}{}.{}.", part.parameter, place + 1),
                false => format!("{prefix}{}.", part.parameter),
            };
            add_fields(parameters, &prefix, block, part.fields);
            add_parts(parameters, &prefix, block, part.parts);
        }
    }
}

/// Writes what EC2 tells of a template as its attributes; what says nothing is as it is written in what is known.
pub(super) fn read(data: &Json, known: &Value) -> Json {
    let mut read = fields_of(data, known, FIELDS);
    parts_of(&mut read, data, known, PARTS);
    for (attribute, member) in
        [("vpc_security_group_ids", "securityGroupIdSet"), ("security_group_names", "securityGroupSet")]
    {
        let ids = xml::list(data, member);
        if !ids.is_empty() || part(known, attribute).is_null() {
            read.insert(attribute.to_owned(), if ids.is_empty() { Json::Null } else { ids.to_vec().into() });
        }
    }
    let specifications = xml::list(data, "tagSpecificationSet").iter().map(|specification| {
        let tags = xml::tags(specification);
        serde_json::json!({"resource_type": xml::filled(specification, "resourceType"), "tags": tags})
    });
    read.insert("tag_specifications".to_owned(), specifications.collect::<Vec<_>>().into());
    Json::Object(read)
}

fn fields_of(data: &Json, known: &Value, fields: &[Field]) -> Map<String, Json> {
    let mut read = Map::new();
    for (name, form) in fields {
        let told = &data[member(name)];
        let value = match (form, told) {
            (Form::Texts, Json::Array(_)) => told.clone(),
            (Form::Flag, Json::String(text)) => (text == "true").into(),
            (Form::Number, Json::String(_)) => xml::number(data, &member(name)),
            (Form::Text | Form::Choice, Json::String(text)) => text.as_str().into(),
            _ => unsaid(part(known, name)),
        };
        read.insert((*name).to_owned(), value);
    }
    read
}

/// What says nothing in EC2: an empty text, zero, false, an empty list.
fn unsaid(known: &Value) -> Json {
    match (known.as_str(), known.as_bool(), known.as_number().and_then(|number| number.to_i64())) {
        (Some(""), ..) => "".into(),
        (_, Some(false), _) => false.into(),
        (_, _, Some(0)) => 0.into(),
        _ if known.element_count() == Some(0) => Json::Array(vec![]),
        _ => Json::Null,
    }
}

fn parts_of(read: &mut Map<String, Json>, data: &Json, known: &Value, parts: &[Part]) {
    for part in parts {
        let told: Vec<&Json> = match &data[part.member] {
            Json::Array(list) => list.iter().collect(),
            object @ Json::Object(_) => vec![object],
            _ => vec![],
        };
        let before = blocks(known, part.name);
        let mut found: Vec<Json> = Vec::new();
        for (place, object) in told.into_iter().enumerate() {
            let known = before.get(place).unwrap_or(&Value::NULL);
            let mut inner = fields_of(object, known, part.fields);
            parts_of(&mut inner, object, known, part.parts);
            found.push(Json::Object(inner));
        }
        // A block that says nothing is not told by EC2.
        let is_empty = |block: &&Value| {
            part.fields.iter().all(|(name, _)| {
                let value = crate::fields::part(block, name);
                value.is_null() || value.as_str() == Some("") || value.as_bool() == Some(false)
            })
        };
        for block in before.iter().skip(found.len()).filter(is_empty).filter(|block| !block.is_null()) {
            let mut inner = fields_of(&Json::Null, block, part.fields);
            parts_of(&mut inner, &Json::Null, block, part.parts);
            found.push(Json::Object(inner));
        }
        read.insert(part.name.to_owned(), Json::Array(found));
    }
}

#[cfg(test)]
mod tests {
    use super::{member, parameter};

    #[test]
    fn names_follow_rules() {
        assert_eq!(parameter("http_put_response_hop_limit"), "HttpPutResponseHopLimit");
        assert_eq!(member("ram_disk_id"), "ramDiskId");
        assert_eq!(
            (parameter("security_groups"), member("security_groups")),
            ("SecurityGroupId".into(), "groupSet".into())
        );
    }
}
