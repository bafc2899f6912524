//! What a provider author sees: the provider trait, the parts a provider is made of, and the conformance suite.
//!
//! A provider that runs in process lists its resource types, data sources, ephemeral resources and functions in a
//! [`Definition`]; each is one file with its schema, rules and documentation. Whatever else can act as a provider (a
//! plugin in a process of its own) implements [`Provider`] itself. The main program passes a list of [`Factory`] on.
//! *Not here:* the configuration language (providers get values, never text or spans), planning rules that hold for
//! every provider (`plan`), how providers are found and run (`host`), the plugin protocol (`wire`).

pub use {diag, schema, value};

pub mod conformance;
mod containment;
mod define;
pub mod eks_token;
mod function;
mod in_process;
mod join;
mod messages;
mod outlook;
mod parts;
mod planning;
mod problem;
mod provider;
mod runtime;
mod simulation;
mod stored;

pub use containment::{Bond, Connection, Fate, Footing, Ground};
pub use define::{attribute, block, nested};
pub use function::{FunctionParameter, FunctionProblem, FunctionSignature};
pub use in_process::Definition;
pub use messages::{
    Action, ApplyRequest, ApplyResponse, Capabilities, Change, CloseRequest, CloseResponse, ConfigureRequest,
    ConfigureResponse, Deferral, FindIntent, GenerateRequest, GenerateResponse, ImportRequest, ImportResponse,
    ImportTarget, ImportedObject, IntentOutcome, ListRequest, ListResponse, ListedObject, Lock, MoveRequest,
    MoveResponse, OpenRequest, OpenResponse, PlanRequest, PlanResponse, Private, ReadDataRequest, ReadDataResponse,
    ReadRequest, ReadResponse, RenewRequest, RenewResponse, UpgradeRequest, UpgradeResponse,
};
pub use outlook::{Charge, Costs, Course, Disruption, Item, Meaning, Outlook, OutlookStep, Prospect, Quantity, Word};
pub use parts::{Configuration, Context, DataSource, EphemeralType, Function, NoConfiguration, ResourceType};
pub use planning::{PlanRules, plan_by_schema, unknown_where_computed, without_write_only};
pub use problem::{Problem, name_some};
pub use provider::{Factory, IdentityAttribute, IdentitySchema, Provider, Schemas};
pub use runtime::{Call, NoProgress, Progress, Runtime, answer, random_uuid};
pub use simulation::Simulation;
pub use stored::read_stored;
