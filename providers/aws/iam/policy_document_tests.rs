//! Documents as the well-known provider's own documentation and tests show them.

use sdk::value::Value;
use sdk::{DataSource, read_stored};
use serde_json::{Value as Json, json};

use super::{PolicyDocument, crc32, write};

fn config(json: Json) -> Value {
    let schema = PolicyDocument.schema();
    read_stored(&json, &schema.block, &schema.block.ty()).unwrap()
}

#[track_caller]
fn check(written: Json, expected: &str) {
    let found = write(&config(written)).unwrap();
    assert_eq!(found["json"].as_str().unwrap(), expected);
    let minified: Json = serde_json::from_str(found["minified_json"].as_str().unwrap()).unwrap();
    assert_eq!(minified, serde_json::from_str::<Json>(expected).unwrap());
}

#[test]
fn several_statements_with_all_parts() {
    let condition =
        json!([{"test": "StringLike", "variable": "s3:prefix", "values": ["home/", "", "home/&{aws:username}/"]}]);
    check(
        json!({"policy_id": "policy_id", "statement": [
            {"sid": "1", "actions": ["s3:ListAllMyBuckets", "s3:GetBucketLocation"], "resources": ["arn:aws:s3:::*"]},
            {
                "actions": ["s3:ListBucket"], "resources": ["arn:aws:s3:::foo"], "condition": condition,
                "not_principals": [{"type": "AWS", "identifiers": ["arn:blahblah:example"]}],
            },
            {
                "actions": ["s3:*"],
                "resources": ["arn:aws:s3:::foo/home/&{aws:username}", "arn:aws:s3:::foo/home/&{aws:username}/*"],
                "principals": [{"type": "AWS", "identifiers": ["arn:blahblah:example", "arn:blahblahblah:example"]}],
            },
            {"effect": "Deny", "not_actions": ["s3:*"], "not_resources": ["arn:aws:s3:::*"]},
        ]}),
        r#"{
  "Version": "2012-10-17",
  "Id": "policy_id",
  "Statement": [
    {
      "Sid": "1",
      "Effect": "Allow",
      "Action": [
        "s3:ListAllMyBuckets",
        "s3:GetBucketLocation"
      ],
      "Resource": "arn:aws:s3:::*"
    },
    {
      "Effect": "Allow",
      "Action": "s3:ListBucket",
      "Resource": "arn:aws:s3:::foo",
      "NotPrincipal": {
        "AWS": "arn:blahblah:example"
      },
      "Condition": {
        "StringLike": {
          "s3:prefix": [
            "home/",
            "",
            "home/${aws:username}/"
          ]
        }
      }
    },
    {
      "Effect": "Allow",
      "Action": "s3:*",
      "Resource": [
        "arn:aws:s3:::foo/home/${aws:username}/*",
        "arn:aws:s3:::foo/home/${aws:username}"
      ],
      "Principal": {
        "AWS": [
          "arn:blahblahblah:example",
          "arn:blahblah:example"
        ]
      }
    },
    {
      "Effect": "Deny",
      "NotAction": "s3:*",
      "NotResource": "arn:aws:s3:::*"
    }
  ]
}"#,
    );
}

#[test]
fn who_trusts_whom() {
    check(
        json!({"statement": [{
            "actions": ["sts:AssumeRole"], "principals": [{"type": "Service", "identifiers": ["eks.amazonaws.com"]}],
        }]}),
        "{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [\n    {\n      \"Effect\": \"Allow\",\n      \"Action\": \
         \"sts:AssumeRole\",\n      \"Principal\": {\n        \"Service\": \"eks.amazonaws.com\"\n      }\n    }\n  ]\n}",
    );
    let everyone =
        |kind: &str| json!({"statement": [{"actions": ["a:b"], "principals": [{"type": kind, "identifiers": ["*"]}]}]});
    let found = |kind: &str| write(&config(everyone(kind))).unwrap()["minified_json"].as_str().unwrap().to_owned();
    assert!(found("*").contains(r#""Principal":"*""#));
    assert!(found("AWS").contains(r#""Principal":{"AWS":"*"}"#));
}

#[test]
fn statements_with_an_id_take_each_others_place() {
    let statement = |action: &str| {
        format!(r#"{{"Version":"2012-10-17","Statement":[{{"Sid":"x","Effect":"Allow","Action":"{action}"}}]}}"#)
    };
    let found = write(&config(json!({
        "source_policy_documents": [statement("a:source")],
        "statement": [{"sid": "x", "actions": ["a:own"]}, {"actions": ["a:more"]}],
        "override_policy_documents": [statement("a:override")],
    })));
    let expected = r#"{"Version":"2012-10-17","Statement":[{"Sid":"x","Effect":"Allow","Action":"a:override"},{"Effect":"Allow","Action":"a:more"}]}"#;
    assert_eq!(found.unwrap()["minified_json"], expected);
    let twice = write(&config(json!({"statement": [{"sid": "x"}, {"sid": "x"}]})));
    assert_eq!(twice.unwrap_err().summary, "Id of a statement is there twice");
}

#[test]
fn what_html_has_a_meaning_for_is_escaped_and_empty_documents_are_short() {
    let found = write(&config(json!({"statement": [{"actions": ["a:<b>&c"]}]}))).unwrap();
    assert!(found["json"].as_str().unwrap().contains(r#""a:\u003cb\u003e\u0026c""#));
    let empty = write(&config(json!({}))).unwrap();
    assert_eq!(empty["json"], "{\n  \"Version\": \"2012-10-17\"\n}");
    assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
}
