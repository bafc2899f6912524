//! What of a plugin's first line matters here: that it is on this machine and speaks what we speak.

use std::net::SocketAddr;
use std::path::PathBuf;

use wire::handshake::{Address, Handshake};
use wire::protocol::Version;

/// Where a plugin listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Endpoint {
    /// A port of this machine.
    Tcp(SocketAddr),
    /// A socket in the file system.
    Unix(PathBuf),
}

/// What the line says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Greeting {
    pub(crate) endpoint: Endpoint,
    pub(crate) version: Version,
    /// The certificate of the plugin; nothing if it does not encrypt.
    pub(crate) certificate: Option<Vec<u8>>,
}

impl Greeting {
    /// Reads the line; if it is not one of a provider that we can talk to, the error says so in sentences.
    pub(crate) fn parse(line: &[u8]) -> Result<Greeting, String> {
        let line = String::from_utf8_lossy(line);
        let read = Handshake::parse(&line)
            .map_err(|what| format!("Its first line is not that of a provider, as {what}: {}.", shown(&line)))?;
        let version = Version::of_number(read.version).ok_or_else(|| {
            format!(
                "It speaks version {} of the provider protocol; Gantry speaks 5 and 6. Another version of the provider may \
                 do, or another version of Gantry.",
                read.version
            )
        })?;
        Ok(Greeting { endpoint: endpoint(&read.address)?, version, certificate: read.certificate })
    }
}

/// Returns where a plugin listens; the error is a sentence.
pub(crate) fn endpoint(address: &Address) -> Result<Endpoint, String> {
    let place = match address {
        Address::Unix(place) => return Ok(Endpoint::Unix(place.into())),
        Address::Tcp(place) => place,
    };
    let address: SocketAddr =
        place.parse().map_err(|_| format!("It listens at {}, which is not an address.", shown(place)))?;
    // A plugin on another machine would get everything that is in the configuration.
    match address.ip().is_loopback() {
        true => Ok(Endpoint::Tcp(address)),
        false => Err(format!("It listens at {address}, which is not on this machine.")),
    }
}

/// Quotes what a program has written, which may be anything of any length.
fn shown(text: &str) -> String {
    const SHOWN_CHARS_MAX: usize = 120;
    let short: String = text.chars().take(SHOWN_CHARS_MAX).collect();
    if short.len() < text.len() { format!("{short:?}…") } else { format!("{short:?}") }
}

#[cfg(test)]
mod tests {
    use super::{Endpoint, Greeting};
    use wire::protocol::Version;

    fn check(line: &str, expected: Result<(Version, Endpoint, Option<&[u8]>), &str>) {
        match (Greeting::parse(line.as_bytes()), expected) {
            (Ok(read), Ok((version, endpoint, certificate))) => {
                let expected = Greeting { endpoint, version, certificate: certificate.map(<[u8]>::to_vec) };
                assert_eq!(read, expected);
            }
            (Err(text), Err(part)) => assert!(text.contains(part), "{text}"),
            (read, _) => panic!("{line:?} gives {read:?}"),
        }
    }

    #[test]
    fn reads_what_providers_write() {
        let tcp = Endpoint::Tcp("127.0.0.1:1234".parse().unwrap());
        check("1|6|tcp|127.0.0.1:1234|grpc|QUJD\n", Ok((Version::V6, tcp.clone(), Some(b"ABC"))));
        check("1|5|tcp|127.0.0.1:1234|grpc|\r\n", Ok((Version::V5, tcp, None)));
        let unix = Endpoint::Unix("/tmp/plugin1".into());
        check("1|5|unix|/tmp/plugin1|grpc|QUJD|true", Ok((Version::V5, unix, Some(b"ABC"))));
    }

    #[test]
    fn says_what_is_wrong_with_others() {
        check("hello", Err("first line is not that of a provider, as it has fewer than five parts: \"hello\""));
        check("2|6|tcp|127.0.0.1:1|grpc|", Err("version \"2\""));
        check("1|4|tcp|127.0.0.1:1|grpc|", Err("version 4 of the provider protocol; Gantry speaks 5 and 6"));
        check("1|5|tcp|127.0.0.1:1|netrpc|", Err("\"netrpc\""));
        check("1|5|tcp|10.0.0.1:1|grpc|", Err("not on this machine"));
        check("1|5|tcp|nowhere|grpc|", Err("not an address"));
        check(&"x".repeat(1000), Err("xxx\"…"));
    }
}
