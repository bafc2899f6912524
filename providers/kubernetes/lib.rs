//! The provider of what is in a Kubernetes cluster: any object, by server-side apply.
