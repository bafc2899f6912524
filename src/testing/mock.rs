//! A provider that makes everything up: it has the schemas and the checks of a real one, and calls nobody.

use std::sync::Arc;

use schema::Schema;
use sdk::{
    ApplyRequest, ApplyResponse, Call, Capabilities, CloseRequest, CloseResponse, ConfigureRequest, ConfigureResponse,
    FindIntent, FunctionProblem, ImportRequest, ImportResponse, ImportedObject, IntentOutcome, ListRequest,
    ListResponse, MoveRequest, MoveResponse, OpenRequest, OpenResponse, PlanRequest, PlanResponse, Problem, Provider,
    ReadDataRequest, ReadDataResponse, ReadRequest, ReadResponse, RenewRequest, RenewResponse, Schemas, UpgradeRequest,
    UpgradeResponse, answer,
};
use value::Value;

use crate::made_up::{Gap, Maker};

/// What is made up of the objects of one resource, or of one instance.
#[derive(Clone, Default)]
pub(crate) struct Invention {
    /// The values that a test gives.
    pub(crate) values: Option<Value>,
    /// They are there while planning already.
    pub(crate) while_planning: bool,
    /// What gives them, for messages: `the override of a.b`.
    pub(crate) origin: String,
    /// An object can be taken over by an import.
    pub(crate) can_be_imported: bool,
}

/// A provider that makes up the objects of one resource instance.
pub(crate) struct Mock {
    pub(crate) real: Arc<dyn Provider>,
    pub(crate) seed: u64,
    pub(crate) invention: Invention,
}

impl Mock {
    fn fill(&self, schema: Option<&Schema>, object: &Value, gap: Gap) -> (Value, Vec<Problem>) {
        let Some(schema) = schema else { return (object.clone(), Vec::new()) };
        let mut maker = Maker { seed: self.seed, given: self.invention.values.as_ref(), gap, problems: Vec::new() };
        let filled = maker.fill(&schema.block, object);
        let problems = maker.problems.into_iter().map(|(path, reason)| {
            let detail = format!(
                "{} has a value for the attribute {path:?} that does not fit: {reason}.",
                self.invention.origin
            );
            Problem::error("Failed to compute attribute", detail)
        });
        (filled, problems.collect())
    }

    fn gap(&self) -> Gap {
        if self.invention.while_planning { Gap::Unset } else { Gap::Open }
    }
}

impl Provider for Mock {
    fn source(&self) -> &str {
        self.real.source()
    }

    fn schemas(&self) -> &Schemas {
        self.real.schemas()
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::default()
    }

    fn validate_provider(&self, _: &Value) -> Vec<Problem> {
        Vec::new()
    }

    fn validate_resource(&self, kind: &str, config: &Value) -> Vec<Problem> {
        self.real.validate_resource(kind, config)
    }

    fn validate_data(&self, kind: &str, config: &Value) -> Vec<Problem> {
        self.real.validate_data(kind, config)
    }

    fn validate_ephemeral(&self, kind: &str, config: &Value) -> Vec<Problem> {
        self.real.validate_ephemeral(kind, config)
    }

    fn call_function(&self, name: &str, args: &[Value]) -> Result<Value, FunctionProblem> {
        self.real.call_function(name, args)
    }

    fn configure(&self, _: ConfigureRequest) -> Call<'_, ConfigureResponse> {
        answer(ConfigureResponse::default())
    }

    fn upgrade(&self, request: UpgradeRequest) -> Call<'_, UpgradeResponse> {
        self.real.upgrade(request)
    }

    fn upgrade_identity(&self, request: UpgradeRequest) -> Call<'_, UpgradeResponse> {
        self.real.upgrade_identity(request)
    }

    fn read(&self, request: ReadRequest) -> Call<'_, ReadResponse> {
        let ReadRequest { current, private, identity, .. } = request;
        answer(ReadResponse { object: current, private, identity, deferred: None, problems: Vec::new() })
    }

    fn plan(&self, request: PlanRequest) -> Call<'_, PlanResponse> {
        let (planned, problems) = match request.prior.is_null() {
            _ if request.proposed.is_null() => (request.proposed, Vec::new()),
            true => self.fill(self.schemas().resources.get(&request.kind), &request.proposed, self.gap()),
            false => (request.proposed, Vec::new()),
        };
        answer(PlanResponse { problems, ..PlanResponse::new(planned) })
    }

    fn apply<'a>(&'a self, request: ApplyRequest<'a>) -> Call<'a, ApplyResponse> {
        let schema = self.schemas().resources.get(&request.kind);
        let (new, problems) = self.fill(schema, &request.planned, Gap::Unknown);
        answer(ApplyResponse { problems, ..ApplyResponse::new(new) })
    }

    fn import(&self, request: ImportRequest) -> Call<'_, ImportResponse> {
        let schema = self.schemas().resources.get(&request.kind);
        let Some(schema) = schema.filter(|_| self.invention.can_be_imported) else {
            let detail = "A provider that makes everything up has nothing that could be imported. Say what is found with \
                          an override_resource block for the instance.";
            let problems = vec![Problem::error("Invalid import request", detail)];
            return answer(ImportResponse { problems, ..ImportResponse::default() });
        };
        let (object, problems) = self.fill(Some(schema), &null_object(schema), Gap::Unset);
        let found = ImportedObject { kind: request.kind, object, private: Vec::new(), identity: None };
        answer(ImportResponse { objects: vec![found], deferred: None, problems })
    }

    fn move_state(&self, request: MoveRequest) -> Call<'_, MoveResponse> {
        self.real.move_state(request)
    }

    fn read_data(&self, request: ReadDataRequest) -> Call<'_, ReadDataResponse> {
        let schema = self.schemas().data_sources.get(&request.kind);
        let (object, problems) = self.fill(schema, &request.config, Gap::Unset);
        answer(ReadDataResponse { object, deferred: None, problems })
    }

    fn open(&self, request: OpenRequest) -> Call<'_, OpenResponse> {
        let schema = self.schemas().ephemerals.get(&request.kind);
        let (result, problems) = self.fill(schema, &request.config, Gap::Unset);
        answer(OpenResponse { result, private: Vec::new(), renew_at: None, deferred: None, problems })
    }

    fn renew(&self, request: RenewRequest) -> Call<'_, RenewResponse> {
        answer(RenewResponse { private: request.private, ..RenewResponse::default() })
    }

    fn close(&self, _: CloseRequest) -> Call<'_, CloseResponse> {
        answer(CloseResponse::default())
    }

    fn list(&self, _: ListRequest) -> Call<'_, ListResponse> {
        answer(ListResponse::default())
    }

    fn stop(&self) -> Call<'_, ()> {
        answer(())
    }

    fn exists_outside(&self, _: &str) -> bool {
        false
    }

    fn find_intent(&self, _: FindIntent) -> Call<'_, IntentOutcome> {
        answer(IntentOutcome::absent())
    }
}

/// Returns an object none of whose attributes is set.
fn null_object(schema: &Schema) -> Value {
    let attributes = schema.block.attributes.iter().map(|a| (a.name.clone(), Value::null(a.ty())));
    let blocks = schema.block.blocks.iter().map(|b| (b.name.clone(), Value::null(b.ty())));
    Value::object(attributes.chain(blocks))
}
