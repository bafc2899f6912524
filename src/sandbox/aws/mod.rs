//! The emulated AWS: signed requests on one endpoint, given to the service that the signature's scope names.
//!
//! EKS and STS so far. *Not here yet:* EC2 and IAM; until they are, nobody checks that a subnet, a security group or a
//! role exists, only that it is written like one.

pub mod account;
pub mod eks;
pub mod query;
pub mod signature;
pub mod sts;
mod unknown;

#[cfg(test)]
mod tests;

pub use account::{ACCESS_KEY, ACCOUNT, Caller, SECRET_KEY, authenticate};
pub use signature::Refusal;

use crate::server::Service;

/// Returns the services of AWS. The last one answers for all those that there are not.
pub fn services() -> Vec<Box<dyn Service>> {
    vec![Box::new(eks::Eks), Box::new(sts::Sts), Box::new(unknown::Unknown)]
}
