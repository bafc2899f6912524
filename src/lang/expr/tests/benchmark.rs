//! How long large evaluations take; run with `cargo test --release -p gantry-lang -- --ignored benchmark --nocapture`.

use std::io::Write;
use std::time::Instant;

use super::{Module, evaluate};

/// The expressions, each also fit for `terraform console`.
const EXPRESSIONS: &[&str] = &[
    r#"length([for i in range(1000) : [for j in range(1000) : "k${i}-${j * 2}"]])"#,
    r#"length({ for p in setproduct(range(1000), range(100)) : "k${p[0]}-${p[1]}" => p[1] })"#,
    r#"length(flatten([for i in range(1000) : [for j in range(300) : { a = i, b = j, c = "x${j}" }]]))"#,
    r#"length(merge([for i in range(1000) : { for j in range(100) : "k${i}-${j}" => j }]...))"#,
    r#"length(concat([for i in range(1000) : range(1000)]...))"#,
    r#"length({ for p in setproduct(range(1000), range(100)) : "g${p[1]}" => p[0]... })"#,
    r#"length([for i in range(1000) : i if contains(range(1000), i)])"#,
    r#"length([for i in range(1000) : [for j in range(1000) : i < j ? i * 2 + j : j - i]])"#,
    r#"length([for o in flatten([for i in range(1000) : [for j in range(100) : { a = { b = [i, j] } }]]) : o.a.b[1]])"#,
    r#"length(toset([for p in setproduct(range(1000), range(100)) : "k${p[0]}-${p[1]}"]))"#,
    r#"length(jsonencode([for i in range(1000) : [for j in range(100) : { a = i, b = "x${j}" }]]))"#,
    r#"length("%{ for p in setproduct(range(1000), range(100)) }${p[0]}-${p[1]},%{ endfor }")"#,
];

#[test]
#[ignore = "a measurement, for a release build"]
fn benchmark_large_evaluations() {
    let module = Module::load();
    for text in EXPRESSIONS {
        let start = Instant::now();
        let (value, diags) = evaluate(&module, text);
        let elapsed = start.elapsed();
        assert!(diags.is_empty(), "{text}: {diags:?}");
        let milliseconds = elapsed.as_secs_f64() * 1000.0;
        writeln!(std::io::stderr(), "{milliseconds:>8.1} ms  {value:?}  {text}").expect("stderr is open");
    }
}
