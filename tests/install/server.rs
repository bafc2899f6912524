//! A server of HTTPS on loopback with pages that a test puts there; it can cut connections and remembers what was asked.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, OnceLock};
use std::thread;
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// The authority whose certificate the server has; made once by `openssl` for a hundred years.
pub(super) const AUTHORITY: &str = include_str!("authority.pem");

/// A page.
#[derive(Clone, Debug, Default)]
pub(super) struct Page {
    pub(super) body: Vec<u8>,
    pub(super) headers: Vec<(&'static str, String)>,
    /// For so many requests, only so many bytes of the body go out before the connection is cut.
    pub(super) cuts: Vec<usize>,
    /// For so many requests the server has no time.
    pub(super) failures: usize,
    /// Who does not say this is sent away.
    pub(super) authorization: Option<String>,
    /// How long the answer takes.
    pub(super) delay: Duration,
}

/// A request as the server has seen it.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) path: String,
    pub(super) range: Option<String>,
    pub(super) authorization: Option<String>,
}

#[derive(Default)]
struct Shared {
    pages: BTreeMap<String, Page>,
    asked: Vec<Asked>,
}

/// A running server. It ends with the test's process.
#[derive(Clone)]
pub(super) struct Server {
    port: u16,
    shared: Arc<Mutex<Shared>>,
}

impl Server {
    /// Starts a server without pages.
    pub(super) fn start() -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        let port = listener.local_addr().expect("it is bound").port();
        let shared = Arc::new(Mutex::new(Shared::default()));
        let server = Server { port, shared };
        let served = server.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let server = served.clone();
                thread::spawn(move || server.answer(stream));
            }
        });
        server
    }

    pub(super) fn host(&self) -> String {
        format!("localhost:{}", self.port)
    }

    /// Puts a page there.
    pub(super) fn put(&self, path: &str, page: impl Into<Page>) {
        self.with(|shared| _ = shared.pages.insert(path.to_owned(), page.into()));
    }

    /// Changes a page.
    pub(super) fn change(&self, path: &str, change: impl FnOnce(&mut Page)) {
        self.with(|shared| change(shared.pages.get_mut(path).unwrap_or_else(|| panic!("there is no {path}"))));
    }

    /// Returns what was asked for since the last time.
    pub(super) fn asked(&self) -> Vec<Asked> {
        self.with(|shared| std::mem::take(&mut shared.asked))
    }

    fn with<T>(&self, work: impl FnOnce(&mut Shared) -> T) -> T {
        work(&mut self.shared.lock().expect("no one panics with it"))
    }

    fn answer(&self, stream: TcpStream) {
        let connection = ServerConnection::new(configuration()).expect("the configuration is sound");
        let mut reader = BufReader::new(StreamOwned::new(connection, stream));
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            match reader.read_line(&mut line) {
                Ok(0) | Err(_) => return,
                Ok(_) if line.trim().is_empty() => break,
                Ok(_) => lines.push(line.trim().to_owned()),
            }
        }
        let path = lines.first().and_then(|line| line.split(' ').nth(1)).unwrap_or_default().to_owned();
        let header = |name: &str| {
            let mut headers = lines.iter().filter_map(|line| line.split_once(':'));
            headers.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim().to_owned())
        };
        let asked = Asked { path: path.clone(), range: header("range"), authorization: header("authorization") };
        let page = self.with(|shared| {
            shared.asked.push(asked.clone());
            let page = shared.pages.get_mut(&path)?;
            let given = page.clone();
            page.failures = page.failures.saturating_sub(1);
            if !page.cuts.is_empty() {
                page.cuts.remove(0);
            }
            Some(given)
        });
        let mut stream = reader.into_inner();
        _ = respond(&mut stream, page, &asked);
        stream.conn.send_close_notify();
        _ = stream.flush();
    }
}

fn respond(stream: &mut impl Write, page: Option<Page>, asked: &Asked) -> std::io::Result<()> {
    let Some(page) = page else {
        return write!(stream, "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    };
    thread::sleep(page.delay);
    if page.failures > 0 {
        return write!(stream, "HTTP/1.1 503 Busy\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    }
    if page.authorization.is_some() && page.authorization != asked.authorization {
        return write!(stream, "HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    }
    let from = asked.range.as_deref().and_then(|range| range.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok());
    let from = from.unwrap_or(0_usize).min(page.body.len());
    let rest = &page.body[from..];
    let status = if asked.range.is_some() { "206 Partial Content" } else { "200 OK" };
    write!(stream, "HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n", rest.len())?;
    if asked.range.is_some() {
        write!(stream, "content-range: bytes {from}-{}/{}\r\n", page.body.len().max(1) - 1, page.body.len())?;
    }
    for (name, value) in &page.headers {
        write!(stream, "{name}: {value}\r\n")?;
    }
    write!(stream, "\r\n")?;
    let end = page.cuts.first().map_or(rest.len(), |cut| rest.len().min(*cut));
    stream.write_all(&rest[..end])
}

fn configuration() -> Arc<ServerConfig> {
    static CONFIGURATION: OnceLock<Arc<ServerConfig>> = OnceLock::new();
    let make = || {
        let certificate = CertificateDer::from_pem_slice(include_bytes!("server.pem")).expect("it is a certificate");
        let key = PrivateKeyDer::from_pem_slice(include_bytes!("server-key.pem")).expect("it is a key");
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let builder = builder.expect("the provider has them").with_no_client_auth();
        Arc::new(builder.with_single_cert(vec![certificate], key).expect("key and certificate are a pair"))
    };
    CONFIGURATION.get_or_init(make).clone()
}

impl From<Vec<u8>> for Page {
    fn from(body: Vec<u8>) -> Page {
        Page { body, ..Page::default() }
    }
}

impl From<String> for Page {
    fn from(body: String) -> Page {
        let headers = vec![("content-type", "application/json".to_owned())];
        Page { body: body.into_bytes(), headers, ..Page::default() }
    }
}
