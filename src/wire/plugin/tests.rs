//! Tests of the process's side: being invited, connecting, ending.

use std::future::Future;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::net::{TcpStream, UnixStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;
use value::{Type, Value};

use super::{Invitation, Plugin, ServeError, Transport};
use crate::dynamic::{pack, unpack};
use crate::grpc::{Channel, Code};
use crate::handshake::{Address, COOKIE, Handshake};
use crate::messages::*;
use crate::protocol::{Rpc, Version, plugin_path};
use crate::testing::{provider, runtime, thing, thing_type};
use crate::tls::{Credentials, server_name};

fn plugin(transport: Transport) -> Plugin {
    let interrupted = Arc::new(AtomicBool::new(false));
    Plugin { factory: provider, runtime: runtime(), transport, interrupted }
}

fn invitation(certificate: Option<String>) -> Invitation {
    Invitation { cookie: Some(COOKIE.into()), versions: Some("5,6".into()), certificate, ..Invitation::default() }
}

fn run<F: Future>(test: F) -> F::Output {
    super::block_on(test).unwrap()
}

/// Waits for what is put there.
async fn taken<T>(place: &Mutex<Option<T>>) -> T {
    loop {
        if let Some(found) = place.lock().unwrap().take() {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

async fn plain(address: &Address) -> Channel {
    match address {
        Address::Unix(path) => open(Channel::open(UnixStream::connect(path).await.unwrap()).await.unwrap()),
        Address::Tcp(place) => open(Channel::open(TcpStream::connect(place).await.unwrap()).await.unwrap()),
    }
}

fn open((channel, work): (Channel, impl Future<Output = ()> + Send + 'static)) -> Channel {
    tokio::spawn(work);
    channel
}

async fn secure(line: &Handshake, own: &Credentials) -> Channel {
    let connector = TlsConnector::from(own.for_client(line.certificate.as_ref().unwrap()).unwrap());
    match &line.address {
        Address::Unix(path) => {
            let io = connector.connect(server_name(), UnixStream::connect(path).await.unwrap()).await.unwrap();
            open(Channel::open(io).await.unwrap())
        }
        Address::Tcp(place) => {
            let io = connector.connect(server_name(), TcpStream::connect(place).await.unwrap()).await.unwrap();
            open(Channel::open(io).await.unwrap())
        }
    }
}

/// Much longer than an end takes, even on a busy machine, and much shorter than calls that are under way may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// What is still under way when the host ends the plugin.
type UnderWay = Option<JoinHandle<Value>>;

/// Starts a plugin as a host does, lets `test` speak to it, ends it, and waits until it has ended. Returns how long that took,
/// and what a call that was still under way has made.
fn check<F>(transport: Transport, test: impl FnOnce(Channel) -> F) -> (Duration, Option<Value>)
where
    F: Future<Output = UnderWay>,
{
    let own = Credentials::generate(runtime().now()).unwrap();
    let line = Mutex::new(None);
    let plugin = plugin(transport);
    let serve = plugin.serve(invitation(Some(own.certificate_pem())), |said| {
        *line.lock().unwrap() = Some(said.clone());
        Ok(())
    });
    let host = async {
        let line = taken(&line).await;
        assert_eq!((line.version, line.address.network() == "unix"), (6, transport == Transport::Unix));
        let channel = secure(&line, &own).await;
        let under_way = test(channel.clone()).await;
        channel.call::<Empty>(plugin_path::SHUTDOWN, &Empty {}).await.unwrap();
        drop(channel);
        (Instant::now(), under_way)
    };
    run(async {
        let (served, (ended, under_way)) = futures_util::future::join(serve, host).await;
        served.unwrap();
        let took = ended.elapsed();
        match under_way {
            Some(work) => (took, Some(work.await.unwrap())),
            None => (took, None),
        }
    })
}

async fn health(channel: &Channel, service: &str) -> Result<i32, Code> {
    let answer = channel.call(plugin_path::HEALTH_CHECK, &HealthCheckRequest { service: service.into() }).await;
    answer.map(|answer: HealthCheckResponse| answer.status).map_err(|status| status.code)
}

#[test]
fn a_host_connects_by_socket_and_by_port() {
    for transport in [Transport::Unix, Transport::Tcp] {
        let (took, _) = check(transport, async |channel| {
            assert_eq!(health(&channel, "plugin").await, Ok(1));
            assert_eq!(health(&channel, "other").await, Err(Code::NotFound));
            let schemas = channel.call(Rpc::GetProviderSchema.path(Version::V6), &Empty {}).await;
            let schemas: GetProviderSchemaResponse = schemas.unwrap();
            assert!(schemas.resource_schemas.contains_key("x_thing"));
            None
        });
        assert!(took < PATIENCE, "it ended after {took:?}");
    }
}

#[test]
fn streams_that_a_host_opens_do_not_hold_up_the_end() {
    let streams = Mutex::new(Vec::new());
    let (took, _) = check(Transport::Unix, async |channel| {
        for path in [plugin_path::STDIO, plugin_path::BROKER] {
            let stream = channel.stream::<StdioData>(path, &Empty {}).await.unwrap();
            streams.lock().unwrap().push(stream);
        }
        None
    });
    assert!(took < PATIENCE, "{took:?}");
}

#[test]
fn a_call_under_way_is_ended_before_the_process_ends() {
    let (_, made) = check(Transport::Unix, async |channel| {
        let config =
            Some(pack(&Value::object(Vec::<(&str, Value)>::new()), &Type::object(Vec::<(&str, Type)>::new())).unwrap());
        let configure = ConfigureProviderRequest { config, ..Default::default() };
        let configured: DiagnosticsResponse =
            channel.call(Rpc::ConfigureProvider.path(Version::V6), &configure).await.unwrap();
        assert_eq!(configured.diagnostics, []);
        let packed = |value: &Value| Some(pack(value, &thing_type()).unwrap());
        let create = ApplyResourceChangeRequest {
            type_name: "x_thing".into(),
            prior_state: packed(&Value::null(thing_type())),
            planned_state: packed(&thing(Value::unknown(Type::String), "slow")),
            config: packed(&thing(Value::null(Type::String), "slow")),
            ..Default::default()
        };
        let work = tokio::spawn(async move {
            let answer = channel.call(Rpc::ApplyResourceChange.path(Version::V6), &create).await;
            let answer: ApplyResourceChangeResponse = answer.unwrap();
            unpack(answer.new_state.as_ref(), &thing_type()).unwrap()
        });
        tokio::time::sleep(Duration::from_millis(50)).await;
        Some(work)
    });
    assert_eq!(made, Some(thing("slow-1".into(), "slow")));
}

#[test]
fn who_is_not_invited_does_not_serve() {
    let serve = |invitation| run(plugin(Transport::Unix).serve(invitation, |_| panic!("nobody is to be told")));
    assert!(matches!(serve(Invitation::default()), Err(ServeError::NotInvited)));
    let wrong = Invitation { cookie: Some("x".into()), ..invitation(None) };
    assert!(matches!(serve(wrong), Err(ServeError::NotInvited)));
    let old = Invitation { versions: Some("4,5".into()), ..invitation(None) };
    assert!(matches!(serve(old), Err(ServeError::NoCommonVersion(offered)) if offered == "4,5"));
    assert!(matches!(serve(invitation(Some("nonsense".into()))), Err(ServeError::Tls(_))));
}

#[test]
fn ports_are_those_that_the_host_allows() {
    run(async {
        let taken = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = taken.local_addr().unwrap().port();
        let bind = super::Listener::bind(Transport::Tcp, None, Some((port, port))).await;
        assert!(bind.is_err());
        let free = super::Listener::bind(Transport::Tcp, None, Some((port, port.saturating_add(50)))).await.unwrap();
        let Address::Tcp(place) = free.address() else { panic!("it listens at a port") };
        let found: u16 = place.rsplit(':').next().unwrap().parse().unwrap();
        assert!((port + 1..=port.saturating_add(50)).contains(&found));
    });
}

#[test]
fn a_folder_where_no_socket_can_be_leads_to_a_port() {
    run(async {
        let missing = std::path::Path::new("/nowhere/at/all");
        let listener = super::Listener::bind(Transport::Unix, Some(missing), None).await.unwrap();
        assert_eq!(listener.address().network(), "tcp");
    });
}

#[test]
fn for_debugging_each_connection_has_a_provider_of_its_own_and_no_host_ends_it() {
    let place = Mutex::new(None);
    let plugin = plugin(Transport::Unix);
    let serve = plugin.serve_for_debugging(|address| {
        *place.lock().unwrap() = Some(address.clone());
        Ok(())
    });
    let hosts = async {
        let address = taken(&place).await;
        for _ in 0..2 {
            let channel = plain(&address).await;
            let config = pack(&Value::object(Vec::<(&str, Value)>::new()), &Type::object(Vec::<(&str, Type)>::new()));
            let request = ConfigureProviderRequest { config: Some(config.unwrap()), ..Default::default() };
            let answer = channel.call(Rpc::ConfigureProvider.path(Version::V6), &request).await;
            let answer: DiagnosticsResponse = answer.unwrap();
            assert_eq!(answer.diagnostics, []);
            channel.call::<Empty>(plugin_path::SHUTDOWN, &Empty {}).await.unwrap();
        }
        plugin.interrupted.store(true, std::sync::atomic::Ordering::SeqCst);
    };
    run(async { futures_util::future::join(serve, hosts).await.0 }).unwrap();
}
