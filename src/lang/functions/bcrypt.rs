//! `bcrypt`: a hash of a password, with a salt of its own in every call.

use ::base64::Engine;
use ::base64::alphabet::BCRYPT as ALPHABET;
use ::base64::engine::{GeneralPurpose, GeneralPurposeConfig};
use blowfish::Blowfish;

use super::{Call, CallError, Code, Function, Outcome, Returns, example, param, types};

/// What a cost below [`COST_MIN`] becomes, as in the library that Terraform uses.
const COST_DEFAULT: i64 = 10;
const COST_MIN: i64 = 4;
const COST_MAX: i64 = 31;

/// The algorithm does not look at more of a password.
const PASSWORD_BYTES_MAX: usize = 72;

pub(super) static BCRYPT: Function = Function {
    name: "bcrypt",
    summary: "Returns a bcrypt hash of a password, another one in every call: unknown until apply, and different in \
              every apply. The cost, 10 by default, is the binary logarithm of the number of rounds.",
    params: &[param("str", types::string)],
    rest: Some(param("cost", types::number)),
    returns: Returns::Fixed(types::string),
    examples: &[
        example(r#"can(bcrypt("password", 4))"#, "true"),
        example(r#"bcrypt("password", 32)"#, "error: the cost must be"),
        example(r#"bcrypt("password", 4, 4)"#, "error: one cost"),
    ],
    code: Code::Impure(bcrypt),
};

fn bcrypt(call: &Call<'_>) -> Outcome {
    let cost = if call.args.len() > 1 { call.whole(1)? } else { COST_DEFAULT };
    if call.args.len() > 2 {
        return Err(CallError::argument(2, "there can be only one cost"));
    }
    let cost = if cost < COST_MIN { COST_DEFAULT } else { cost };
    if cost > COST_MAX {
        let cost = call.shown_number(cost);
        return Err(CallError::argument(1, format!("the cost must be {COST_MIN} to {COST_MAX}, not {cost}")));
    }
    let password = call.text(0);
    if password.len() > PASSWORD_BYTES_MAX {
        let length = call.shown_number(password.len());
        let message = format!("the password has {length} bytes, and {PASSWORD_BYTES_MAX} are possible");
        return Err(CallError::argument(0, message));
    }
    let mut salt = [0; 16];
    (call.env.random)(&mut salt);
    Ok(hash(password, cost as u32, salt).into())
}

/// Base64 with an alphabet of its own and without padding.
const ENGINE: GeneralPurpose = GeneralPurpose::new(&ALPHABET, GeneralPurposeConfig::new().with_encode_padding(false));

/// Returns a hash in the form `$2a$COST$`, salt, digest.
fn hash(password: &str, cost: u32, salt: [u8; 16]) -> String {
    let key = [password.as_bytes(), &[0]].concat();
    let mut state: Blowfish = Blowfish::bc_init_state();
    state.salted_expand_key(&salt, &key);
    for _ in 0..1u64 << cost {
        state.bc_expand_key(&key);
        state.bc_expand_key(&salt);
    }
    // The text is of 24 bytes; of what it becomes the last byte is dropped, as everywhere.
    let mut digest = Vec::with_capacity(24);
    for block in b"OrpheanBeholderScryDoubt".chunks_exact(8) {
        let word = |from: usize| block[from..from + 4].iter().fold(0, |sum, byte| sum << 8 | u32::from(*byte));
        let mut words = [word(0), word(4)];
        for _ in 0..64 {
            words = state.bc_encrypt(words);
        }
        digest.extend(words.iter().flat_map(|word| word.to_be_bytes()));
    }
    format!("$2a${cost:02}${}{}", ENGINE.encode(salt), ENGINE.encode(&digest[..23]))
}

#[cfg(test)]
mod tests {
    use ::base64::engine::DecodePaddingMode;
    use value::Value;

    use super::super::testing::check;
    use super::super::{Environment, find};
    use super::*;

    #[test]
    fn the_hash_is_the_one_of_its_salt() {
        // From `bcrypt("x")` in Terraform.
        let expected = "$2a$10$/H98mjFuqrhYzQM6NOEJjORw4tcm0bJl1xag5isb0gUdNUN/mWs2K";
        let config = GeneralPurposeConfig::new()
            .with_decode_allow_trailing_bits(true)
            .with_decode_padding_mode(DecodePaddingMode::RequireNone);
        let salt = GeneralPurpose::new(&ALPHABET, config).decode(&expected[7..29]).expect("a salt");
        assert_eq!(hash("x", 10, salt.try_into().expect("sixteen bytes")), expected);
    }

    #[test]
    fn low_costs_become_ten() {
        let cost = |cost: i64| {
            let args = vec!["x".into(), Value::number(cost)];
            let hash = find("bcrypt").expect("it exists").call(args, &Environment::for_tests("/"));
            hash.expect("a hash").as_str().expect("a string")[..7].to_string()
        };
        assert_eq!(cost(4), "$2a$04$");
        assert_eq!(cost(-1), "$2a$10$");
    }

    #[test]
    fn limits() {
        check("bcrypt", ["x".into(), Value::number(32)], Err("the cost must be 4 to 31"));
        check("bcrypt", ["x".into(), Value::number(4), Value::number(4)], Err("one cost"));
        check("bcrypt", ["a".repeat(73).into(), Value::number(4)], Err("73 bytes"));
    }
}
