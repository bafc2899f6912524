//! The managed policies of AWS that clusters and their platforms use.
//!
//! Names, paths and versions are AWS's. Documents are short: they name the services that a policy is about, for reading or
//! for all; nobody is allowed or refused anything by them here.

use aws_lc_rs::digest::{SHA256, digest};
use serde_json::{Value as Json, json};

use crate::aws::signature::hex;

/// A managed policy of AWS.
#[derive(Debug)]
pub struct Managed {
    pub name: &'static str,
    pub path: &'static str,
    /// The number of its default version.
    version: u32,
    /// The services that it is about.
    services: &'static str,
}

const fn managed(name: &'static str, path: &'static str, version: u32, services: &'static str) -> Managed {
    Managed { name, path, version, services }
}

/// When all of them were made.
const DATE: &str = "2018-05-27T21:06:14Z";

/// Finds a policy by its ARN.
pub fn find(arn: &str) -> Option<&'static Managed> {
    let rest = arn.strip_prefix("arn:aws:iam::aws:policy")?;
    let name = rest.rsplit('/').next()?;
    let place = ALL.binary_search_by_key(&name, |policy| policy.name).ok()?;
    Some(&ALL[place]).filter(|policy| rest.strip_suffix(name) == Some(policy.path))
}

impl Managed {
    /// Returns it as answers show it.
    pub fn shown(&self) -> Json {
        let arn = format!("arn:aws:iam::aws:policy{}{}", self.path, self.name);
        let id = hex(&digest(&SHA256, arn.as_bytes()).as_ref()[..9]).to_uppercase();
        json!({
            "PolicyName": self.name,
            "PolicyId": format!("ANPA{}", &id[..17]),
            "Arn": arn,
            "Path": self.path,
            "DefaultVersionId": format!("v{}", self.version),
            "IsAttachable": self.path != "/aws-service-role/",
            "CreateDate": DATE,
            "UpdateDate": DATE,
        })
    }

    /// Returns its default version, the only one that the sandbox knows.
    pub fn version(&self) -> Json {
        let verbs: &[&str] = match self.name.contains("ReadOnly") || self.name.contains("ViewOnly") {
            true => &["Describe*", "Get*", "List*"],
            false => &["*"],
        };
        let services = self.services.split(' ');
        let actions: Vec<String> = match self.services {
            "*" => vec!["*".to_owned()],
            _ => services.flat_map(|service| verbs.iter().map(move |verb| format!("{service}:{verb}"))).collect(),
        };
        let document = json!({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": actions, "Resource": "*"},
        ]});
        json!({"VersionId": format!("v{}", self.version), "Document": document.to_string(), "CreateDate": DATE})
    }
}

/// All of them, in the order of their names.
#[rustfmt::skip]
pub const ALL: &[Managed] = &[
    managed("AWSCertificateManagerFullAccess", "/", 2, "acm iam"),
    managed("AWSGlueConsoleFullAccess", "/", 15, "cloudformation cloudwatch databrew dynamodb ec2 glue iam kms"),
    managed("AWSGlueServiceRole", "/service-role/", 5, "cloudwatch ec2 glue iam logs s3"),
    managed("AWSKeyManagementServicePowerUser", "/", 2, "iam kms"),
    managed("AWSServiceRoleForAmazonEKSNodegroup", "/aws-service-role/", 11, "autoscaling ec2 iam"),
    managed("AWSXRayDaemonWriteAccess", "/", 2, "xray"),
    managed("AWSXrayWriteOnlyAccess", "/", 2, "xray"),
    managed("AdministratorAccess", "/", 1, "*"),
    managed("AmazonAthenaFullAccess", "/", 15, "athena cloudwatch datazone glue lakeformation pricing s3 sns"),
    managed("AmazonDynamoDBFullAccess", "/", 15, "application-autoscaling cloudwatch datapipeline dax dynamodb ec2 iam kinesis"),
    managed("AmazonEBSCSIDriverEKSClusterScopedPolicy", "/", 2, "ec2"),
    managed("AmazonEBSCSIDriverPolicy", "/service-role/", 15, "ec2"),
    managed("AmazonEBSCSIDriverPolicyV2", "/", 1, "ec2"),
    managed("AmazonEC2ContainerRegistryFullAccess", "/", 3, "cloudtrail ecr iam"),
    managed("AmazonEC2ContainerRegistryPowerUser", "/", 3, "ecr"),
    managed("AmazonEC2ContainerRegistryPullOnly", "/", 1, "ecr"),
    managed("AmazonEC2ContainerRegistryReadOnly", "/", 3, "ecr"),
    managed("AmazonEC2FullAccess", "/", 5, "autoscaling cloudwatch ec2 elasticloadbalancing iam"),
    managed("AmazonEC2ReadOnlyAccess", "/", 5, "autoscaling cloudwatch ec2 elasticloadbalancing"),
    managed("AmazonEFSCSIDriverPolicy", "/service-role/", 1, "ec2 elasticfilesystem"),
    managed("AmazonEKSBlockStoragePolicy", "/", 1, "ec2"),
    managed("AmazonEKSBlockStoragePolicyV2", "/", 1, "ec2"),
    managed("AmazonEKSClusterPolicy", "/", 10, "autoscaling ec2 elasticloadbalancing iam kms"),
    managed("AmazonEKSComputePolicy", "/", 7, "ec2 iam"),
    managed("AmazonEKSConnectorServiceRolePolicy", "/aws-service-role/", 2, "events iam ssm ssmmessages"),
    managed("AmazonEKSFargatePodExecutionRolePolicy", "/", 1, "ecr"),
    managed("AmazonEKSForFargateServiceRolePolicy", "/aws-service-role/", 1, "ec2"),
    managed("AmazonEKSLoadBalancingPolicy", "/", 10, "acm cognito-idp ec2 elasticloadbalancing iam shield wafv2"),
    managed("AmazonEKSLocalOutpostClusterPolicy", "/", 4, "ec2 ec2messages ecr ecr-public logs secretsmanager ssm ssmmessages"),
    managed("AmazonEKSNetworkingPolicy", "/", 3, "ec2"),
    managed("AmazonEKSServicePolicy", "/", 7, "ec2 eks iam logs route53"),
    managed("AmazonEKSServiceRolePolicy", "/aws-service-role/", 27, "cloudwatch ec2 eks elasticloadbalancing events iam logs pricing"),
    managed("AmazonEKSVPCResourceController", "/", 1, "ec2"),
    managed("AmazonEKSWorkerNodeMinimalPolicy", "/", 1, "eks-auth"),
    managed("AmazonEKSWorkerNodePolicy", "/", 3, "ec2 eks eks-auth"),
    managed("AmazonEKS_CNI_Policy", "/", 6, "ec2"),
    managed("AmazonEMRContainersServiceRolePolicy", "/aws-service-role/", 6, "acm cloudwatch ec2 eks elasticloadbalancing"),
    managed("AmazonElasticFileSystemFullAccess", "/", 10, "cloudwatch ec2 elasticfilesystem iam kms"),
    managed("AmazonFSxFullAccess", "/", 13, "ds ec2 firehose fsx iam logs"),
    managed("AmazonKinesisFullAccess", "/", 1, "kinesis"),
    managed("AmazonMSKFullAccess", "/", 7, "ec2 firehose iam kafka kms logs"),
    managed("AmazonPrometheusQueryAccess", "/", 1, "aps"),
    managed("AmazonPrometheusRemoteWriteAccess", "/", 1, "aps"),
    managed("AmazonRDSFullAccess", "/", 14, "application-autoscaling cloudwatch devops-guru ec2 iam logs outposts pi"),
    managed("AmazonRoute53FullAccess", "/", 7, "apigateway cloudfront cloudwatch ec2 elasticbeanstalk elasticloadbalancing es lightsail"),
    managed("AmazonS3FullAccess", "/", 2, "s3 s3-object-lambda"),
    managed("AmazonS3ReadOnlyAccess", "/", 3, "s3 s3-object-lambda"),
    managed("AmazonSNSFullAccess", "/", 2, "sms-voice sns"),
    managed("AmazonSQSFullAccess", "/", 1, "sqs"),
    managed("AmazonSSMManagedInstanceCore", "/", 2, "ec2messages ssm ssmmessages"),
    managed("AmazonSSMReadOnlyAccess", "/", 1, "ssm"),
    managed("AmazonVPCFullAccess", "/", 13, "ec2"),
    managed("AmazonVPCReadOnlyAccess", "/", 12, "ec2"),
    managed("AutoScalingFullAccess", "/", 2, "autoscaling cloudwatch ec2 elasticloadbalancing iam"),
    managed("CloudWatchAgentServerPolicy", "/", 3, "cloudwatch ec2 logs ssm xray"),
    managed("CloudWatchFullAccess", "/", 4, "autoscaling cloudwatch iam logs oam sns"),
    managed("CloudWatchLogsFullAccess", "/", 8, "cloudwatch logs observabilityadmin"),
    managed("ElasticLoadBalancingFullAccess", "/", 9, "arc-zonal-shift cognito-idp ec2 elasticloadbalancing iam"),
    managed("IAMFullAccess", "/", 2, "iam organizations"),
    managed("IAMReadOnlyAccess", "/", 4, "iam"),
    managed("PowerUserAccess", "/", 12, "*"),
    managed("ReadOnlyAccess", "/", 190, "*"),
    managed("SecretsManagerReadWrite", "/", 6, "cloudformation docdb-elastic ec2 kms lambda rds redshift redshift-serverless"),
    managed("SecurityAudit", "/", 94, "*"),
    managed("ViewOnlyAccess", "/job-function/", 46, "*"),
];

#[cfg(test)]
mod tests {
    use super::{ALL, find};

    #[test]
    fn policies_are_in_order_and_found_by_their_arns() {
        assert!(ALL.is_sorted_by_key(|policy| policy.name));
        assert!(find("arn:aws:iam::aws:policy/AmazonEKSClusterPolicy").is_some());
        assert!(find("arn:aws:iam::aws:policy/service-role/AmazonEBSCSIDriverPolicy").is_some());
        assert!(find("arn:aws:iam::aws:policy/AmazonEBSCSIDriverPolicy").is_none(), "it has another path");
        assert!(find("arn:aws:iam::aws:policy/Nothing").is_none());
    }
}
