//! A registry, a user's home and folders of configurations that see nothing else.

use std::fs;
use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::json;
use zip::write::SimpleFileOptions;

use super::server::{AUTHORITY, Server};
use super::signing::Signer;

/// What the tests' provider is called.
pub(super) const PROVIDER: &str = "registry.terraform.io/acme/rocket";

pub(super) struct World {
    pub(super) server: Server,
    pub(super) signer: Signer,
    folder: tempfile::TempDir,
}

impl World {
    /// Makes a world with a registry that has nothing yet.
    pub(super) fn new() -> World {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        for name in ["home", "work"] {
            fs::create_dir(folder.path().join(name)).expect("a folder can be made in it");
        }
        fs::write(folder.path().join("authority.pem"), AUTHORITY).expect("a file can be written");
        let server = Server::start();
        let services = json!({ "providers.v1": "/v1/providers/", "modules.v1": "/v1/modules/" });
        server.put("/.well-known/terraform.json", services.to_string());
        World { server, signer: Signer::new(7), folder }
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file, the path beginning with `work` or another folder.
    pub(super) fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("it is in a folder")).expect("the folder can be made");
        fs::write(path, text).expect("the file can be written");
    }

    pub(super) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_else(|error| format!("{name}: {error}"))
    }

    /// Writes a configuration that requires the provider in versions.
    pub(super) fn require(&self, folder: &str, version: &str) {
        let text = format!(
            "terraform {{\n  required_providers {{\n    rocket = {{\n      source  = \"acme/rocket\"\n      version = \
             \"{version}\"\n    }}\n  }}\n}}\n"
        );
        self.write(&format!("{folder}/main.tf"), &text);
    }

    /// Makes `gantry` ready to run in a folder, with nothing of the user's own.
    pub(super) fn gantry(&self, folder: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(crate::program::GANTRY);
        command
            .args(arguments)
            .current_dir(self.path(folder))
            .env_clear()
            .env("HOME", self.path("home"))
            .env("PATH", search_path())
            .env("SSL_CERT_FILE", self.path("authority.pem"))
            .env("GANTRY_DEFAULT_REGISTRY", self.server.host());
        command
    }

    /// Makes Terraform ready to run with the same registry for the same addresses.
    pub(super) fn terraform(&self, folder: &str, arguments: &[&str]) -> Command {
        let host = self.server.host();
        let services = format!(
            "\"providers.v1\" = \"https://{host}/v1/providers/\"\n\"modules.v1\" = \"https://{host}/v1/modules/\""
        );
        let settings = format!("host \"registry.terraform.io\" {{\nservices = {{\n{services}\n}}\n}}\n");
        self.write("home/terraform.tfrc", &settings);
        let mut command = Command::new("terraform");
        command
            .args(arguments)
            .current_dir(self.path(folder))
            .env_clear()
            .env("HOME", self.path("home"))
            .env("PATH", search_path())
            .env("SSL_CERT_FILE", self.path("authority.pem"))
            .env("CHECKPOINT_DISABLE", "1")
            .env("TF_CLI_CONFIG_FILE", self.path("home/terraform.tfrc"));
        command
    }

    /// Runs `gantry` and returns what it printed; it must end well.
    pub(super) fn run(&self, arguments: &[&str]) -> String {
        succeed(self.gantry("work", arguments))
    }

    /// Runs `gantry` and returns its complaint; it must not end well.
    pub(super) fn fail(&self, arguments: &[&str]) -> String {
        let output = output(self.gantry("work", arguments));
        assert!(!output.status.success(), "it ended well: {}", String::from_utf8_lossy(&output.stdout));
        crate::program::one_line(&String::from_utf8_lossy(&output.stderr))
    }

    /// Returns the folder of the installed package.
    pub(super) fn package(&self, folder: &str, version: &str) -> PathBuf {
        self.path(folder).join(".gantry/providers").join(PROVIDER).join(version).join(platform())
    }

    /// Publishes a version of the provider with a package for this platform and one for another.
    pub(super) fn publish(&self, version: &str, archive: Vec<u8>) -> Release {
        let release = Release { version: version.to_owned(), platform: platform() };
        let other = Release { version: version.to_owned(), platform: "plan9_mips".to_owned() };
        let document = format!(
            "{}  {}\n{}  {}\n",
            sha256(&archive),
            release.filename(),
            sha256(b"some other archive"),
            other.filename()
        );
        self.describe(&release, &archive, &document);
        self.server.put(&release.archive_path(), archive);
        let signature = self.signer.sign(document.as_bytes());
        self.server.put(&release.checksums_path(), document.into_bytes());
        self.server.put(&release.signature_path(), signature);
        release
    }

    /// Publishes which versions there are.
    pub(super) fn list(&self, versions: &[&str]) {
        let system = platform();
        let (os, arch) = system.split_once('_').expect("a platform has two parts");
        let versions: Vec<_> = versions
            .iter()
            .map(|version| json!({"version": version, "protocols": ["5.0"], "platforms": [{"os": os, "arch": arch}]}))
            .collect();
        self.server.put("/v1/providers/acme/rocket/versions", json!({ "versions": versions }).to_string());
    }

    fn describe(&self, release: &Release, archive: &[u8], document: &str) {
        let system = platform();
        let (os, arch) = system.split_once('_').expect("a platform has two parts");
        let page = json!({
            "protocols": ["5.0"],
            "os": os,
            "arch": arch,
            "filename": release.filename(),
            "download_url": release.archive_path(),
            "shasums_url": release.checksums_path(),
            "shasums_signature_url": release.signature_path(),
            "shasum": sha256(archive),
            "signing_keys": { "gpg_public_keys": [{ "key_id": self.signer.id(), "ascii_armor": self.signer.armour() }] },
        });
        assert!(document.contains(&sha256(archive)));
        let path = format!("/v1/providers/acme/rocket/{}/download/{os}/{arch}", release.version);
        self.server.put(&path, page.to_string());
    }
}

/// A published version.
pub(super) struct Release {
    version: String,
    platform: String,
}

impl Release {
    pub(super) fn filename(&self) -> String {
        format!("terraform-provider-rocket_{}_{}.zip", self.version, self.platform)
    }

    pub(super) fn archive_path(&self) -> String {
        format!("/releases/{}", self.filename())
    }

    pub(super) fn checksums_path(&self) -> String {
        format!("/releases/{}_SHA256SUMS", self.version)
    }

    pub(super) fn signature_path(&self) -> String {
        format!("/releases/{}_SHA256SUMS.sig", self.version)
    }
}

/// Makes the package of a version: a program, and something that does not get smaller.
pub(super) fn package(version: &str) -> Vec<u8> {
    let program = format!("#!/bin/sh\necho this is no provider, version {version}\nexit 1\n");
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let noise: Vec<u8> = (0..200_000)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 32) as u8
        })
        .collect();
    archive(&[(&format!("terraform-provider-rocket_v{version}"), program.as_bytes()), ("docs/noise", &noise)])
}

/// Makes an archive of files.
pub(super) fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in files {
        let mode = if name.starts_with("terraform-provider-") { 0o755 } else { 0o644 };
        let options = SimpleFileOptions::default().unix_permissions(mode);
        writer.start_file(*name, options).expect("a file can begin");
        writer.write_all(content).expect("memory can be written");
    }
    writer.finish().expect("memory can be written").into_inner()
}

pub(super) fn output(mut command: Command) -> Output {
    command.output().expect("the program starts")
}

/// Runs a program that must end well and returns what it printed.
#[track_caller]
pub(super) fn succeed(command: Command) -> String {
    let output = output(command);
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}{err}");
    out.into_owned()
}

pub(super) fn sha256(bytes: &[u8]) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes);
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(super) fn platform() -> String {
    let system = std::env::consts::OS.replace("macos", "darwin");
    let processor = std::env::consts::ARCH.replace("x86_64", "amd64").replace("aarch64", "arm64");
    format!("{system}_{processor}")
}

/// Lists the files below a folder.
pub(super) fn files(folder: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut files = Vec::new();
    for path in entries.map(|entry| entry.expect("an entry can be read").path()) {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() {
            files.extend(self::files(&path).into_iter().map(|file| format!("{name}/{file}")));
        } else {
            files.push(name);
        }
    }
    files.sort();
    files
}

/// Where programs are looked for: `git` and `terraform` are the user's.
#[allow(clippy::disallowed_methods, reason = "the programs that the machine has are what is asked for")]
fn search_path() -> std::ffi::OsString {
    std::env::var_os("PATH").unwrap_or_default()
}
