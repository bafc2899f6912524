//! `uuid`, `uuidv5`: random and name-based identifiers.

use sha1::{Digest, Sha1};

use super::{Call, CallError, Code, Function, Outcome, Returns, example, param, types};

pub(super) static UUID: Function = Function {
    name: "uuid",
    summary: "Returns a random identifier, another one in every call: unknown until apply. For an identifier that \
              stays, use a resource that keeps it in the state.",
    params: &[],
    rest: None,
    returns: Returns::Fixed(types::string),
    examples: &[example("can(uuid())", "true"), example("uuid(1)", "error: 0 argument")],
    code: Code::Impure(uuid),
};

pub(super) static UUIDV5: Function = Function {
    name: "uuidv5",
    summary: "Returns the identifier (version 5) of a name in a namespace: `dns`, `url`, `oid`, `x500` or a UUID.",
    params: &[param("namespace", types::string), param("name", types::string)],
    rest: None,
    returns: Returns::Fixed(types::string),
    examples: &[
        example(r#"uuidv5("dns", "www.terraform.io")"#, r#""a5008fae-b28c-5ba5-96cd-82b4c53552d6""#),
        example(
            r#"uuidv5("6ba7b810-9dad-11d1-80b4-00c04fd430c8", "www.terraform.io")"#,
            r#""a5008fae-b28c-5ba5-96cd-82b4c53552d6""#,
        ),
        example(r#"uuidv5("ldap", "x")"#, "error: is not a namespace"),
    ],
    code: Code::Eager(uuidv5),
};

fn uuid(call: &Call<'_>) -> Outcome {
    let mut bytes = [0; 16];
    (call.env.random)(&mut bytes);
    // Terraform's identifiers are sixteen random bytes that do not even say that they are of version 4.
    Ok(hyphenate(&bytes).into())
}

fn uuidv5(call: &Call<'_>) -> Outcome {
    let Some(space) = namespace(call.text(0)) else {
        let shown = call.shown(call.text(0));
        return Err(CallError::argument(
            0,
            format!("{shown} is not a namespace: `dns`, `url`, `oid`, `x500` or a UUID"),
        ));
    };
    let mut hash = Sha1::new();
    hash.update(space);
    hash.update(call.text(1));
    let digest = hash.finalize();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    bytes[6] = bytes[6] & 0x0f | 0x50;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    Ok(hyphenate(&bytes).into())
}

/// The namespaces of RFC 9562, section 6.6, differ in their fourth byte only.
fn namespace(name: &str) -> Option<[u8; 16]> {
    let fourth = match name {
        "dns" => 0x10,
        "url" => 0x11,
        "oid" => 0x12,
        "x500" => 0x14,
        _ => return parse(name),
    };
    let mut bytes = parse("6ba7b800-9dad-11d1-80b4-00c04fd430c8")?;
    bytes[3] = fourth;
    Some(bytes)
}

/// Reads a UUID, bare, without hyphens, in braces or after `urn:uuid:`.
fn parse(text: &str) -> Option<[u8; 16]> {
    let text = text.as_bytes();
    let digits = match text.len() {
        45 if text[..9].eq_ignore_ascii_case(b"urn:uuid:") => &text[9..],
        // Which brackets they are does not matter to the parser that people are used to.
        38 => &text[1..37],
        32 | 36 => text,
        _ => return None,
    };
    let hyphens = [8, 13, 18, 23];
    let mut bytes = [0; 16];
    let mut count = 0;
    for (at, &byte) in digits.iter().enumerate() {
        if digits.len() == 36 && hyphens.contains(&at) {
            if byte != b'-' {
                return None;
            }
            continue;
        }
        let digit = (byte as char).to_digit(16)? as u8;
        bytes[count / 2] = bytes[count / 2] << 4 | digit;
        count += 1;
    }
    Some(bytes)
}

fn hyphenate(bytes: &[u8; 16]) -> String {
    let mut out = String::with_capacity(36);
    for (at, byte) in bytes.iter().enumerate() {
        if [4, 6, 8, 10].contains(&at) {
            out.push('-');
        }
        out.push_str(&format!("{byte:02x}"));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::testing::check;

    #[test]
    fn names_in_a_namespace() {
        for (space, name, expected) in [
            ("dns", "www.terraform.io", "a5008fae-b28c-5ba5-96cd-82b4c53552d6"),
            ("url", "https://www.terraform.io/", "9db6f67c-dd95-5ea0-aa5b-e70e5c5f7cf5"),
            ("oid", "1.3.6.1.4", "af9d40a5-7a36-5c07-b23a-851cd99fbfa5"),
            ("x500", "CN=Example,C=GB", "84e09961-4aa4-57f8-95b7-03edb1073253"),
            ("743ac3c0-3bf7-4a5b-9e6c-59360447c757", "LIBS:diskfont.library", "ede1a974-df7e-5f17-84b9-76208818b2c8"),
            ("743AC3C03BF74A5B9E6C59360447C757", "é", "c4e1d799-a26d-5322-9b67-5fce55c2a2d0"),
            ("{743ac3c0-3bf7-4a5b-9e6c-59360447c757}", "", "59992e6a-f0b4-500d-9e86-8d6ecc7ffe6b"),
            ("URN:uuid:743ac3c0-3bf7-4a5b-9e6c-59360447c757", "", "59992e6a-f0b4-500d-9e86-8d6ecc7ffe6b"),
        ] {
            check("uuidv5", [space.into(), name.into()], Ok(expected.into()));
        }
    }

    #[test]
    fn other_namespaces_are_refused() {
        for space in ["tada", "DNS", "743ac3c0-3bf7-4a5b-9e6c-59360447c75g", "743ac3c0+3bf7-4a5b-9e6c-59360447c757", ""]
        {
            check("uuidv5", [space.into(), "x".into()], Err("is not a namespace"));
        }
    }

    #[test]
    fn a_random_identifier_has_the_usual_form() {
        check("uuid", [], Ok("07070707-0707-0707-0707-070707070707".into()));
    }
}
