//! The emulated AWS: signed requests on one endpoint, given to the service that the signature's scope names.
//!
//! EC2, EKS, ELB, IAM, S3 and STS so far.

pub mod account;
pub mod ec2;
pub mod eks;
pub mod elb;
pub mod iam;
pub mod in_cluster;
pub mod oidc;
pub mod query;
pub mod s3;
pub mod signature;
pub mod sts;
mod unknown;
mod web_identity;

#[cfg(test)]
mod tests;

pub use account::{ACCESS_KEY, ACCOUNT, Caller, SECRET_KEY, authenticate};
pub use signature::Refusal;

use crate::server::Service;

/// Returns the services of AWS. The last one answers for all those that there are not.
pub fn services() -> Vec<Box<dyn Service>> {
    vec![
        Box::new(oidc::Issuers),
        Box::new(ec2::Ec2),
        Box::new(eks::Eks),
        Box::new(elb::Elb),
        Box::new(iam::IAM),
        Box::new(s3::S3),
        Box::new(sts::STS),
        Box::new(unknown::Unknown),
    ]
}
