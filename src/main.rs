//! Gantry: one spec for Kubernetes clusters and the data platform on top of them.

fn main() {}
