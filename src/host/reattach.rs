//! `TF_REATTACH_PROVIDERS`: providers that somebody has started already, in a debugger mostly.

use std::collections::BTreeMap;

use addr::Provider;
use serde_json::Value as Json;

use wire::handshake::Address;

use crate::handshake::endpoint;
use crate::plugin::Origin;
use wire::protocol::Version;

/// Reads the variable: an object with an entry for each provider.
pub(crate) fn parse(text: &str) -> Result<BTreeMap<Provider, Origin>, String> {
    let read: Json = serde_json::from_str(text).map_err(|error| format!("it is not JSON: {error}"))?;
    let Json::Object(entries) = read else { return Err("it is not a JSON object".to_owned()) };
    entries
        .iter()
        .map(|(source, entry)| entry_of(source, entry).map_err(|what| format!("{source:?}: {what}")))
        .collect()
}

fn entry_of(source: &str, entry: &Json) -> Result<(Provider, Origin), String> {
    let provider = Provider::parse(source).map_err(|error| error.0)?;
    let text = |value: &Json, name: &str| value.get(name).and_then(Json::as_str).unwrap_or_default().to_owned();
    let kind = text(entry, "Protocol");
    if kind != "grpc" {
        return Err(format!("it talks by {kind:?}, and must by \"grpc\""));
    }
    // Older debuggers do not say: they speak version 5.
    let number = entry.get("ProtocolVersion").and_then(Json::as_u64).filter(|number| *number != 0).unwrap_or(5);
    let version = u32::try_from(number).ok().and_then(Version::of_number);
    let version =
        version.ok_or_else(|| format!("it speaks version {number} of the protocol; Gantry speaks 5 and 6"))?;
    let address = entry.get("Addr").unwrap_or(&Json::Null);
    let place = text(address, "String");
    let address = match text(address, "Network").as_str() {
        "unix" => Address::Unix(place),
        "tcp" => Address::Tcp(place),
        other => return Err(format!("it listens in the network {other:?}, and must in \"unix\" or \"tcp\"")),
    };
    let endpoint = endpoint(&address)?;
    Ok((provider, Origin::Running(version, endpoint)))
}

#[cfg(test)]
mod tests {
    use super::parse;
    use crate::handshake::Endpoint;
    use crate::plugin::Origin;
    use addr::Provider;
    use wire::protocol::Version;

    fn check(text: &str, expected: Result<(&str, Version, Endpoint), &str>) {
        match (parse(text), expected) {
            (Ok(read), Ok((source, version, endpoint))) => {
                let expected = [(Provider::parse(source).unwrap(), Origin::Running(version, endpoint))];
                assert_eq!(read, expected.into());
            }
            (Err(text), Err(part)) => assert!(text.contains(part), "{text}"),
            (read, _) => panic!("{text} gives {read:?}"),
        }
    }

    #[test]
    fn reads_what_debuggers_print() {
        let text = r#"{"registry.terraform.io/acme/rocket":{"Protocol":"grpc","ProtocolVersion":6,"Pid":12,"Test":true,
            "Addr":{"Network":"unix","String":"/tmp/plugin12"}}}"#;
        check(text, Ok(("acme/rocket", Version::V6, Endpoint::Unix("/tmp/plugin12".into()))));
        let old = r#"{"acme/rocket":{"Protocol":"grpc","Addr":{"Network":"tcp","String":"127.0.0.1:9"}}}"#;
        check(old, Ok(("acme/rocket", Version::V5, Endpoint::Tcp("127.0.0.1:9".parse().unwrap()))));
    }

    #[test]
    fn says_which_entry_is_wrong() {
        check("x", Err("not JSON"));
        check("[]", Err("not a JSON object"));
        check(r#"{"a/b":{"Protocol":"netrpc"}}"#, Err("\"a/b\": it talks by \"netrpc\""));
        check(r#"{"a/b":{"Protocol":"grpc","ProtocolVersion":7}}"#, Err("version 7"));
        check(
            r#"{"a/b":{"Protocol":"grpc","Addr":{"Network":"tcp","String":"8.8.8.8:9"}}}"#,
            Err("not on this machine"),
        );
        check(r#"{"a/b/c/d":{}}"#, Err("a/b/c/d"));
    }
}
