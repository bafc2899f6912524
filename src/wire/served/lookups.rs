//! What is not managed: data sources and functions.

use sdk::{FunctionProblem, ReadDataRequest};
use value::{Type, Value};

use super::{Served, or_problem, read, write};
use crate::dynamic::{pack, unpack};
use crate::messages::{
    CallFunctionRequest, CallFunctionResponse, DynamicValue, FunctionError, ReadDataSourceRequest,
    ReadDataSourceResponse,
};
use crate::problems::{pack_deferral, pack_problems};

impl Served {
    pub(super) async fn read_data(&self, asked: ReadDataSourceRequest) -> ReadDataSourceResponse {
        let done = async {
            let ty = self.data_source_type(&asked.type_name)?;
            let request = ReadDataRequest {
                config: read(asked.config.as_ref(), ty, "configuration")?,
                meta: self.meta(asked.provider_meta.as_ref())?,
                deferral_allowed: asked.client_capabilities.is_some_and(|client| client.deferral_allowed),
                kind: asked.type_name.into(),
            };
            let response = self.provider.read_data(request).await;
            Ok(ReadDataSourceResponse {
                state: write(&response.object, ty, "object")?,
                diagnostics: pack_problems(&response.problems),
                deferred: pack_deferral(response.deferred),
            })
        };
        or_problem(done.await, |diagnostics| ReadDataSourceResponse { diagnostics, ..Default::default() })
    }

    pub(super) fn call_function(&self, asked: CallFunctionRequest) -> CallFunctionResponse {
        match self.called(&asked.name, &asked.arguments) {
            Ok(result) => CallFunctionResponse { result: Some(result), error: None },
            Err(problem) => {
                let function_argument = problem.argument.and_then(|index| i64::try_from(index).ok());
                let error = FunctionError { text: problem.message, function_argument };
                CallFunctionResponse { result: None, error: Some(error) }
            }
        }
    }

    fn called(&self, name: &str, arguments: &[DynamicValue]) -> Result<DynamicValue, FunctionProblem> {
        let Some(signature) = self.provider.schemas().functions.get(name) else {
            return Err(FunctionProblem::new(format!("the provider has no function {name}")));
        };
        let argument = |(index, packed)| {
            let ty = signature.parameter(index).map_or(&Type::Dynamic, |parameter| &parameter.ty);
            unpack(Some(packed), ty).map_err(|error| FunctionProblem::argument(index, error.message))
        };
        let arguments: Vec<Value> = arguments.iter().enumerate().map(argument).collect::<Result<_, _>>()?;
        let result = signature.call(arguments, |arguments| self.provider.call_function(name, arguments))?;
        pack(&result, &signature.return_type).map_err(|error| FunctionProblem::new(error.message))
    }
}
