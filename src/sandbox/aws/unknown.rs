//! Answers requests that are signed for a service of AWS which the sandbox does not have.

use std::sync::Arc;

use serde_json::json;

use super::signature::Signature;
use crate::frame::Frame;
use crate::server::{Call, Request, Response, Service};

/// All services that there are not.
pub struct Unknown;

impl Service for Unknown {
    fn name(&self) -> &'static str {
        "aws"
    }

    fn accepts(&self, request: &Request) -> bool {
        Signature::read(request).is_ok()
    }

    fn operation(&self, request: &Request) -> String {
        Signature::read(request).map_or_else(|_| "unknown".to_owned(), |signature| signature.service)
    }

    fn answer<'a>(&'a self, _frame: &'a Arc<Frame>, request: Request, _is_stuck: bool) -> Call<'a, Response> {
        Box::pin(async move {
            let message = format!("The sandbox does not emulate the service {}.", self.operation(&request));
            self.fail(&request, "UnknownOperationException", 501, &message)
        })
    }

    fn fail(&self, _request: &Request, code: &str, status: u16, message: &str) -> Response {
        let body = json!({"__type": code, "message": message}).to_string();
        let mut response = Response::new(status, "application/json", body);
        response.error = Some(code.to_owned());
        response
    }
}
