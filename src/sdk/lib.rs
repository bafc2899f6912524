//! What a provider author sees: the provider trait, the parts a provider is made of, and the conformance suite.
//!
//! A provider that runs in process lists its resource types, data sources, ephemeral resources and functions in a
//! [`Definition`]; each is one file with its schema, rules and documentation. Whatever else can act as a provider (a
//! plugin in a process of its own) implements [`Provider`] itself. The main program passes a list of [`Factory`] on.
//! *Not here:* the configuration language (providers get values, never text or spans), planning rules that hold for
//! every provider (`plan`), how providers are found and run (`host`), the plugin protocol (`wire`).

pub use {diag, schema, value};

pub mod conformance;
mod define;
mod function;
mod in_process;
mod problem;
mod provider;

pub use define::{attribute, block, nested};
pub use function::{FunctionParameter, FunctionProblem, FunctionSignature};
pub use in_process::{Configuration, DataSource, Definition, EphemeralType, Function, NoConfiguration, ResourceType};
pub use problem::Problem;
pub use provider::{Factory, Provider, Schemas};
