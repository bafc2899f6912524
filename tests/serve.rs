//! `provider serve` as a host sees it: the process, the handshake, deferred plans, and how fast it is there.
//!
//! Terraform 1.11 defers nothing outside experimental builds, so deferrals are asked for by a client of our own.
#![cfg(unix)]
#![allow(clippy::print_stdout, reason = "the time to start is worth seeing")]

use std::future::Future;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use sdk::{Deferral, Schemas, read_stored};
use serde_json::{Value as Json, json};
use tokio::net::UnixStream;
use tokio_rustls::TlsConnector;
use value::{Type, Value};
use wire::dynamic::{pack, unpack};
use wire::grpc::Channel;
use wire::handshake::{CLIENT_CERTIFICATE_VARIABLE, COOKIE, COOKIE_VARIABLE, Handshake, VERSIONS_VARIABLE};
use wire::messages::*;
use wire::problems::{unpack_deferral, unpack_problems};
use wire::protocol::{Rpc, Version, plugin_path};
use wire::schemas::unpack_schemas;
use wire::tls::{Credentials, server_name};

use crate::program::{GANTRY, eventually, is_alive};

/// How often it is looked whether a process has ended, and how long each look waits.
const LOOKS_MAX: usize = 30_000;
const LOOK: Duration = Duration::from_millis(10);

/// The process of a provider, with a connection to it.
struct Served {
    process: Child,
    channel: Channel,
    schemas: Schemas,
}

impl Drop for Served {
    fn drop(&mut self) {
        _ = self.process.kill();
        _ = self.process.wait();
    }
}

impl Served {
    /// Starts the fake provider as Terraform does, in a folder, and asks for its schemas.
    async fn start(folder: &Path) -> Served {
        let own = Credentials::generate(Duration::from_secs(1_795_253_445)).expect("a certificate can be made");
        let mut command = Command::new(GANTRY);
        command.args(["provider", "serve", "fake"]).current_dir(folder).env_clear();
        command.env(COOKIE_VARIABLE, COOKIE).env(VERSIONS_VARIABLE, "5,6");
        command.env(CLIENT_CERTIFICATE_VARIABLE, own.certificate_pem());
        let mut process = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().expect("gantry starts");
        let mut line = String::new();
        let stdout = process.stdout.take().expect("it was asked for");
        BufReader::new(stdout).read_line(&mut line).expect("there is a line");
        let line = Handshake::parse(&line).expect("the line is a handshake");
        let io = UnixStream::connect(line.address.place()).await.expect("it listens");
        let connector = TlsConnector::from(own.for_client(&line.certificate.expect("there is one")).unwrap());
        let io = connector.connect(server_name(), io).await.expect("it has the key of its certificate");
        let (channel, work) = Channel::open(io).await.expect("it speaks HTTP/2");
        tokio::spawn(work);
        let answer: GetProviderSchemaResponse =
            channel.call(Rpc::GetProviderSchema.path(Version::V6), &Empty {}).await.expect("it has schemas");
        Served { process, channel, schemas: unpack_schemas(answer).expect("they can be read") }
    }

    async fn configure(&self, config: Value, deferral_allowed: bool) {
        let request = ConfigureProviderRequest {
            terraform_version: "1.11.4".into(),
            config: packed(&config, &self.schemas.provider.block.ty()),
            client_capabilities: Some(ClientCapabilities { deferral_allowed, ..Default::default() }),
        };
        let answer: DiagnosticsResponse =
            self.channel.call(Rpc::ConfigureProvider.path(Version::V6), &request).await.unwrap();
        assert_eq!(answer.diagnostics, []);
    }

    /// Returns an object of the resource type, of what is given.
    fn object(&self, kind: &str, given: Json) -> (Value, Type) {
        let block = &self.schemas.resources[kind].block;
        (read_stored(&given, block, &block.ty()).expect("it fits the schema"), block.ty())
    }

    /// Plans the creation of an object, and returns why it has to wait, and what is wrong.
    async fn plan(&self, given: Json, deferral_allowed: bool) -> (Option<Deferral>, Vec<String>) {
        let (config, ty) = self.object("fake_object", given);
        let request = PlanResourceChangeRequest {
            type_name: "fake_object".into(),
            prior_state: packed(&Value::null(ty.clone()), &ty),
            proposed_new_state: packed(&config, &ty),
            config: packed(&config, &ty),
            client_capabilities: Some(ClientCapabilities { deferral_allowed, ..Default::default() }),
            ..Default::default()
        };
        let answer = self.channel.call(Rpc::PlanResourceChange.path(Version::V6), &request).await;
        let answer: PlanResourceChangeResponse = answer.unwrap();
        assert!(answer.planned_state.is_some());
        let problems = unpack_problems(answer.diagnostics).into_iter().map(|problem| problem.summary);
        (unpack_deferral(answer.deferred.as_ref()), problems.collect())
    }

    fn config(&self, world: Value) -> Value {
        let block = &self.schemas.provider.block;
        let empty = read_stored(&json!({}), block, &block.ty()).expect("it fits the schema");
        empty.transform(|path, part| if path.to_string() == ".world" { world.clone() } else { part })
    }
}

fn packed(value: &Value, ty: &Type) -> Option<DynamicValue> {
    Some(pack(value, ty).expect("the value is of its type"))
}

fn check<F: Future<Output = ()>>(test: impl FnOnce(tempfile::TempDir) -> F) {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    wire::plugin::block_on(test(folder)).expect("there is a runtime");
}

#[test]
fn what_needs_an_unknown_configuration_is_deferred() {
    check(async |folder| {
        let served = Served::start(folder.path()).await;
        served.configure(served.config(Value::unknown(Type::String)), true).await;
        let deferred = (Some(Deferral::ProviderConfigUnknown), vec![]);
        assert_eq!(served.plan(json!({"name": "a"}), true).await, deferred);
        let (object, ty) = served.object("fake_object", json!({"name": "a", "id": "object-1"}));
        let read = ReadResourceRequest {
            type_name: "fake_object".into(),
            current_state: packed(&object, &ty),
            client_capabilities: Some(ClientCapabilities { deferral_allowed: true, ..Default::default() }),
            ..Default::default()
        };
        let read: ReadResourceResponse = served.channel.call(Rpc::ReadResource.path(Version::V6), &read).await.unwrap();
        assert_eq!(unpack_deferral(read.deferred.as_ref()), deferred.0);
        assert_eq!(unpack(read.new_state.as_ref(), &ty).unwrap(), object);
    });
}

#[test]
fn what_needs_something_that_is_not_there_is_deferred_or_fails() {
    check(async |folder| {
        let served = Served::start(folder.path()).await;
        served.configure(served.config("world.json".into()), true).await;
        let waiting = json!({"name": "b", "absent_prereq": "a"});
        assert_eq!(served.plan(waiting.clone(), true).await, (Some(Deferral::AbsentPrerequisite), vec![]));
        assert_eq!(served.plan(waiting, false).await, (None, vec!["Prerequisite absent".to_owned()]));
        assert_eq!(served.plan(json!({"name": "b"}), true).await, (None, vec![]));
    });
}

#[test]
fn a_host_that_would_store_secrets_may_not_send_them() {
    check(async |folder| {
        let served = Served::start(folder.path()).await;
        let validate = async |password: Json, write_only_attributes_allowed| {
            let given = json!({"name": "a", "password_wo": password, "password_wo_version": 1});
            let (config, ty) = served.object("fake_object", given);
            let request = ValidateConfigRequest {
                type_name: "fake_object".into(),
                config: packed(&config, &ty),
                client_capabilities: Some(ClientCapabilities { write_only_attributes_allowed, ..Default::default() }),
            };
            let path = Rpc::ValidateResourceConfig.path(Version::V6);
            let answer: DiagnosticsResponse = served.channel.call(path, &request).await.unwrap();
            let problems = unpack_problems(answer.diagnostics).into_iter();
            problems.map(|problem| format!("{}{}", problem.summary, problem.attribute)).collect::<Vec<_>>()
        };
        assert_eq!(validate(json!("p"), true).await, [] as [&str; 0]);
        assert_eq!(validate(json!("p"), false).await, ["Write-only attribute not allowed.password_wo"]);
        assert!(validate(json!(null), false).await.iter().all(|problem| !problem.starts_with("Write-only")));
    });
}

#[test]
fn the_process_ends_when_the_host_says_so() {
    check(async |folder| {
        let mut served = Served::start(folder.path()).await;
        served.channel.call::<Empty>(plugin_path::SHUTDOWN, &Empty {}).await.unwrap();
        for _ in 0..LOOKS_MAX {
            if let Some(status) = served.process.try_wait().unwrap() {
                assert!(status.success());
                return;
            }
            tokio::time::sleep(LOOK).await;
        }
        panic!("it still runs");
    });
}

#[test]
fn the_process_ends_when_its_host_is_gone() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    // The shell is the host: it starts the provider, waits until it listens, and ends.
    let script = format!(
        "{GANTRY:?} provider serve fake >line.txt 2>/dev/null & echo $!; while [ ! -s line.txt ]; do sleep 0.1; done"
    );
    let mut command = Command::new("sh");
    command.args(["-c", &script]).current_dir(folder.path()).env_clear();
    command.env(COOKIE_VARIABLE, COOKIE).env(VERSIONS_VARIABLE, "6");
    let output = command.output().expect("the shell starts");
    let id = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    let id = id.parse().expect("the shell prints a number");
    assert!(eventually(|| !is_alive(id)), "it still runs without its host");
}

/// Shows the time from the start of the process to its schemas. There is no bound: it would be one of the machine's.
#[test]
fn it_is_there_with_its_schemas() {
    check(async |folder| {
        let mut times = Vec::new();
        for _ in 0..5 {
            let begun = Instant::now();
            let served = Served::start(folder.path()).await;
            times.push(begun.elapsed());
            assert!(served.schemas.resources.contains_key("fake_object"));
        }
        times.sort();
        println!("from start to schemas: {times:?}");
    });
}
