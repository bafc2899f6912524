//! The provider of AWS: clusters and what they need, through the SDK.
