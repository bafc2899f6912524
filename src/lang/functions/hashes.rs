//! Hashes of texts and files: `md5`, `sha1`, `sha256`, `sha512`, `base64sha...`, `file...`.

use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};

use super::files::read_file;
use super::{Code, Example, Function, Param, Returns, base64, example, param, types};

static TEXT: [Param; 1] = [param("str", types::string)];
static PATH: [Param; 1] = [param("path", types::string)];

const fn text_hash(name: &'static str, summary: &'static str, examples: &'static [Example], code: Code) -> Function {
    Function { name, summary, params: &TEXT, rest: None, returns: Returns::Fixed(types::string), examples, code }
}

const fn file_hash(name: &'static str, summary: &'static str, examples: &'static [Example], code: Code) -> Function {
    Function { name, summary, params: &PATH, rest: None, returns: Returns::Fixed(types::string), examples, code }
}

fn hex<D: Digest>(bytes: &[u8]) -> String {
    D::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn short<D: Digest>(bytes: &[u8]) -> String {
    base64::encode(&D::digest(bytes))
}

pub(super) static MD5: Function = text_hash(
    "md5",
    "Returns the MD5 hash of a text as hexadecimal digits. Not for anything that an attacker may choose.",
    &[
        example(r#"md5("hello world")"#, r#""5eb63bbbe01eeed093cb22bb8f5acdc3""#),
        example(r#"md5("")"#, r#""d41d8cd98f00b204e9800998ecf8427e""#),
        example("md5(null)", "error: must not be null"),
    ],
    Code::Eager(|call| Ok(hex::<Md5>(call.text(0).as_bytes()).into())),
);

pub(super) static SHA1: Function = text_hash(
    "sha1",
    "Returns the SHA-1 hash of a text as hexadecimal digits. Not for anything that an attacker may choose.",
    &[
        example(r#"sha1("hello world")"#, r#""2aae6c35c94fcfb415dbe95f408b9ce91ee846ed""#),
        example("sha1([])", "error: string required"),
    ],
    Code::Eager(|call| Ok(hex::<Sha1>(call.text(0).as_bytes()).into())),
);

pub(super) static SHA256: Function = text_hash(
    "sha256",
    "Returns the SHA-256 hash of a text as hexadecimal digits.",
    &[
        example(r#"sha256("hello world")"#, r#""b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9""#),
        example("sha256(null)", "error: must not be null"),
    ],
    Code::Eager(|call| Ok(hex::<Sha256>(call.text(0).as_bytes()).into())),
);

pub(super) static SHA512: Function = text_hash(
    "sha512",
    "Returns the SHA-512 hash of a text as hexadecimal digits.",
    &[
        example(
            r#"sha512("")"#,
            r#""cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e""#,
        ),
        example("sha512(null)", "error: must not be null"),
    ],
    Code::Eager(|call| Ok(hex::<Sha512>(call.text(0).as_bytes()).into())),
);

pub(super) static BASE64SHA256: Function = text_hash(
    "base64sha256",
    "Returns the SHA-256 hash of a text in Base64: the raw hash, not its hexadecimal digits.",
    &[
        example(r#"base64sha256("hello world")"#, r#""uU0nuZNNPgilLlLX2n2r+sSE7+N6U4DukIj3rOLvzek=""#),
        example("base64sha256(null)", "error: must not be null"),
    ],
    Code::Eager(|call| Ok(short::<Sha256>(call.text(0).as_bytes()).into())),
);

pub(super) static BASE64SHA512: Function = text_hash(
    "base64sha512",
    "Returns the SHA-512 hash of a text in Base64: the raw hash, not its hexadecimal digits.",
    &[
        example(
            r#"base64sha512("")"#,
            r#""z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg==""#,
        ),
        example("base64sha512(null)", "error: must not be null"),
    ],
    Code::Eager(|call| Ok(short::<Sha512>(call.text(0).as_bytes()).into())),
);

pub(super) static FILEMD5: Function = file_hash(
    "filemd5",
    "Returns the MD5 hash of a file's bytes as hexadecimal digits.",
    &[
        example(r#"filemd5("/dev/null")"#, r#""d41d8cd98f00b204e9800998ecf8427e""#),
        example(r#"filemd5("missing")"#, "error: there is no file"),
    ],
    Code::Eager(|call| Ok(hex::<Md5>(&read_file(call, 0)?).into())),
);

pub(super) static FILESHA1: Function = file_hash(
    "filesha1",
    "Returns the SHA-1 hash of a file's bytes as hexadecimal digits.",
    &[
        example(r#"filesha1("/dev/null")"#, r#""da39a3ee5e6b4b0d3255bfef95601890afd80709""#),
        example(r#"filesha1("missing")"#, "error: there is no file"),
    ],
    Code::Eager(|call| Ok(hex::<Sha1>(&read_file(call, 0)?).into())),
);

pub(super) static FILESHA256: Function = file_hash(
    "filesha256",
    "Returns the SHA-256 hash of a file's bytes as hexadecimal digits.",
    &[
        example(r#"filesha256("/dev/null")"#, r#""e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855""#),
        example(r#"filesha256("missing")"#, "error: there is no file"),
    ],
    Code::Eager(|call| Ok(hex::<Sha256>(&read_file(call, 0)?).into())),
);

pub(super) static FILESHA512: Function = file_hash(
    "filesha512",
    "Returns the SHA-512 hash of a file's bytes as hexadecimal digits.",
    &[
        example(
            r#"filesha512("/dev/null")"#,
            r#""cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e""#,
        ),
        example(r#"filesha512("missing")"#, "error: there is no file"),
    ],
    Code::Eager(|call| Ok(hex::<Sha512>(&read_file(call, 0)?).into())),
);

pub(super) static FILEBASE64SHA256: Function = file_hash(
    "filebase64sha256",
    "Returns the SHA-256 hash of a file's bytes in Base64.",
    &[
        example(r#"filebase64sha256("/dev/null")"#, r#""47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=""#),
        example(r#"filebase64sha256("missing")"#, "error: there is no file"),
    ],
    Code::Eager(|call| Ok(short::<Sha256>(&read_file(call, 0)?).into())),
);

pub(super) static FILEBASE64SHA512: Function = file_hash(
    "filebase64sha512",
    "Returns the SHA-512 hash of a file's bytes in Base64.",
    &[
        example(
            r#"filebase64sha512("/dev/null")"#,
            r#""z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg==""#,
        ),
        example(r#"filebase64sha512("missing")"#, "error: there is no file"),
    ],
    Code::Eager(|call| Ok(short::<Sha512>(&read_file(call, 0)?).into())),
);
