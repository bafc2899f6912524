//! All integration tests, as one program: one link step and one process.

mod cli;
mod completion;
mod destroy;
mod examples;
mod install;
mod interrupt;
mod kind;
mod kubernetes;
mod modules;
mod platforms;
mod program;
mod providers;
mod reference;
mod regressions;
mod report;
mod resume;
mod sandbox;
mod saved_plans;
mod secrets;
mod serve;
mod terraform;
mod tidy;
mod vertical;
