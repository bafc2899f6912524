//! The provider of AWS: clusters and what they need, through the SDK.
//!
//! *Not here:* anything of the sandbox: the SDK is pointed at it by its environment, as any other client.
