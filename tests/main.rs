//! All integration tests, as one program: one link step and one process.

mod cli;
mod completion;
