//! Speed and memory of parsing. `cargo test --release -p gantry-syntax benchmark_parse -- --ignored --nocapture`

use std::fmt::Write as _;
use std::io::Write as _;
use std::time::{Duration, Instant};

use diag::FileId;

/// A file of nothing but small, equal blocks.
fn flat(count: usize) -> String {
    let block = |i| format!("resource \"terraform_data\" \"r{i}\" {{\n  input = \"v{i}\"\n}}\n");
    (0..count).map(block).collect()
}

/// A file as people write them: nested blocks, references, templates, collections, comments.
pub(super) fn mixed(count: usize) -> String {
    let mut text = String::new();
    for i in 0..count {
        write!(
            text,
            r#"# Pool number {i} and what belongs to it.
resource "aws_eks_node_group" "pool_{i}" {{
  count           = var.enabled && length(var.pools) > {i} ? 1 : 0
  cluster_name    = aws_eks_cluster.main[0].name
  node_group_name = "${{local.prefix}}-pool-{i}"
  node_role_arn   = aws_iam_role.node.arn
  subnet_ids      = [for subnet in aws_subnet.private : subnet.id if subnet.tags["tier"] == "private"]
  instance_types  = ["m5.large", "m5a.large", "m6i.large"]

  scaling_config {{
    desired_size = 2 + {i} * 3
    min_size     = 1
    max_size     = max(var.maximum, 10, coalesce(var.sizes["pool-{i}"], 5))
  }}

  dynamic "taint" {{
    for_each = {{ for key, taint in var.taints : key => taint if taint.pool == {i} }}
    content {{
      key    = taint.value.key
      effect = lookup(taint.value, "effect", "NO_SCHEDULE")
    }}
  }}

  user_data = <<-EOT
    #!/bin/bash
    set -o xtrace
    /etc/eks/bootstrap.sh ${{aws_eks_cluster.main[0].name}} --pool {i}
    %{{ for mirror in var.mirrors ~}}
    echo "${{mirror}}" >> /etc/mirrors
    %{{ endfor ~}}
  EOT

  tags = merge(var.tags, {{
    Name        = "pool-{i}" // the name in the console
    environment = var.environment
    "k8s.io/cluster/main" = "owned"
  }})

  depends_on = [aws_iam_role_policy_attachment.node]
}}

"#
        )
        .unwrap();
    }
    text
}

/// A JSON file of blocks.
fn json(count: usize) -> String {
    let block = |i| format!("\"r{i}\": {{\"input\": \"v${{var.x}}-{i}\", \"n\": [{i}, true, null]}}");
    let blocks = (0..count).map(block).collect::<Vec<_>>().join(",\n");
    format!("{{\"resource\": {{\"terraform_data\": {{\n{blocks}\n}}}}}}")
}

/// Bytes of memory in use, where the system tells.
fn resident() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    statm.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok()).unwrap_or(0) * 4096
}

#[test]
#[ignore = "a measurement, for a release build"]
fn benchmark_parse() {
    let mut out = std::io::stderr();
    let file = FileId(0);
    for (name, text) in [("flat", flat(100_000)), ("mixed", mixed(4_000)), ("json", json(60_000))] {
        let megabytes = text.len() as f64 / 1e6;
        let bytes = text.as_bytes();
        let time = |work: &dyn Fn()| {
            let times = (0..7).map(|_| {
                let start = Instant::now();
                work();
                start.elapsed()
            });
            times.min().unwrap_or(Duration::ZERO).as_secs_f64()
        };
        let before = resident();
        std::mem::forget(if name == "json" { crate::parse_json(file, bytes) } else { crate::parse(file, bytes) });
        let memory = (resident() - before) as f64 / bytes.len() as f64;
        let lexed = time(&|| drop(std::hint::black_box(crate::lex(bytes))));
        let parsed = time(&|| {
            let (tree, diags) = if name == "json" { crate::parse_json(file, bytes) } else { crate::parse(file, bytes) };
            assert!(diags.is_empty(), "the text is right");
            // Freeing is not part of parsing: a run keeps its trees.
            std::mem::forget(std::hint::black_box(tree));
        });
        writeln!(
            out,
            "{name}: {megabytes:.1} MB, lex {:.0} MB/s, lex and parse {:.0} MB/s, memory {memory:.1} times the text",
            megabytes / lexed,
            megabytes / parsed
        )
        .unwrap();
    }
}
