//! A provider that is a program: what it has, and the processes that run it.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ecow::EcoString;
use sdk::{Capabilities, Problem, Schemas};
use tokio::sync::OnceCell;
use value::Type;
use wire::messages::{Empty, GetProviderSchemaResponse, GetResourceIdentitySchemasResponse};
use wire::problems::unpack_problems;
use wire::schemas::{unpack_capabilities, unpack_identities, unpack_schemas};
use wire::v5::GetSchemaResponse;

use crate::cache::{Cache, Description};
use crate::handshake::Endpoint;
use crate::log::Log;
use crate::process::{Failure, Process, Surroundings};
use wire::protocol::{Rpc, Version};

/// How to get at a plugin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// Starting this program.
    Program(PathBuf),
    /// It runs already, and listens there.
    Running(Version, Endpoint),
}

/// A provider that is a program, or runs as one already.
pub(crate) struct Plugin {
    /// Its source address.
    pub(crate) source: String,
    origin: Origin,
    log: Arc<Log>,
    around: Arc<Surroundings>,
    known: std::sync::OnceLock<Known>,
    /// The process that was started first. It serves what needs no configuration, and one configuration besides.
    first: OnceCell<Result<Arc<Process>, Problem>>,
    is_first_taken: AtomicBool,
    /// Processes by the configuration that they have.
    configured: Mutex<HashMap<Vec<u8>, Arc<Configured>>>,
    started: Mutex<Vec<Arc<Process>>>,
}

/// A process with a configuration, or why there is none.
pub(crate) type Configured = OnceCell<Result<Arc<Process>, Vec<Problem>>>;

/// What a plugin has.
pub(crate) struct Known {
    pub(crate) schemas: Schemas,
    pub(crate) capabilities: Capabilities,
    /// A process need not be asked for it before its first other call.
    is_schema_optional: bool,
    /// The type of its configuration.
    pub(crate) provider: Type,
    /// Types of objects, by resource type.
    pub(crate) resources: HashMap<EcoString, Type>,
    pub(crate) data_sources: HashMap<EcoString, Type>,
    pub(crate) ephemerals: HashMap<EcoString, Type>,
    /// Types of identities, by resource type.
    pub(crate) identities: HashMap<EcoString, Type>,
}

impl Plugin {
    pub(crate) fn new(source: String, origin: Origin, log: Arc<Log>, around: Arc<Surroundings>) -> Plugin {
        Plugin {
            source,
            origin,
            log,
            around,
            known: std::sync::OnceLock::new(),
            first: OnceCell::new(),
            is_first_taken: AtomicBool::new(false),
            configured: Mutex::default(),
            started: Mutex::default(),
        }
    }

    /// Returns what it has; [`Plugin::load`] has found that out.
    pub(crate) fn known(&self) -> &Known {
        static NOTHING: std::sync::LazyLock<Known> = std::sync::LazyLock::new(Known::default);
        self.known.get().unwrap_or(&NOTHING)
    }

    /// Finds out what it has, from the cache or from a process.
    pub(crate) async fn load(self: Arc<Plugin>, cache: Arc<Cache>) -> Result<(), Problem> {
        let kept = match &self.origin {
            Origin::Program(program) => cache.read(program),
            Origin::Running(..) => None,
        };
        if let Some(known) = kept.and_then(|kept| Known::of(kept).ok()) {
            let _ = self.known.set(known);
            return Ok(());
        }
        let process = self.any().await?;
        let description = describe(&process).await?;
        if let Origin::Program(program) = &self.origin {
            cache.write(program, &description);
        }
        let known = Known::of(description).map_err(|what| {
            let detail = format!("The schema of the provider {} cannot be read: {what}.", self.source);
            Problem::error("Provider has an invalid schema", detail)
        })?;
        let _ = self.known.set(known);
        Ok(())
    }

    /// Returns a process for what needs no configuration.
    pub(crate) async fn any(&self) -> Result<Arc<Process>, Problem> {
        self.first.get_or_init(|| self.start()).await.clone()
    }

    /// Returns the place of the process for a configuration.
    pub(crate) fn place(&self, configuration: Vec<u8>) -> Arc<Configured> {
        lock(&self.configured).entry(configuration).or_default().clone()
    }

    /// Returns a process that has no configuration yet.
    pub(crate) async fn unconfigured(&self) -> Result<Arc<Process>, Problem> {
        let is_shared = matches!(self.origin, Origin::Running(..));
        if is_shared || !self.is_first_taken.swap(true, Ordering::Relaxed) {
            self.any().await
        } else {
            self.start().await
        }
    }

    async fn start(&self) -> Result<Arc<Process>, Problem> {
        let process = match &self.origin {
            Origin::Program(program) => Process::start(program, &self.source, self.log.clone(), &self.around).await,
            Origin::Running(version, endpoint) => {
                Process::attach((*version, endpoint), &self.source, self.log.clone(), &self.around).await
            }
        };
        let process = Arc::new(process?);
        lock(&self.started).push(process.clone());
        if self.known.get().is_some_and(|known| !known.is_schema_optional) {
            describe(&process).await?;
        }
        Ok(process)
    }

    /// Returns the processes that were started.
    pub(crate) fn started(&self) -> Vec<Arc<Process>> {
        lock(&self.started).clone()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Asks a process what it has.
async fn describe(process: &Process) -> Result<Description, Problem> {
    let limit = Some(process.limits.schema);
    let schema: GetProviderSchemaResponse = match process.version {
        Version::V6 => process.call(Rpc::GetProviderSchema, Empty {}, limit).await.map_err(Failure::problem)?,
        Version::V5 => {
            let old: GetSchemaResponse =
                process.call(Rpc::GetProviderSchema, Empty {}, limit).await.map_err(Failure::problem)?;
            old.into()
        }
    };
    if let Some(problem) = unpack_problems(schema.diagnostics.clone()).into_iter().find(Problem::is_error) {
        return Err(problem);
    }
    let identities: GetResourceIdentitySchemasResponse =
        match process.call(Rpc::GetResourceIdentitySchemas, Empty {}, limit).await {
            Ok(identities) => identities,
            // Older providers know nothing of identities; some answer with an error instead of that they know no such call.
            Err(Failure::Unimplemented(_) | Failure::Failed(_)) => GetResourceIdentitySchemasResponse::default(),
            Err(failure) => return Err(failure.problem()),
        };
    Ok(Description { schema: Some(schema), identities: Some(identities), digest: Vec::new() })
}

impl Known {
    fn of(description: Description) -> Result<Known, String> {
        let schema = description.schema.unwrap_or_default();
        let capabilities = unpack_capabilities(schema.server_capabilities.as_ref());
        let is_schema_optional =
            schema.server_capabilities.as_ref().is_some_and(|server| server.get_provider_schema_optional);
        let mut schemas = unpack_schemas(schema)?;
        schemas.identities = unpack_identities(description.identities.unwrap_or_default().identity_schemas)?;
        let types = |all: &std::collections::BTreeMap<EcoString, schema::Schema>| {
            all.iter().map(|(name, schema)| (name.clone(), schema.block.ty())).collect()
        };
        Ok(Known {
            capabilities,
            is_schema_optional,
            provider: schemas.provider.block.ty(),
            resources: types(&schemas.resources),
            data_sources: types(&schemas.data_sources),
            ephemerals: types(&schemas.ephemerals),
            identities: schemas.identities.iter().map(|(name, schema)| (name.clone(), schema.ty())).collect(),
            schemas,
        })
    }
}

impl Default for Known {
    fn default() -> Known {
        Known {
            schemas: Schemas::default(),
            capabilities: Capabilities::default(),
            is_schema_optional: false,
            provider: schema::Block::default().ty(),
            resources: HashMap::new(),
            data_sources: HashMap::new(),
            ephemerals: HashMap::new(),
            identities: HashMap::new(),
        }
    }
}
