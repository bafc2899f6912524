//! Who asks, and where: data sources that need no object of AWS.

use std::sync::Arc;

use sdk::schema::Schema;
use sdk::value::Value;
use sdk::{Call, Context, DataSource, Problem, ReadDataRequest, ReadDataResponse};
use serde_json::{Value as Json, json};

use crate::cloud::{At, Cloud, partition};
use crate::data::{finish, schema};
use crate::fault::fault;
use crate::fields::filled;
use crate::shape::text;

/// Returns the data sources.
pub(crate) fn data_sources(cloud: &Arc<Cloud>) -> Vec<Box<dyn DataSource>> {
    vec![Box::new(CallerIdentity(cloud.clone())), Box::new(Partition(cloud.clone())), Box::new(Region(cloud.clone()))]
}

/// `data.aws_caller_identity`: whose credentials are used.
struct CallerIdentity(Arc<Cloud>);

impl DataSource for CallerIdentity {
    fn name(&self) -> &'static str {
        "aws_caller_identity"
    }

    fn schema(&self) -> Schema {
        schema(
            "Whose credentials the provider uses.",
            vec![
                text("account_id").computed().describe("The number of the account."),
                text("arn").computed().describe("Who it is."),
                text("user_id").computed().describe("What tells them apart from others."),
            ],
            vec![],
        )
    }

    fn read<'a>(&'a self, context: Context<'a>, request: ReadDataRequest) -> Call<'a, ReadDataResponse> {
        Box::pin(async move {
            let found = async {
                let session = self.0.session()?;
                let at = At::of(session, &Value::NULL);
                let answer = at.sts().get_caller_identity().send().await;
                let answer = answer.map_err(|error| fault(error).problem("Asking STS whom the credentials are of"))?;
                Ok(json!({
                    "id": answer.account,
                    "account_id": answer.account,
                    "arn": answer.arn,
                    "user_id": answer.user_id,
                }))
            };
            finish(&context, &request, found.await)
        })
    }
}

/// `data.aws_partition`: which of the separate parts of AWS this is.
struct Partition(Arc<Cloud>);

impl DataSource for Partition {
    fn name(&self) -> &'static str {
        "aws_partition"
    }

    fn schema(&self) -> Schema {
        schema(
            "Which of the separate parts of AWS the provider works in.",
            vec![
                text("partition").computed().describe("As ARNs have it: `aws`."),
                text("dns_suffix").computed().describe("What names of services end with: `amazonaws.com`."),
                text("reverse_dns_prefix").computed().describe("The same from behind: `com.amazonaws`."),
            ],
            vec![],
        )
    }

    fn read<'a>(&'a self, context: Context<'a>, request: ReadDataRequest) -> Call<'a, ReadDataResponse> {
        let found = self.0.session().map(|session| {
            let (partition, suffix) = partition(&session.region);
            let mut labels: Vec<&str> = suffix.split('.').collect();
            labels.reverse();
            json!({
                "id": partition,
                "partition": partition,
                "dns_suffix": suffix,
                "reverse_dns_prefix": labels.join("."),
            })
        });
        sdk::answer(finish(&context, &request, found))
    }
}

/// `data.aws_region`: where things are that do not say.
struct Region(Arc<Cloud>);

impl Region {
    fn find(&self, config: &Value) -> Result<Json, Problem> {
        let session = self.0.session()?;
        let region = filled(config, "region")
            .or_else(|| filled(config, "name"))
            .or_else(|| {
                let endpoint = filled(config, "endpoint")?;
                Some(endpoint.strip_prefix("ec2.")?.split('.').next()?.to_owned())
            })
            .unwrap_or_else(|| session.region.clone());
        let suffix = partition(&region).1;
        Ok(json!({
            "id": region,
            "region": region,
            "name": region,
            "endpoint": format!("ec2.{region}.{suffix}"),
            "description": describe(&region),
        }))
    }
}

impl DataSource for Region {
    fn name(&self) -> &'static str {
        "aws_region"
    }

    fn schema(&self) -> Schema {
        schema(
            "Where things are that do not say.",
            vec![
                text("region").optional().computed().describe("Its name; the provider's unless set."),
                text("name").optional().computed().describe("The same, as it was called before."),
                text("endpoint").optional().computed().describe("Where EC2 is served there."),
                text("description").computed().describe("What AWS calls it, where that is known here."),
            ],
            vec![],
        )
    }

    fn read<'a>(&'a self, context: Context<'a>, request: ReadDataRequest) -> Call<'a, ReadDataResponse> {
        sdk::answer(finish(&context, &request, self.find(&request.config)))
    }
}

/// Returns what AWS calls a region.
fn describe(region: &str) -> Option<&'static str> {
    let names = [
        ("us-east-1", "US East (N. Virginia)"),
        ("us-east-2", "US East (Ohio)"),
        ("us-west-1", "US West (N. California)"),
        ("us-west-2", "US West (Oregon)"),
        ("ca-central-1", "Canada (Central)"),
        ("eu-central-1", "Europe (Frankfurt)"),
        ("eu-west-1", "Europe (Ireland)"),
        ("eu-west-2", "Europe (London)"),
        ("eu-west-3", "Europe (Paris)"),
        ("eu-north-1", "Europe (Stockholm)"),
        ("ap-northeast-1", "Asia Pacific (Tokyo)"),
        ("ap-south-1", "Asia Pacific (Mumbai)"),
        ("ap-southeast-1", "Asia Pacific (Singapore)"),
        ("ap-southeast-2", "Asia Pacific (Sydney)"),
        ("sa-east-1", "South America (Sao Paulo)"),
    ];
    names.iter().find(|(name, _)| *name == region).map(|(_, description)| *description)
}
