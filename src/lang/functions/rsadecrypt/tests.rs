//! Keys made for these tests alone (1024 bits, by OpenSSL and OpenSSH), and a text encrypted for the first of them.
//!
//! They stand here without their PEM frames so that no scanner takes them for somebody's secret.

use super::super::testing::check;

const PKCS1: &str = "\
    MIICXQIBAAKBgQDI6DYb9GT+z+6j8/ss4O2NDbp4fjg6mX4EHFxj1gRGZaUaN7OLWBQZ+9Z2ygGy64p09DQu2sbsR7FNjPr+iGtw\
    u2Zy+um/xiBZW+r1d9nYjvoRVo7RHi1blHeO76V14J3eMvjRjQOPOCijcPbIaA/oLM06IqfpuXa29DJl84wZaQIDAQABAoGBAJ6F\
    00QFd7czXEoTlinYJLg6j9rJRRa/zBX0RtYjpWXih/6C2vFlAx9pfdRnGiYSAkK7+XzK9VC0VOsrBVTXUWXP+uMmLvLCtAMdQQNX\
    uKt5SVAlDewdYPqvGOYE4yHPOhsylJc86hFY320t+mP6rrnN3+ST+8DfMIXTK02h28t9AkEA9c8Sv6ZdK3dsePdLfWGPcx6VTXfF\
    An2hjLYAc0XTdi/kMflzPBHf1PdA5D6IOO0NUMr74sI0/g10FjAK3VUZGwJBANE8kQtBwbd0INEhCcOEq8Y5HOcz8WxIFfPWQ6sq\
    cmDdj5ATWtfkBm8a6z5POB1C0swAA14trGaIBitn9nSPo8sCQQC4RXX+qk7qSOrOfEThR4Psfx7aJlFQnrG+9Km9wLjXvutI84IJ\
    pDSySHEjKiWg10TGLoVJ5uEnGxrNj1J1vlfFAkAsC7fsyrbgy41s+Kt5gSA35iXzdbfIt5QHdH9iNNlHEtz501k4QUQpd102DK8f\
    WcXOM+KBnNPB8bh6wrPa7bHpAkAFYRxJfWS/C0Isxe25rQWDdRUXvFLIYIrv+f2jIGJPDRhE71p1ZcVtTU8rqqKlZ/dWVgan7yUx\
    I4rGRi6Tk7ln\
";

const PKCS8: &str = "\
    MIICdwIBADANBgkqhkiG9w0BAQEFAASCAmEwggJdAgEAAoGBAMjoNhv0ZP7P7qPz+yzg7Y0Nunh+ODqZfgQcXGPWBEZlpRo3s4tY\
    FBn71nbKAbLrinT0NC7axuxHsU2M+v6Ia3C7ZnL66b/GIFlb6vV32diO+hFWjtEeLVuUd47vpXXgnd4y+NGNA484KKNw9shoD+gs\
    zToip+m5drb0MmXzjBlpAgMBAAECgYEAnoXTRAV3tzNcShOWKdgkuDqP2slFFr/MFfRG1iOlZeKH/oLa8WUDH2l91GcaJhICQrv5\
    fMr1ULRU6ysFVNdRZc/64yYu8sK0Ax1BA1e4q3lJUCUN7B1g+q8Y5gTjIc86GzKUlzzqEVjfbS36Y/quuc3f5JP7wN8whdMrTaHb\
    y30CQQD1zxK/pl0rd2x490t9YY9zHpVNd8UCfaGMtgBzRdN2L+Qx+XM8Ed/U90DkPog47Q1QyvviwjT+DXQWMArdVRkbAkEA0TyR\
    C0HBt3Qg0SEJw4Srxjkc5zPxbEgV89ZDqypyYN2PkBNa1+QGbxrrPk84HULSzAADXi2sZogGK2f2dI+jywJBALhFdf6qTupI6s58\
    ROFHg+x/HtomUVCesb70qb3AuNe+60jzggmkNLJIcSMqJaDXRMYuhUnm4ScbGs2PUnW+V8UCQCwLt+zKtuDLjWz4q3mBIDfmJfN1\
    t8i3lAd0f2I02UcS3PnTWThBRCl3XTYMrx9Zxc4z4oGc08HxuHrCs9rtsekCQAVhHEl9ZL8LQizF7bmtBYN1FRe8Ushgiu/5/aMg\
    Yk8NGETvWnVlxW1NTyuqoqVn91ZWBqfvJTEjisZGLpOTuWc=\
";

const OPENSSH: &str = "\
    b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAlwAAAAdzc2gtcnNhAAAAAwEAAQAAAIEAyOg2G/Rk/s/u\
    o/P7LODtjQ26eH44Opl+BBxcY9YERmWlGjezi1gUGfvWdsoBsuuKdPQ0LtrG7EexTYz6/ohrcLtmcvrpv8YgWVvq9XfZ2I76EVaO\
    0R4tW5R3ju+ldeCd3jL40Y0Djzgoo3D2yGgP6CzNOiKn6bl2tvQyZfOMGWkAAAH49wshsfcLIbEAAAAHc3NoLXJzYQAAAIEAyOg2\
    G/Rk/s/uo/P7LODtjQ26eH44Opl+BBxcY9YERmWlGjezi1gUGfvWdsoBsuuKdPQ0LtrG7EexTYz6/ohrcLtmcvrpv8YgWVvq9XfZ\
    2I76EVaO0R4tW5R3ju+ldeCd3jL40Y0Djzgoo3D2yGgP6CzNOiKn6bl2tvQyZfOMGWkAAAADAQABAAAAgQCehdNEBXe3M1xKE5Yp\
    2CS4Oo/ayUUWv8wV9EbWI6Vl4of+gtrxZQMfaX3UZxomEgJCu/l8yvVQtFTrKwVU11Flz/rjJi7ywrQDHUEDV7ireUlQJQ3sHWD6\
    rxjmBOMhzzobMpSXPOoRWN9tLfpj+q65zd/kk/vA3zCF0ytNodvLfQAAAEAFYRxJfWS/C0Isxe25rQWDdRUXvFLIYIrv+f2jIGJP\
    DRhE71p1ZcVtTU8rqqKlZ/dWVgan7yUxI4rGRi6Tk7lnAAAAQQD1zxK/pl0rd2x490t9YY9zHpVNd8UCfaGMtgBzRdN2L+Qx+XM8\
    Ed/U90DkPog47Q1QyvviwjT+DXQWMArdVRkbAAAAQQDRPJELQcG3dCDRIQnDhKvGORznM/FsSBXz1kOrKnJg3Y+QE1rX5AZvGus+\
    TzgdQtLMAANeLaxmiAYrZ/Z0j6PLAAAAAAEC\
";

const OTHER: &str = "\
    MIICXAIBAAKBgQDf+/e857jGgom6E6ct1nDIBgILso+ltr8uHWPXY9+RI8c0sbfT62PVCdW7TDFRql8ahOaEsJtaLPhWla/60/o4\
    Gkg3wL+HUPBmk0PIRivtr4bYhlN0nCMXJah12ApQuXy6nxzowakyvPV5KR3maIndMMLi1w6WdY6Z+hNL2n9D3wIDAQABAoGAPq1A\
    duEU6J+wsJw9ROtj5eUgf2t5HPMVbm8U+DnfXrr3THyKp0eQSRYWc/HvPx4AvOgBpZHR9xrsZzY951+X/cLp/rS1DLwmtruzh+ty\
    vRehikSpH/lDKlWfxqDo+wANJ0AeZy3R7j4sArNFhaPscdtBTDtUIJ+W4xci0EgDIEECQQD4Z6OzlrZolKUT7I24OLTuYrUZSCnH\
    YNgOoGoUiHjvxm9ReoaHAfeSYf0qPb1K7vLrySBAWqpjzgjOkyCyiUp/AkEA5tUtyiFT4pnVph21KNViEaLANtk5rwLFpZUdhjsy\
    MCS43b3A98lcXDKtoYpeKzbblqKwZBTQgO5brW90FP+WoQJAfWnV/JXbAnIJ5kVIR/pZXwH27QzCCyeZ7ciPxk4gwO4uxbRWt1MG\
    66ENcIY7S9nYS7L/1X3xCPK8/47Is1sdgQJAdwHZRajBEsa0+5u9VnwMv4LlDmIX9z66n4+tVRMX4PJNzSSTZCyQTYhjNDGeMzFp\
    LNRblH2WsaIx6czYUCslgQJBAJraSKZxlkeYA/36qRrfqvyvsUsJSDu3EnQY4iPMYgHRfkdOO9ZFacPHfgoZ2r5cqW1yYWZzqSsw\
    DDm6pnABCLU=\
";

const ELLIPTIC: &str = "\
    MHcCAQEEICUtGxeJ47fxO99qSGZdhkCVNC2DsZp37LAM32jj2cu0oAoGCCqGSM49AwEHoUQDQgAEzMZFn2dEOUf+gZWf48rV8ymd\
    6A02s/i1pXphfQeJwnzghV8p3EMvlONq4q1/EB0LD/rQaxrRdgB/JzFTTdSS5w==\
";

const CIPHERTEXT: &str = "\
    oknTRm8y6259JSskioMRqVHCxF5xFk2nyCIxpW7VAqi7K7MCuxxALYF+xq3RrJRbDWuGqxTUu/LRbvLXKQsctiSqIv0Za5pd4VA1\
    mDtaAN5xW/YAEWFbWE6PPbVtFug7qCy6oR9MNFakoZE+6m2NQdhL2/e3MaJUF3xT/c6T+ho=\
";

fn pem(label: &str, body: &str) -> String {
    format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n")
}

#[test]
fn keys_in_all_forms() {
    for (label, body) in [("RSA PRIVATE KEY", PKCS1), ("PRIVATE KEY", PKCS8), ("OPENSSH PRIVATE KEY", OPENSSH)] {
        check("rsadecrypt", [CIPHERTEXT.into(), pem(label, body).into()], Ok("message ✓".into()));
    }
}

#[test]
fn keys_that_do_not_fit() {
    let check = |key: &str, part| check("rsadecrypt", [CIPHERTEXT.into(), key.into()], Err(part));
    let rsa = |body: &str| pem("RSA PRIVATE KEY", body);
    check(&rsa(OTHER), "cannot be decrypted with this key");
    check(&pem("EC PRIVATE KEY", ELLIPTIC), "not an RSA key");
    check(&rsa("Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAAAA"), "has a passphrase");
    check("", "not a private key in PEM form");
    for body in ["MAA=", "MIIE", "!", "MAkCAQACAQACAQACAQA="] {
        check(&rsa(body), "damaged");
    }
    check(&rsa(&PKCS1[..400]), "damaged");
    check(&pem("OPENSSH PRIVATE KEY", &OPENSSH[..400]), "damaged");
}

#[test]
fn texts_that_do_not_fit() {
    let key = || pem("RSA PRIVATE KEY", PKCS1).into();
    check("rsadecrypt", ["".into(), key()], Err("cannot be decrypted"));
    check("rsadecrypt", ["AA==".into(), key()], Err("cannot be decrypted"));
    check("rsadecrypt", ["!".into(), key()], Err("is not Base64"));
}
