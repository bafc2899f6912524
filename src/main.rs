//! Gantry: one spec for Kubernetes clusters and the data platform on top of them.

use std::process::ExitCode;
use std::thread;

/// Deeply nested text is walked recursively. The memory is reserved only: a page of it costs something when it is used.
const STACK_BYTES: usize = 512 << 20;

/// The providers that are part of the program.
const PROVIDERS: &[sdk::Factory] =
    &[aws::provider, fake::provider, kind::provider, kubernetes::provider, || terraform::provider(cli::decode_tfvars)];

fn main() -> ExitCode {
    let work = thread::Builder::new().name("main".to_owned()).stack_size(STACK_BYTES).spawn(|| cli::main(PROVIDERS));
    let exit = match work.map(thread::JoinHandle::join) {
        Ok(Ok(exit)) => exit,
        // The panic has been reported; 101 is what Rust programs end with after one.
        Ok(Err(_)) => return ExitCode::from(101),
        // No room for such a stack (a small address space): the usual one serves all but absurd input.
        Err(_) => cli::main(PROVIDERS),
    };
    ExitCode::from(exit.0)
}
