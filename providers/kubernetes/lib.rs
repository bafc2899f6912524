//! The provider of what is in a Kubernetes cluster: any object, by server-side apply.
//!
//! *Not here:* where a cluster comes from; the connection is the configuration's, and nothing ambient is looked at.
