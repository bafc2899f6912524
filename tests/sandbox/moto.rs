//! The provider `aws` in moto, which knows nothing of it nor of the sandbox: the same configurations, as far as moto goes.

use std::fs;
use std::path::Path;

use super::differential::Moto;
use super::{Ran, command, run};
use crate::program::GANTRY;

/// What moto does not have, or does otherwise than AWS: the blocks that are left out, with the reason.
const GAPS: &[(&str, &str)] = &[
    ("data \"aws_eks_addon_version\" \"dns\"", "moto has no DescribeAddonVersions"),
    ("resource \"aws_eks_access_entry\" \"me\"", "moto has no access entries"),
    ("resource \"aws_eks_access_policy_association\" \"me\"", "moto has no access entries"),
    ("resource \"aws_eks_addon\" \"dns\"", "moto has no add-ons"),
    ("resource \"aws_launch_template\" \"nodes\"", "moto puts the template's own tags into its data"),
];

/// Texts that are replaced because of moto, with the reason.
const REPLACED: &[(&str, &str, &str)] = &[
    ("  access_config {\n    authentication_mode = \"API_AND_CONFIG_MAP\"\n  }\n", "", "moto forgets accessConfig"),
    (
        "  taint {\n    key    = \"spot\"",
        "  remote_access {\n    ec2_ssh_key = \"eksKeypair\"\n  }\n  taint {\n    key    = \"spot\"",
        "moto says of every node group that it has this key",
    ),
    ("    version = aws_launch_template.nodes.latest_version\n", "", "it is left out"),
];

/// Leaves out what moto does not have.
fn fit_for_moto(text: &str) -> String {
    let mut text = text.to_owned();
    for (head, _) in GAPS {
        let Some(start) = text.find(head) else { continue };
        let length = text[start..].find("\n}\n").expect("a block has an end") + 3;
        text.replace_range(start..start + length, "");
    }
    for (from, to, _) in REPLACED {
        text = text.replace(from, to);
    }
    text
}

struct Judged<'m> {
    moto: &'m Moto,
    folder: tempfile::TempDir,
}

impl Judged<'_> {
    #[track_caller]
    fn run(&self, arguments: &[&str], said: &str) -> Ran {
        let mut command = command(self.folder.path(), Path::new(GANTRY));
        let command = command.env("AWS_ENDPOINT_URL", &self.moto.endpoint).env("AWS_REGION", "eu-west-1");
        let ran = run(command.env("AWS_ACCESS_KEY_ID", "a").env("AWS_SECRET_ACCESS_KEY", "b").args(arguments));
        assert!(ran.is_good && ran.out.contains(said), "{arguments:?}: {ran:#?}");
        ran
    }

    /// Applies a configuration, sees that nothing is left to do, changes it, sees the same, and destroys it.
    #[track_caller]
    fn lives(moto: &Moto, text: &str, changes: &[(&str, &str)], count: usize) {
        let judged = Judged { moto, folder: tempfile::tempdir().expect("a folder") };
        let write = |text: &str| fs::write(judged.folder.path().join("main.tf"), text).expect("a file");
        write(text);
        judged.run(&["apply", "-auto-approve"], &format!("{count} added"));
        judged.run(&["plan", "-detailed-exitcode"], "No changes");
        let changed = changes.iter().fold(text.to_owned(), |text, (from, to)| {
            assert!(text.contains(from), "there is nothing to change: {from}");
            text.replace(from, to)
        });
        write(&changed);
        judged.run(&["apply", "-auto-approve"], "0 added");
        judged.run(&["plan", "-detailed-exitcode"], "No changes");
        judged.run(&["destroy", "-auto-approve"], &format!("{count} destroyed"));
    }
}

#[test]
fn networks_roles_and_clusters_live_in_another_emulation() {
    let folder = tempfile::tempdir().expect("a folder");
    let Some(moto) = Moto::start(folder.path()) else { return };
    let network = fit_for_moto(include_str!("network.tf"));
    Judged::lives(
        &moto,
        &network,
        &[("tier = \"public\" }\n}", "tier = \"open\" }\n}"), ("default = true", "default = false")],
        20,
    );
    let cluster = fit_for_moto(include_str!("aws.tf"));
    // Of node groups and versions moto begins updates, and has no DescribeUpdate that tells when they have ended.
    let changes =
        [("description        = \"nodes\"", "description = \"all nodes\""), ("tier = \"one\"", "tier = \"two\"")];
    Judged::lives(&moto, &cluster, &changes, 17);
}
