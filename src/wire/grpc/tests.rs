//! Tests of both sides together, over a connection in memory, mostly with TLS.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use sdk::Call;
use tokio::io::{AsyncRead, AsyncWrite, duplex};
use tokio::sync::{mpsc, watch};
use tokio_rustls::{TlsAcceptor, TlsConnector};

use super::{Channel, Code, Request, Responder, Service, Status, serve_connection};
use crate::messages::{DynamicValue, Named};
use crate::tls::{Credentials, server_name};

const NOW: Duration = Duration::from_secs(1_795_253_445);

/// What the calls of the tests do.
struct Calls;

impl Service for Calls {
    fn call<'a>(&'a self, mut request: Request, responder: &'a mut Responder) -> Call<'a, Result<(), Status>> {
        Box::pin(async move {
            match request.path.as_str() {
                "/echo" => responder.send(&request.message::<DynamicValue>().await?).await,
                "/twice" => {
                    let message = request.message::<DynamicValue>().await?;
                    responder.send(&message).await?;
                    responder.send(&message).await
                }
                "/nothing" => Ok(()),
                "/panic" => panic!("on purpose"),
                "/late" => {
                    responder.send(&request.message::<DynamicValue>().await?).await?;
                    Err(Status::new(Code::NotFound, "nothing more"))
                }
                path => Err(Status::new(Code::Unimplemented, path)),
            }
        })
    }
}

fn run(test: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(test);
}

fn serve(io: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) -> watch::Sender<bool> {
    let (ending, ends) = watch::channel(false);
    tokio::spawn(serve_connection(io, Arc::new(Calls), ends, mpsc::channel(1).0));
    ending
}

async fn open(io: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) -> Channel {
    let (channel, work) = Channel::open(io).await.unwrap();
    tokio::spawn(work);
    channel
}

/// Connects two sides by TLS; the server expects `expected`, the client shows `shown`.
async fn connect(shown: &Credentials, expected: &Credentials) -> Result<Channel, String> {
    let plugin = Credentials::generate(NOW).unwrap();
    let (one, other) = duplex(1 << 16);
    let acceptor = TlsAcceptor::from(plugin.for_server(&expected.certificate_pem()).unwrap());
    tokio::spawn(async move {
        if let Ok(io) = acceptor.accept(other).await {
            let ending = serve(io);
            ending.closed().await;
        }
    });
    let connector = TlsConnector::from(shown.for_client(plugin.certificate()).unwrap());
    let io = connector.connect(server_name(), one).await.map_err(|error| error.to_string())?;
    assert_eq!(io.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    Ok(open(io).await)
}

fn value(bytes: usize) -> DynamicValue {
    DynamicValue { msgpack: vec![7; bytes].into(), json: Bytes::new() }
}

#[test]
fn messages_of_any_size_go_there_and_back() {
    run(async {
        let host = Credentials::generate(NOW).unwrap();
        let channel = connect(&host, &host).await.unwrap();
        for bytes in [0, 1, 70_000, 20_000_000] {
            let answer: DynamicValue = channel.call("/echo", &value(bytes)).await.unwrap();
            assert!(answer == value(bytes), "{bytes} bytes came back as others");
        }
    });
}

#[test]
fn a_host_with_another_certificate_is_refused() {
    run(async {
        let (host, stranger) = (Credentials::generate(NOW).unwrap(), Credentials::generate(NOW).unwrap());
        // The client may learn of it with the first call only.
        let refused = match connect(&stranger, &host).await {
            Ok(channel) => channel.call::<Named>("/echo", &value(1)).await.is_err(),
            Err(_) => true,
        };
        assert!(refused);
    });
}

#[test]
fn a_plugin_with_another_certificate_is_refused() {
    run(async {
        let [host, plugin, other] = [(); 3].map(|()| Credentials::generate(NOW).unwrap());
        let (one, two) = duplex(1 << 16);
        let acceptor = TlsAcceptor::from(plugin.for_server(&host.certificate_pem()).unwrap());
        let accepted = tokio::spawn(async move { acceptor.accept(two).await.is_ok() });
        let connector = TlsConnector::from(host.for_client(other.certificate()).unwrap());
        assert!(connector.connect(server_name(), one).await.is_err());
        assert!(!accepted.await.unwrap());
    });
}

#[test]
fn answers_may_be_many_or_none_and_end_with_a_status() {
    run(async {
        let (one, other) = duplex(1 << 16);
        let _ending = serve(other);
        let channel = open(one).await;
        let status = |result: Result<DynamicValue, Status>| result.map(|_| ()).unwrap_err();
        let mut twice = channel.stream::<DynamicValue>("/twice", &value(3)).await.unwrap();
        assert!(twice.next().await.unwrap() == Some(value(3)));
        assert!(twice.next().await.unwrap() == Some(value(3)));
        assert!(twice.next().await.unwrap().is_none());
        let mut nothing = channel.stream::<DynamicValue>("/nothing", &value(3)).await.unwrap();
        assert!(nothing.next().await.unwrap().is_none() && nothing.next().await.unwrap().is_none());
        assert_eq!(status(channel.call("/nothing", &value(3)).await).message, "the answer is empty");
        let twice = status(channel.call("/twice", &value(3)).await);
        assert_eq!(twice.message, "there is more than one answer");
        let late = status(channel.call("/late", &value(3)).await);
        assert_eq!(late, Status::new(Code::NotFound, "nothing more"));
        let missing = status(channel.call("/missing", &value(0)).await);
        assert_eq!(missing, Status::new(Code::Unimplemented, "/missing"));
    });
}

#[test]
fn a_call_that_panics_harms_no_other() {
    run(async {
        let (one, other) = duplex(1 << 16);
        let _ending = serve(other);
        let channel = open(one).await;
        let failed = channel.call::<DynamicValue>("/panic", &value(1)).await.map(|_| ()).unwrap_err();
        assert_eq!(failed.code, Code::Internal);
        assert!(channel.call::<DynamicValue>("/echo", &value(1)).await.unwrap() == value(1));
    });
}

#[test]
fn a_connection_that_ends_takes_no_more_calls() {
    run(async {
        let (one, other) = duplex(1 << 16);
        let ending = serve(other);
        let channel = open(one).await;
        assert!(channel.call::<DynamicValue>("/echo", &value(1)).await.is_ok());
        ending.send(true).unwrap();
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert!(channel.call::<DynamicValue>("/echo", &value(1)).await.is_err());
    });
}

#[test]
fn bytes_that_are_no_message_are_an_error() {
    run(async {
        let (one, other) = duplex(1 << 16);
        let _ending = serve(other);
        let channel = open(one).await;
        // The string of one message is the bytes of the other, and not UTF-8.
        let request = DynamicValue { msgpack: vec![0xff].into(), json: Bytes::new() };
        let failed = channel.call::<Named>("/echo", &request).await.unwrap_err();
        assert_eq!(failed.code, Code::Internal);
    });
}
