//! A folder with a configuration, plugins, and a log of which of them were started.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

pub(super) use crate::program::{GANTRY, eventually, one_line};
use crate::program::{is_alive, succeed};

/// A folder in which Gantry and Terraform run.
pub(super) struct World {
    folder: tempfile::TempDir,
    /// Plugins by the ends of their addresses: `NAMESPACE/NAME`.
    overrides: Vec<(String, PathBuf)>,
}

impl World {
    pub(super) fn new() -> World {
        let folder = tempfile::tempdir().expect("a folder");
        fs::create_dir(folder.path().join("plugins")).expect("a folder");
        World { folder, overrides: Vec::new() }
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(super) fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).expect("the file is written");
    }

    /// Adds a plugin: a script, which is started in place of the provider. Each start is written down with its process.
    pub(super) fn script(&mut self, source: &str, script: &str) {
        let name = source.rsplit('/').next().expect("a source has a name");
        let folder = self.path("plugins").join(name);
        fs::create_dir(&folder).expect("a folder");
        let file = folder.join(format!("terraform-provider-{name}"));
        let starts = self.path("starts");
        let text = format!("#!/bin/sh\necho \"{name} $$\" >> '{}'\n{script}\n", starts.display());
        fs::write(&file, text).expect("the script is written");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).expect("the script can be run");
        self.overrides.push((source.to_owned(), folder));
        let lines: String = self
            .overrides
            .iter()
            .map(|(source, folder)| format!("    {source:?} = {:?}\n", folder.display().to_string()))
            .collect();
        self.write(
            "cli.tfrc",
            &format!("provider_installation {{\n  dev_overrides {{\n{lines}  }}\n  direct {{}}\n}}\n"),
        );
    }

    /// Adds a plugin that is a program.
    pub(super) fn program(&mut self, source: &str, program: &Path) {
        self.script(source, &format!("exec '{}' \"$@\"", program.display()));
    }

    /// Adds our own fake provider as a plugin under another address, so that it is not the one that is linked in.
    pub(super) fn fake(&mut self) {
        self.script("example.com/test/fake", &format!("exec '{GANTRY}' provider serve fake"));
    }

    pub(super) fn command(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(self.folder.path()).stdin(Stdio::null()).env_clear();
        command
            .env("HOME", self.folder.path())
            .env("CHECKPOINT_DISABLE", "1")
            .env("PATH", "/usr/local/bin:/usr/bin:/bin");
        command.env("TF_CLI_CONFIG_FILE", self.path("cli.tfrc")).env("XDG_CACHE_HOME", self.path("cache"));
        command
    }

    pub(super) fn gantry(&self, arguments: &[&str]) -> Output {
        self.command(GANTRY, arguments).output().expect("gantry starts")
    }

    /// Runs Gantry, which must succeed, and returns what it prints.
    #[track_caller]
    pub(super) fn run(&self, arguments: &[&str]) -> String {
        succeed(&mut self.command(GANTRY, arguments))
    }

    /// Runs Gantry, which must fail, and returns what it complains about, on one line.
    #[track_caller]
    pub(super) fn fails(&self, arguments: &[&str]) -> String {
        let output = self.gantry(arguments);
        assert!(
            !output.status.success(),
            "gantry {arguments:?} succeeded:\n{}",
            String::from_utf8_lossy(&output.stdout)
        );
        one_line(&String::from_utf8_lossy(&output.stderr))
    }

    /// Starts Gantry.
    pub(super) fn start(&self, arguments: &[&str]) -> Child {
        let mut command = self.command(GANTRY, arguments);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("gantry starts")
    }

    /// Returns the plugins that were started so far: name and process.
    pub(super) fn starts(&self) -> Vec<(String, u32)> {
        let text = fs::read_to_string(self.path("starts")).unwrap_or_default();
        let start = |line: &str| {
            let (name, process) = line.split_once(' ')?;
            Some((name.to_owned(), process.parse().ok()?))
        };
        text.lines().filter_map(start).collect()
    }

    /// Forgets which plugins were started.
    pub(super) fn forget_starts(&self) {
        let _ = fs::remove_file(self.path("starts"));
    }

    /// Checks that no plugin is left.
    #[track_caller]
    pub(super) fn nothing_lingers(&self) {
        for (name, process) in self.starts() {
            let gone = || !is_alive(process);
            assert!(eventually(gone), "the plugin {name} ({process}) lingers");
        }
    }
}

/// Sends a signal.
pub(super) fn signal(process: u32, signal: &str) {
    let sent = Command::new("kill").args(["-s", signal, &process.to_string()]).status();
    assert!(sent.is_ok_and(|status| status.success()), "the signal is not sent");
}
