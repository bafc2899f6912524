//! Tests of the codec: against rows that go-cty 1.19 wrote, and against bytes that nobody should write.
//!
//! A row of `recorded.tsv` is a type, the value in JSON (or `-` where it has no such form) and the value in MessagePack,
//! all from Go: a small program made random types and values, put them through `msgpack.Marshal` and `ctyjson.Marshal`, and
//! kept what its own `Unmarshal` reads back to the same bytes.

use value::{Number, Refinement, Type, Value, type_from_json, value_from_json};

use super::{from_msgpack, to_msgpack};

const RECORDED: &str = include_str!("recorded.tsv");

struct Row {
    ty: Type,
    json: Option<Value>,
    bytes: Vec<u8>,
}

fn rows(table: &str) -> impl Iterator<Item = Row> {
    table.lines().map(|line| {
        let [ty, json, bytes] = line.split('\t').collect::<Vec<_>>().try_into().expect("a row has three columns");
        let ty = type_from_json(&serde_json::from_str(ty).unwrap()).unwrap();
        let value = |json| value_from_json(&serde_json::from_str(json).unwrap(), &ty).unwrap();
        Row { json: (json != "-").then(|| value(json)), bytes: unhex(bytes), ty }
    })
}

fn unhex(text: &str) -> Vec<u8> {
    text.as_bytes().chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn reads_and_writes_what_go_cty_writes() {
    for Row { ty, json, bytes } in rows(RECORDED) {
        let value = from_msgpack(&bytes, &ty).unwrap_or_else(|error| panic!("{ty} {}: {error:?}", hex(&bytes)));
        if let Some(json) = json {
            assert_eq!(value, json, "{ty}: {}", hex(&bytes));
        }
        assert_eq!(hex(&to_msgpack(&value, &ty).unwrap()), hex(&bytes), "{ty}: {value:?}");
    }
}

/// Cuts rows short and changes bytes of them: an error or another value is fine, a panic is not.
#[test]
fn damaged_bytes_do_no_harm() {
    let mut seed: u64 = 1;
    let mut random = |below: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize % below
    };
    for Row { ty, bytes, .. } in rows(RECORDED).filter(|row| row.bytes.len() < 400) {
        for end in 0..bytes.len() {
            assert!(from_msgpack(&bytes[..end], &ty).is_err(), "{ty}: {} up to {end}", hex(&bytes));
        }
        for _ in 0..20 {
            let mut damaged = bytes.clone();
            damaged[random(bytes.len())] = random(256) as u8;
            if let Ok(value) = from_msgpack(&damaged, &ty) {
                to_msgpack(&value, &ty).unwrap();
            }
        }
    }
}

fn fails(bytes: &[u8], ty: &Type, message: &str) {
    let error = from_msgpack(bytes, ty).expect_err("the bytes are wrong");
    assert_eq!(format!("{}: {}", error.path, error.message), message);
}

#[test]
fn says_where_a_value_is_wrong() {
    let ty = Type::object([("a", Type::list(Type::map(Type::Number)))]);
    fails(&[0x81, 0xa1, b'a', 0x91, 0x81, 0xa1, b'k', 0xc3], &ty, r#".a[0]["k"]: a number is required"#);
    fails(&[0x81, 0xa1, b'b', 0xc0], &ty, ".b: unsupported attribute");
    fails(&[0x80], &ty, ": an object of 1 attributes is required, not of 0");
    let two = Type::object([("a", Type::Bool), ("b", Type::Bool)]);
    fails(&[0x82, 0xa1, b'a', 0xc3, 0xa1, b'a', 0xc3], &two, ".b: attribute is required");
    fails(&[0xc1], &Type::Bool, ": the bytes are not MessagePack");
    fails(&[0x90], &Type::tuple([Type::Bool]), ": a tuple of 1 elements is required");
}

#[test]
fn a_length_that_cannot_be_is_refused_before_room_is_made() {
    let list = Type::list(Type::list(Type::Bool));
    fails(&[0xdd, 0xff, 0xff, 0xff, 0xff], &list, ": the bytes end within a value");
    fails(&[0xdf, 0xff, 0xff, 0xff, 0xff, 0xa1], &Type::map(Type::Bool), ": the bytes end within a value");
    fails(&[0xc6, 0xff, 0xff, 0xff, 0xff], &Type::String, ": the bytes end within a value");
    fails(&[0xc9, 0xff, 0xff, 0xff, 0xff, 12], &Type::String, ": the bytes end within a value");
}

#[test]
fn dynamic_values_inside_each_other_end_somewhere() {
    let mut bytes = Vec::new();
    for _ in 0..100_000 {
        bytes.extend(b"\x92\xc4\x09\"dynamic\"");
    }
    let error = from_msgpack(&bytes, &Type::Dynamic).unwrap_err();
    assert_eq!(error.message, "the value is nested too deeply");
}

#[test]
fn few_bytes_cannot_promise_endless_lists() {
    let promise = [0xc7, 12, 12, 0x83, 1, 0xc2, 5, 0xce, 0, 1, 0x86, 0xa0, 6, 0xcd, 0, 0];
    let mut one = promise.to_vec();
    one.truncate(3);
    one.extend([0x83, 1, 0xc2, 5, 0xcd, 0xea, 0x60, 6, 0xcd, 0xea, 0x60]);
    one[1] = (one.len() - 3) as u8;
    let list = Type::list(Type::Bool);
    assert_eq!(from_msgpack(&one, &list).unwrap().element_count(), Some(60_000));
    let mut many = vec![0xdc, 0x03, 0xe8];
    (0..1000).for_each(|_| many.extend(&one));
    let value = from_msgpack(&many, &Type::list(list)).unwrap();
    let made: usize = value.as_sequence().unwrap().iter().filter_map(Value::element_count).sum();
    assert!(made <= 1 << 20, "{made}");
    assert!(!value.as_sequence().unwrap()[999].is_known());
}

#[test]
fn what_is_known_of_an_unknown_value_may_grow() {
    let bytes = [0xc7, 9, 12, 0x82, 0x63, 0x92, 0x01, 0x81, 0xc0, 0xc0, 1, 0xc2];
    let expected = Value::unknown(Type::String).refine(Refinement::not_null());
    assert_eq!(from_msgpack(&bytes, &Type::String).unwrap(), expected);
    let other_code = [0xc7, 2, 99, 1, 2];
    assert_eq!(from_msgpack(&other_code, &Type::String).unwrap(), Value::unknown(Type::String));
    let will_be_null = [0xc7, 3, 12, 0x81, 1, 0xc3];
    assert_eq!(from_msgpack(&will_be_null, &Type::String).unwrap(), Value::null(Type::String));
}

#[test]
fn a_long_prefix_is_cut_to_what_terraform_reads() {
    let prefix = format!("{}ü", "x".repeat(254)).repeat(8);
    let unknown =
        Value::unknown(Type::String).refine(Refinement { prefix: Some(prefix.into()), ..Refinement::default() });
    let bytes = to_msgpack(&unknown, &Type::String).unwrap();
    assert!(bytes.len() < 300);
    let expected = Refinement { prefix: Some("x".repeat(254).into()), ..Refinement::default() };
    assert_eq!(from_msgpack(&bytes, &Type::String).unwrap(), Value::unknown(Type::String).refine(expected));
}

#[test]
fn other_encodings_of_the_same_are_read() {
    for bytes in
        [&[0xca, 0x3f, 0x80, 0, 0][..], &[0xd3, 0, 0, 0, 0, 0, 0, 0, 1], &[0xcf, 0, 0, 0, 0, 0, 0, 0, 1], b"\xa11"]
    {
        assert_eq!(from_msgpack(bytes, &Type::Number).unwrap(), Value::number(1));
    }
    fails(&[0xcb, 0x7f, 0xf8, 0, 0, 0, 0, 0, 0], &Type::Number, ": a number is required");
    assert_eq!(from_msgpack(b"\xc4\x02hi", &Type::String).unwrap(), Value::string("hi"));
    assert_eq!(from_msgpack(b"\xa3e\xcc\x81", &Type::String).unwrap(), Value::string("é"));
    assert_eq!(from_msgpack(b"\xa2a\xff", &Type::String).unwrap(), Value::string("a\u{fffd}"));
    let reversed = [0x82, 0xa1, b'b', 0xc3, 0xa1, b'a', 0xc2];
    let expected = Value::object([("a", Value::FALSE), ("b", Value::TRUE)]);
    assert_eq!(from_msgpack(&reversed, &Type::object([("a", Type::Bool), ("b", Type::Bool)])).unwrap(), expected);
}

#[test]
fn a_value_is_converted_where_its_type_is_not_the_one_to_send() {
    let ty = Type::list(Type::String);
    let bytes = to_msgpack(&Value::tuple([Value::number(1)]), &ty).unwrap();
    assert_eq!(from_msgpack(&bytes, &ty).unwrap(), Value::list(Type::String, [Value::string("1")]));
    assert!(to_msgpack(&Value::TRUE, &ty).is_err());
    let secret = Value::tuple([Value::number(1).with_marks(value::Marks::SENSITIVE)]);
    assert!(to_msgpack(&secret, &Type::tuple([Type::Number])).is_err());
}

#[test]
fn infinities_travel_as_floats() {
    for text in ["inf", "-inf"] {
        let number = Value::number(Number::parse(text).unwrap());
        let bytes = to_msgpack(&number, &Type::Number).unwrap();
        assert_eq!((bytes[0], from_msgpack(&bytes, &Type::Number).unwrap()), (0xcb, number));
    }
}
