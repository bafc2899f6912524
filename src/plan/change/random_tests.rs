//! Random properties.
