//! A plugin as one of the engine's providers.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use ecow::EcoString;
use schema::Schema;
use sdk::{
    ApplyRequest, ApplyResponse, Call, Capabilities, CloseRequest, CloseResponse, ConfigureRequest, ConfigureResponse,
    Deferral, FindIntent, FunctionProblem, GenerateRequest, GenerateResponse, ImportRequest, ImportResponse,
    IntentOutcome, ListRequest, ListResponse, MoveRequest, MoveResponse, OpenRequest, OpenResponse, PlanRequest,
    PlanResponse, PlanRules, Problem, Provider, ReadDataRequest, ReadDataResponse, ReadRequest, ReadResponse,
    RenewRequest, RenewResponse, Schemas, UpgradeRequest, UpgradeResponse, plan_by_schema, unknown_where_computed,
};
use value::Value;

use crate::asker::{Asker, TypeOf};
use crate::calls::{ApplyFailure, ApplyMessage};
use crate::executor::Executor;
use crate::plugin::Plugin;
use crate::process::Process;

/// Providers whose managed objects are nowhere but in state, by the ends of their addresses: what a call of theirs made
/// and nobody recorded is not there, so nothing is written down before and nothing is looked for after a crash.
const NOWHERE_ELSE: [&str; 4] = ["/hashicorp/null", "/hashicorp/random", "/hashicorp/time", "/hashicorp/tls"];

/// A plugin, with the configuration that it was given.
pub(crate) struct PluginProvider {
    plugin: Arc<Plugin>,
    executor: Arc<Executor>,
    process: Arc<OnceLock<Arc<Process>>>,
}

impl PluginProvider {
    pub(crate) fn new(plugin: Arc<Plugin>, executor: Arc<Executor>) -> PluginProvider {
        PluginProvider { plugin, executor, process: Arc::default() }
    }

    fn asker(&self) -> Asker {
        Asker { plugin: self.plugin.clone(), process: self.process.get().cloned() }
    }

    /// Returns the schema of a type, if the provider has no configuration yet.
    fn unconfigured<'a>(&self, schemas: &'a BTreeMap<EcoString, Schema>, kind: &str) -> Option<&'a Schema> {
        self.process.get().map_or_else(|| schemas.get(kind), |_| None)
    }

    /// Returns why something waits that needs the provider's configuration, or that it cannot be done without.
    fn deferred(&self, is_allowed: bool) -> (Option<Deferral>, Vec<Problem>) {
        if is_allowed {
            return (Some(Deferral::ProviderConfigUnknown), Vec::new());
        }
        let detail = format!("The provider {} has no configuration yet.", self.plugin.source);
        (None, vec![Problem::error("Provider not configured", detail)])
    }

    /// Checks something; that it cannot be checked is a problem of its own.
    fn check(&self, check: impl Future<Output = Result<Vec<Problem>, Problem>> + Send + 'static) -> Vec<Problem> {
        self.executor.wait(check).unwrap_or_else(|problem| vec![problem])
    }

    fn call<'a, T: Send + 'static>(
        &'a self,
        work: impl Future<Output = Result<T, Problem>> + Send + 'static,
        failed: impl FnOnce(Problem) -> T + Send + 'a,
    ) -> Call<'a, T> {
        let call = self.executor.call(work);
        Box::pin(async move { call.await.unwrap_or_else(failed) })
    }
}

impl Provider for PluginProvider {
    fn source(&self) -> &str {
        &self.plugin.source
    }

    fn schemas(&self) -> &Schemas {
        &self.plugin.known().schemas
    }

    fn capabilities(&self) -> Capabilities {
        self.plugin.known().capabilities
    }

    fn validate_provider(&self, config: &Value) -> Vec<Problem> {
        self.check(self.asker().validate_provider(config.clone()))
    }

    fn validate_resource(&self, kind: &str, config: &Value) -> Vec<Problem> {
        self.check(self.asker().validate(TypeOf::Resource, kind.to_owned(), config.clone()))
    }

    fn validate_data(&self, kind: &str, config: &Value) -> Vec<Problem> {
        self.check(self.asker().validate(TypeOf::DataSource, kind.to_owned(), config.clone()))
    }

    fn check_resource(&self, kind: &str, config: &Value) -> Call<'_, Vec<Problem>> {
        self.call(self.asker().validate(TypeOf::Resource, kind.to_owned(), config.clone()), |problem| vec![problem])
    }

    fn check_data(&self, kind: &str, config: &Value) -> Call<'_, Vec<Problem>> {
        self.call(self.asker().validate(TypeOf::DataSource, kind.to_owned(), config.clone()), |problem| vec![problem])
    }

    fn validate_ephemeral(&self, kind: &str, config: &Value) -> Vec<Problem> {
        self.check(self.asker().validate(TypeOf::Ephemeral, kind.to_owned(), config.clone()))
    }

    fn validate_list(&self, kind: &str, config: &Value) -> Vec<Problem> {
        self.check(self.asker().validate_list(kind.to_owned(), config.clone()))
    }

    fn call_function(&self, name: &str, args: &[Value]) -> Result<Value, FunctionProblem> {
        let result = self.executor.wait(self.asker().call_function(name.to_owned(), args.to_vec()));
        result.unwrap_or_else(|problem| Err(FunctionProblem::new(problem.detail)))
    }

    fn configure(&self, request: ConfigureRequest) -> Call<'_, ConfigureResponse> {
        let (place, work) = (self.process.clone(), self.asker().configure(request));
        let work = async move {
            let (process, response) = work.await?;
            if !response.problems.iter().any(Problem::is_error) {
                // It is configured once; a second time, the first configuration stays.
                let _ = place.set(process);
            }
            Ok(response)
        };
        self.call(work, |problem| ConfigureResponse { problems: vec![problem] })
    }

    fn upgrade(&self, request: UpgradeRequest) -> Call<'_, UpgradeResponse> {
        self.call(self.asker().upgrade(request), UpgradeResponse::failed)
    }

    fn upgrade_identity(&self, request: UpgradeRequest) -> Call<'_, UpgradeResponse> {
        self.call(self.asker().upgrade_identity(request), UpgradeResponse::failed)
    }

    fn read(&self, request: ReadRequest) -> Call<'_, ReadResponse> {
        let (asker, asked) = (self.asker(), request.clone());
        self.call(async move { asker.read(&asked).await }, |problem| ReadResponse::failed(request, problem))
    }

    fn plan(&self, request: PlanRequest) -> Call<'_, PlanResponse> {
        if let Some(schema) = self.unconfigured(&self.schemas().resources, &request.kind) {
            // Without its configuration a provider need not be able to plan, and many would break: what follows from the
            // schema is promised, and the rest waits.
            let planned = plan_by_schema(schema, PlanRules { replaces: &[], volatile: &[] }, &request);
            let (deferred, problems) = self.deferred(request.deferral_allowed);
            return sdk::answer(PlanResponse { deferred, problems, ..planned });
        }
        let (asker, asked) = (self.asker(), request.clone());
        self.call(async move { asker.plan(&asked).await }, move |problem| PlanResponse::failed(&request, problem))
    }

    fn apply<'a>(&'a self, request: ApplyRequest<'a>) -> Call<'a, ApplyResponse> {
        let message = ApplyMessage {
            kind: request.kind.to_string(),
            prior: request.prior.clone(),
            planned: request.planned.clone(),
            config: request.config.clone(),
            private: request.private.clone(),
            identity: request.identity.clone(),
            meta: request.meta.clone(),
        };
        let asker = self.asker();
        let call = self.executor.call(async move { Ok(asker.apply(message).await) });
        Box::pin(async move {
            match call.await {
                Ok(Ok(response)) => response,
                Ok(Err(ApplyFailure::NotBegun(problem))) => ApplyResponse::failed(request, problem),
                Ok(Err(ApplyFailure::Unknown(problem))) | Err(problem) => {
                    let new = Value::null(request.prior.ty());
                    ApplyResponse { problems: vec![problem], ..ApplyResponse::new(new) }
                }
            }
        })
    }

    fn import(&self, request: ImportRequest) -> Call<'_, ImportResponse> {
        if self.process.get().is_none() {
            let (deferred, problems) = self.deferred(request.deferral_allowed);
            return sdk::answer(ImportResponse { deferred, problems, ..ImportResponse::default() });
        }
        self.call(self.asker().import(request), ImportResponse::failed)
    }

    fn move_state(&self, request: MoveRequest) -> Call<'_, MoveResponse> {
        self.call(self.asker().move_state(request), MoveResponse::failed)
    }

    fn read_data(&self, request: ReadDataRequest) -> Call<'_, ReadDataResponse> {
        if let Some(schema) = self.unconfigured(&self.schemas().data_sources, &request.kind) {
            let (deferred, problems) = self.deferred(request.deferral_allowed);
            let object = unknown_where_computed(&schema.block, &request.config);
            return sdk::answer(ReadDataResponse { object, deferred, problems });
        }
        self.call(self.asker().read_data(request), ReadDataResponse::failed)
    }

    fn open(&self, request: OpenRequest) -> Call<'_, OpenResponse> {
        self.call(self.asker().open(request), OpenResponse::failed)
    }

    fn renew(&self, request: RenewRequest) -> Call<'_, RenewResponse> {
        let private = request.private.clone();
        let failed = |problem| RenewResponse { private, renew_at: None, problems: vec![problem] };
        self.call(self.asker().renew(request), failed)
    }

    fn close(&self, request: CloseRequest) -> Call<'_, CloseResponse> {
        self.call(self.asker().close(request), |problem| CloseResponse { problems: vec![problem] })
    }

    fn list(&self, request: ListRequest) -> Call<'_, ListResponse> {
        self.call(self.asker().list(request), ListResponse::failed)
    }

    fn generate(&self, request: GenerateRequest) -> Call<'_, GenerateResponse> {
        let failed = |problem| GenerateResponse { config: Value::NULL, problems: vec![problem] };
        self.call(self.asker().generate(request), failed)
    }

    fn stop(&self) -> Call<'_, ()> {
        let Some(process) = self.process.get().cloned() else { return sdk::answer(()) };
        let work = async move {
            process.stop().await;
            Ok(())
        };
        self.call(work, |_| ())
    }

    fn exists_outside(&self, _kind: &str) -> bool {
        !NOWHERE_ELSE.iter().any(|end| self.plugin.source.ends_with(end))
    }

    fn find_intent(&self, intent: FindIntent) -> Call<'_, IntentOutcome> {
        let asker = self.asker();
        let work = async move { asker.find_intent(&intent).await };
        self.call(work, |problem| IntentOutcome::Unknown(vec![problem]))
    }
}
