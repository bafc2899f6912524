//! Functions.

use sdk::{FunctionProblem, Problem};
use value::Value;
use wire::messages::{CallFunctionRequest, CallFunctionResponse};

use crate::asker::{Asker, Limit};
use crate::process::Failure;
use wire::protocol::Rpc;

impl Asker {
    /// Calls a function with arguments that its signature allows.
    pub(crate) async fn call_function(
        self,
        name: String,
        args: Vec<Value>,
    ) -> Result<Result<Value, FunctionProblem>, Problem> {
        let Some(signature) = self.known().schemas.functions.get(name.as_str()) else {
            return Ok(Err(FunctionProblem::new("its provider has no such function")));
        };
        let mut arguments = Vec::new();
        for (index, arg) in args.iter().enumerate() {
            let Some(parameter) = signature.parameter(index) else { break };
            arguments.extend(self.pack(arg, &parameter.ty)?);
        }
        let request = CallFunctionRequest { name: name.clone(), arguments };
        let response: CallFunctionResponse =
            self.call(Rpc::CallFunction, request, Limit::Computing).await.map_err(Failure::problem)?;
        if let Some(error) = response.error {
            let argument = error.function_argument.and_then(|argument| usize::try_from(argument).ok());
            return Ok(Err(FunctionProblem { argument, message: error.text }));
        }
        Ok(Ok(self.unpack(response.result.as_ref(), &signature.return_type)?))
    }
}
