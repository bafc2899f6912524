//! What is to be done: the desired objects compared with the prior ones.
//!
//! *Not here:* what configurations mean (`lang`), calls of providers, anything that changes the world (`apply`).

pub mod change;
