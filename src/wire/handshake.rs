//! How host and plugin find each other: the environment that a host starts a plugin with, and the one line it answers.
//!
//! The same for both sides; reading the environment and printing the line are the caller's.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use crate::protocol::Version;

/// The variable that says to a plugin that a host has started it, and not a person.
pub const COOKIE_VARIABLE: &str = "TF_PLUGIN_MAGIC_COOKIE";
/// What it says.
pub const COOKIE: &str = "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2";
/// The variable with the versions that the host speaks, parted by commas.
pub const VERSIONS_VARIABLE: &str = "PLUGIN_PROTOCOL_VERSIONS";
/// The variable with the host's certificate; without it there is no TLS.
pub const CLIENT_CERTIFICATE_VARIABLE: &str = "PLUGIN_CLIENT_CERT";
/// The variable with the folder for the plugin's socket.
pub const SOCKET_DIRECTORY_VARIABLE: &str = "PLUGIN_UNIX_SOCKET_DIR";
/// The variables with the first and the last port that a plugin may listen at.
pub const PORT_VARIABLES: [&str; 2] = ["PLUGIN_MIN_PORT", "PLUGIN_MAX_PORT"];

/// The version of the handshake itself.
const HANDSHAKE_VERSION: &str = "1";

/// Chooses the version that `offered` and we speak, the highest of several: `5,6`.
pub fn negotiate(offered: &str, ours: &[Version]) -> Option<Version> {
    let offered = offered.split(',').filter_map(|text| Version::of_number(text.trim().parse().ok()?));
    offered.filter(|version| ours.contains(version)).max()
}

/// Where a plugin listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// At a socket in the file system.
    Unix(String),
    /// At a port of this machine: `127.0.0.1:1234`.
    Tcp(String),
}

impl Address {
    /// Returns the kind of network, as the handshake has it.
    pub fn network(&self) -> &'static str {
        match self {
            Address::Unix(_) => "unix",
            Address::Tcp(_) => "tcp",
        }
    }

    /// Returns the place in that network.
    pub fn place(&self) -> &str {
        match self {
            Address::Unix(place) | Address::Tcp(place) => place,
        }
    }
}

/// What a plugin says in its first and only line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handshake {
    /// The version of the protocol that it is going to speak, as it says it.
    pub version: u32,
    /// Where it listens.
    pub address: Address,
    /// Its certificate in DER; none without TLS.
    pub certificate: Option<Vec<u8>>,
}

/// Writes the line, without its end.
impl fmt::Display for Handshake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Handshake { version, address, certificate } = self;
        let certificate = certificate.as_ref().map(|der| STANDARD_NO_PAD.encode(der)).unwrap_or_default();
        write!(f, "{HANDSHAKE_VERSION}|{version}|{}|{}|grpc|{certificate}", address.network(), address.place())
    }
}

impl Handshake {
    /// Reads the line. The error is a phrase that says what is wrong with it.
    pub fn parse(line: &str) -> Result<Handshake, String> {
        let parts: Vec<&str> = line.trim().split('|').collect();
        let [handshake, version, network, place, protocol, rest @ ..] = parts.as_slice() else {
            return Err("it has fewer than five parts".into());
        };
        if *handshake != HANDSHAKE_VERSION {
            return Err(format!("its handshake is of version {handshake:?} and not {HANDSHAKE_VERSION}"));
        }
        if *protocol != "grpc" {
            return Err(format!("it speaks {protocol:?} and not grpc"));
        }
        let version = version.parse().map_err(|_| format!("{version:?} is no version of the protocol"))?;
        let address = match *network {
            "unix" => Address::Unix((*place).to_owned()),
            "tcp" => Address::Tcp((*place).to_owned()),
            other => return Err(format!("it listens in the network {other:?}, which is neither unix nor tcp")),
        };
        let certificate = match rest.first().filter(|text| !text.is_empty()) {
            Some(text) => Some(
                STANDARD_NO_PAD
                    .decode(text.trim_end_matches('='))
                    .map_err(|_| "its certificate is not readable".to_owned())?,
            ),
            None => None,
        };
        Ok(Handshake { version, address, certificate })
    }
}

#[cfg(test)]
mod tests {
    use super::{Address, Handshake, negotiate};
    use crate::protocol::Version;

    #[test]
    fn the_highest_common_version_is_chosen() {
        let both = [Version::V5, Version::V6];
        assert_eq!(negotiate("5,6", &both), Some(Version::V6));
        assert_eq!(negotiate("6, 5", &both), Some(Version::V6));
        assert_eq!(negotiate("4,5,7", &both), Some(Version::V5));
        assert_eq!(negotiate("5", &[Version::V6]), None);
        assert_eq!(negotiate("", &both), None);
    }

    #[test]
    fn a_line_is_read_as_it_was_written() {
        let line =
            Handshake { version: 6, address: Address::Unix("/tmp/x".into()), certificate: Some(vec![1, 2, 3, 4]) };
        assert_eq!(line.to_string(), "1|6|unix|/tmp/x|grpc|AQIDBA");
        assert_eq!(Handshake::parse(&line.to_string()), Ok(line));
        let plain = Handshake { version: 5, address: Address::Tcp("127.0.0.1:1".into()), certificate: None };
        assert_eq!(Handshake::parse(&plain.to_string()), Ok(plain.clone()));
        assert_eq!(Handshake::parse("1|5|tcp|127.0.0.1:1|grpc\n"), Ok(plain.clone()));
        assert_eq!(Handshake::parse("1|5|tcp|127.0.0.1:1|grpc||true\n"), Ok(plain));
    }

    #[test]
    fn a_line_that_is_none_says_why() {
        let check = |line: &str, expected: &str| assert_eq!(Handshake::parse(line), Err(expected.to_owned()));
        check("hello", "it has fewer than five parts");
        check("2|6|unix|x|grpc|", "its handshake is of version \"2\" and not 1");
        check("1|6|unix|x|netrpc|", "it speaks \"netrpc\" and not grpc");
        check("1|six|unix|x|grpc|", "\"six\" is no version of the protocol");
        check("1|6|pipe|x|grpc|", "it listens in the network \"pipe\", which is neither unix nor tcp");
        check("1|6|unix|x|grpc|###", "its certificate is not readable");
    }
}
