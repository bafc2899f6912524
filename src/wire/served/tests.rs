//! Tests of a served provider by a client that knows nothing but the protocol.

use std::future::Future;
use std::sync::Arc;

use tokio::io::duplex;
use tokio::sync::{mpsc, watch};
use value::{Type, Value};

use super::Served;
use crate::dynamic::{pack, pack_identity, unpack, unpack_identity};
use crate::grpc::{Channel, Code, Status, serve_connection};
use crate::messages::*;
use crate::problems::unpack_problems;
use crate::protocol::{Rpc, Version};
use crate::schemas::{unpack_capabilities, unpack_identities, unpack_schemas};
use crate::testing::{provider, runtime, thing, thing_type};

fn path(rpc: Rpc) -> &'static str {
    rpc.path(Version::V6)
}

/// Runs a test with a client of the provider, configured or not.
fn check<F: Future<Output = ()>>(is_configured: bool, test: impl FnOnce(Channel) -> F) {
    let work = async {
        let (one, other) = duplex(1 << 16);
        let (_ending, ends) = watch::channel(false);
        let served = Arc::new(Served::new(provider(), runtime()));
        tokio::spawn(serve_connection(other, served, ends, mpsc::channel(1).0));
        let (channel, connection) = Channel::open(one).await.unwrap();
        tokio::spawn(connection);
        if is_configured {
            assert_eq!(configure(&channel).await, [] as [String; 0]);
        }
        test(channel).await;
    };
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work);
}

async fn configure(channel: &Channel) -> Vec<String> {
    let config =
        Some(pack(&Value::object(Vec::<(&str, Value)>::new()), &Type::object(Vec::<(&str, Type)>::new())).unwrap());
    let request = ConfigureProviderRequest { terraform_version: "1.11.4".into(), config, client_capabilities: None };
    let answer: DiagnosticsResponse = channel.call(path(Rpc::ConfigureProvider), &request).await.unwrap();
    shown(answer.diagnostics)
}

fn shown(diagnostics: Vec<Diagnostic>) -> Vec<String> {
    let problems = unpack_problems(diagnostics);
    problems.iter().map(|problem| format!("{}{}: {}", problem.summary, problem.attribute, problem.detail)).collect()
}

fn packed(value: &Value) -> Option<DynamicValue> {
    Some(pack(value, &thing_type()).unwrap())
}

fn create(name: &str) -> ApplyResourceChangeRequest {
    let unknown = thing(Value::unknown(Type::String), name);
    ApplyResourceChangeRequest {
        type_name: "x_thing".into(),
        prior_state: packed(&Value::null(thing_type())),
        planned_state: packed(&unknown),
        config: packed(&thing(Value::null(Type::String), name)),
        ..Default::default()
    }
}

#[test]
fn schemas_arrive_as_they_are() {
    check(false, async |channel| {
        let answer: GetProviderSchemaResponse = channel.call(path(Rpc::GetProviderSchema), &Empty {}).await.unwrap();
        let capabilities = unpack_capabilities(answer.server_capabilities.as_ref());
        let mut schemas = unpack_schemas(answer).unwrap();
        let request = channel.call(path(Rpc::GetResourceIdentitySchemas), &Empty {});
        let identities: GetResourceIdentitySchemasResponse = request.await.unwrap();
        schemas.identities = unpack_identities(identities.identity_schemas).unwrap();
        assert_eq!((schemas, capabilities), (provider().schemas().clone(), provider().capabilities()));
        let metadata: GetMetadataResponse = channel.call(path(Rpc::GetMetadata), &Empty {}).await.unwrap();
        assert_eq!(metadata.resources, [Named { name: "x_thing".into() }]);
        let functions: GetFunctionsResponse = channel.call(path(Rpc::GetFunctions), &Empty {}).await.unwrap();
        assert_eq!(functions.functions.keys().collect::<Vec<_>>(), ["half"]);
    });
}

#[test]
fn problems_are_in_the_answer() {
    check(false, async |channel| {
        let validate = async |kind: &str, config| {
            let request = ValidateConfigRequest { type_name: kind.into(), config, client_capabilities: None };
            let answer = channel.call::<DiagnosticsResponse>(path(Rpc::ValidateResourceConfig), &request).await;
            shown(answer.unwrap().diagnostics)
        };
        let config = |name| packed(&thing(Value::null(Type::String), name));
        assert_eq!(validate("x_thing", config("good")).await, [] as [&str; 0]);
        assert_eq!(validate("x_thing", config("bad")).await, ["Bad name.name: It must not be bad."]);
        let nothing = ["Unknown resource type: The provider has no `x_other`."];
        assert_eq!(validate("x_other", config("good")).await, nothing);
        let broken = Some(DynamicValue { msgpack: vec![0x81, 0xa1, b'x', 0xc0].into(), ..Default::default() });
        let unreadable = "Value not readable: The configuration that was sent to the provider is not of the type in its schema: \
                          an object of 3 attributes is required, not of 1.";
        assert_eq!(validate("x_thing", broken).await, [unreadable]);
    });
}

#[test]
fn a_provider_is_configured_once() {
    check(true, async |channel| {
        assert!(configure(&channel).await[0].starts_with("Provider already configured"));
    });
}

#[test]
fn an_object_is_planned_created_and_read() {
    check(true, async |channel| {
        let config = packed(&thing(Value::null(Type::String), "a"));
        let plan = PlanResourceChangeRequest {
            type_name: "x_thing".into(),
            prior_state: packed(&Value::null(thing_type())),
            proposed_new_state: config.clone(),
            config,
            ..Default::default()
        };
        let planned: PlanResourceChangeResponse = channel.call(path(Rpc::PlanResourceChange), &plan).await.unwrap();
        let object = unpack(planned.planned_state.as_ref(), &thing_type()).unwrap();
        assert_eq!(object, thing(Value::unknown(Type::String), "a"));
        let made: ApplyResourceChangeResponse =
            channel.call(path(Rpc::ApplyResourceChange), &create("a")).await.unwrap();
        assert_eq!(unpack(made.new_state.as_ref(), &thing_type()).unwrap(), thing("1".into(), "a"));
        let identity = Type::object([("id", Type::String)]);
        let found = unpack_identity(made.new_identity.as_ref(), &identity).unwrap();
        assert_eq!(found, Some(Value::object([("id", "1")].map(|(name, id)| (name, Value::from(id))))));
        let read = ReadResourceRequest {
            type_name: "x_thing".into(),
            current_state: made.new_state.clone(),
            private: vec![1, 2],
            current_identity: Some(pack_identity(&found.unwrap(), &identity).unwrap()),
            ..Default::default()
        };
        let read: ReadResourceResponse = channel.call(path(Rpc::ReadResource), &read).await.unwrap();
        assert!(read.new_state == made.new_state && read.private == [1, 2] && read.new_identity == made.new_identity);
    });
}

#[test]
fn what_was_made_is_recorded_even_if_it_cannot_be_written() {
    check(true, async |channel| {
        let answer: ApplyResourceChangeResponse =
            channel.call(path(Rpc::ApplyResourceChange), &create("wrong")).await.unwrap();
        let recorded = unpack(answer.new_state.as_ref(), &thing_type()).unwrap();
        assert_eq!(recorded, thing(Value::null(Type::String), "wrong"));
        let expected = "Value of another type: The object that the provider returned is not of the type in its schema at \
                        `.size`: a number is required. This is a bug in the provider.";
        assert_eq!(shown(answer.diagnostics), [expected]);
    });
}

#[test]
fn what_was_made_without_an_answer_is_looked_for() {
    check(true, async |channel| {
        let answer: ApplyResourceChangeResponse =
            channel.call(path(Rpc::ApplyResourceChange), &create("lost")).await.unwrap();
        assert_eq!(unpack(answer.new_state.as_ref(), &thing_type()).unwrap(), thing("h-7".into(), "lost"));
        assert_eq!((answer.private, answer.new_identity.is_some()), (vec![7], true));
        assert_eq!(shown(answer.diagnostics), ["Answer lost: It may be there."]);
    });
}

#[test]
fn an_apply_that_cannot_begin_leaves_the_object_as_it_was() {
    check(true, async |channel| {
        let prior_state = packed(&thing("1".into(), "a"));
        let request = ApplyResourceChangeRequest {
            planned_state: Some(DynamicValue { msgpack: vec![0xc1].into(), ..Default::default() }),
            prior_state: prior_state.clone(),
            planned_private: vec![9],
            ..create("a")
        };
        let answer: ApplyResourceChangeResponse = channel.call(path(Rpc::ApplyResourceChange), &request).await.unwrap();
        assert!(answer.new_state == prior_state && answer.private == [9]);
        assert_eq!(answer.diagnostics.len(), 1);
    });
}

#[test]
fn a_provider_that_panics_fails_the_call() {
    check(true, async |channel| {
        let answer =
            channel.call::<ApplyResourceChangeResponse>(path(Rpc::ApplyResourceChange), &create("panic")).await;
        assert_eq!(answer.map(|_| ()).unwrap_err().code, Code::Internal);
        let answer = channel.call::<ApplyResourceChangeResponse>(path(Rpc::ApplyResourceChange), &create("a")).await;
        assert!(answer.is_ok());
    });
}

#[test]
fn stored_objects_of_other_times_are_refused_with_a_reason() {
    check(false, async |channel| {
        let upgrade = async |version, raw_state| {
            let request =
                UpgradeResourceStateRequest { type_name: "x_thing".into(), version, raw_state: Some(raw_state) };
            let answer: UpgradeResourceStateResponse =
                channel.call(path(Rpc::UpgradeResourceState), &request).await.unwrap();
            (unpack(answer.upgraded_state.as_ref(), &thing_type()).unwrap(), shown(answer.diagnostics))
        };
        let json = |text: &str| RawState { json: text.into(), ..Default::default() };
        let stored = upgrade(2, json(r#"{"id":"1","name":"a","size":null,"gone":1}"#)).await;
        assert_eq!(stored, (thing("1".into(), "a"), vec![]));
        let newer = upgrade(3, json("{}")).await;
        assert!(newer.0.is_null() && newer.1[0].contains("is of version 3"), "{newer:?}");
        let old = RawState { flatmap: [("id".to_owned(), "1".to_owned())].into(), ..Default::default() };
        assert!(upgrade(2, old).await.1[0].contains("before version 0.12"));
        assert!(upgrade(2, json("{")).await.1[0].contains("not readable as JSON"));
    });
}

#[test]
fn functions_are_called_without_configuration() {
    check(false, async |channel| {
        let call = async |name: &str, argument: Value| {
            let arguments = vec![pack(&argument, &Type::Number).unwrap()];
            let request = CallFunctionRequest { name: name.into(), arguments };
            let answer: CallFunctionResponse = channel.call(path(Rpc::CallFunction), &request).await.unwrap();
            let result = unpack(answer.result.as_ref(), &Type::Number).unwrap();
            (result, answer.error.map(|error| (error.text, error.function_argument)))
        };
        assert_eq!(call("half", Value::number(8)).await, (Value::number(4), None));
        let unknown = Value::unknown(Type::Number);
        assert_eq!(call("half", unknown.clone()).await, (unknown, None));
        assert_eq!(call("half", Value::number(3)).await.1, Some(("it must be even".into(), Some(0))));
        assert_eq!(call("third", Value::number(3)).await.1, Some(("the provider has no function third".into(), None)));
    });
}

#[test]
fn a_list_ends_where_the_host_wants_it_to() {
    check(true, async |channel| {
        let config =
            Some(pack(&Value::object(Vec::<(&str, Value)>::new()), &Type::object(Vec::<(&str, Type)>::new())).unwrap());
        let request =
            ListResourceRequest { type_name: "x_thing".into(), config, include_resource_object: true, limit: 5 };
        let mut events = channel.stream::<ListResourceEvent>(path(Rpc::ListResource), &request).await.unwrap();
        let mut names = Vec::new();
        while let Some(event) = events.next().await.unwrap() {
            assert!(event.resource_object.is_some() && event.identity.is_some());
            names.push(event.display_name);
        }
        assert_eq!(names, ["thing 0", "thing 1", "thing 2", "thing 3", "thing 4"]);
        let other = ListResourceRequest { type_name: "x_other".into(), ..Default::default() };
        let mut events = channel.stream::<ListResourceEvent>(path(Rpc::ListResource), &other).await.unwrap();
        let event = events.next().await.unwrap().unwrap();
        assert_eq!(shown(event.diagnostic), ["Unknown list: The provider has no `x_other`."]);
        assert!(events.next().await.unwrap().is_none());
    });
}

#[test]
fn what_no_provider_of_ours_has_is_not_implemented() {
    check(false, async |channel| {
        for name in ["PlanAction", "ReadStateBytes", "Nonsense"] {
            let answer = channel.call::<Empty>(&format!("/tfplugin6.Provider/{name}"), &Empty {}).await;
            let expected = Status::new(Code::Unimplemented, format!("there is no call /tfplugin6.Provider/{name}"));
            assert_eq!(answer.unwrap_err(), expected);
        }
    });
}

#[test]
fn a_provider_that_writes_no_configuration_says_so() {
    check(true, async |channel| {
        let state = packed(&thing(Value::string("1"), "a"));
        let request = GenerateResourceConfigRequest { type_name: "x_thing".into(), state };
        let answer = channel.call(path(Rpc::GenerateResourceConfig), &request).await;
        let answer: GenerateResourceConfigResponse = answer.unwrap();
        let problems = shown(answer.diagnostics);
        assert!(matches!(&problems[..], [problem] if problem.contains("configuration")), "{problems:?}");
        let unknown = GenerateResourceConfigRequest { type_name: "x_other".into(), state: None };
        let answer = channel.call(path(Rpc::GenerateResourceConfig), &unknown).await;
        let answer: GenerateResourceConfigResponse = answer.unwrap();
        assert!(shown(answer.diagnostics)[0].contains("x_other"));
    });
}
