//! Modules from registries, repositories and archives.

use std::fs;
use std::io::Write;
use std::process::Command;

use serde_json::json;

use super::server::Page;
use super::world::{World, archive, output, succeed};
use crate::terraform::is_terraform_there;

const MODULE: &str = "output \"where\" {\n  value = \"WHERE\"\n}\n";

fn module(place: &str) -> String {
    MODULE.replace("WHERE", place)
}

/// Makes a repository with the tag `v1` and a later change.
fn repository(world: &World) -> String {
    let folder = world.path("repository");
    fs::create_dir(&folder).unwrap();
    let git = |arguments: &[&str]| {
        let output = Command::new("git")
            .args([
                "-c",
                "user.name=somebody",
                "-c",
                "user.email=somebody@example.com",
                "-c",
                "init.defaultBranch=main",
            ])
            .args(arguments)
            .current_dir(&folder)
            .env("HOME", world.path("home"))
            .output()
            .expect("git is there");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    git(&["init", "--quiet"]);
    world.write("repository/main.tf", &module("first"));
    world.write("repository/inner/main.tf", &module("inner"));
    world.write("repository/outer/main.tf", "module \"inner\" {\n  source = \"../inner\"\n}\n");
    git(&["add", "."]);
    git(&["commit", "--quiet", "--message=first"]);
    git(&["tag", "v1"]);
    world.write("repository/main.tf", &module("second"));
    git(&["commit", "--quiet", "--all", "--message=second"]);
    format!("git::file://{}", folder.display())
}

#[test]
fn fetches_repositories_by_tag_branch_and_subfolder() {
    let world = World::new();
    let url = repository(&world);
    let call = |name: &str, source: &str| format!("module \"{name}\" {{\n  source = \"{source}\"\n}}\n");
    let text = [
        call("tip", &url),
        call("tag", &format!("{url}?ref=v1")),
        call("branch", &format!("{url}?ref=main&depth=1")),
        call("outer", &format!("{url}//outer?ref=v1")),
        "output \"all\" {\n  value = [module.tip.where, module.tag.where, module.branch.where]\n}\n".to_owned(),
    ];
    world.write("work/main.tf", &text.concat());
    let complaint = world.fail(&["validate"]);
    assert!(complaint.contains("run \"gantry init\""), "{complaint}");
    let said = world.run(&["get"]);
    assert!(said.contains("- outer.inner: ../inner\n"), "{said}");
    world.run(&["validate"]);
    let plan = world.run(&["plan"]);
    assert!(plan.contains("\"second\",\n") && plan.contains("\"first\",\n"), "{plan}");
    let again = world.run(&["get"]);
    assert_eq!(again.matches("fetched before").count(), 4, "{again}");
    let complaint = world.fail(&["init", "-upgrade", "-get=true", "-plugin-dir=/nowhere", "-bad"]);
    assert!(complaint.contains("bad"), "{complaint}");
    if is_terraform_there("modules.json") {
        succeed(world.terraform("work", &["get"]));
        let theirs = world.read("work/.terraform/modules/modules.json").replace(".terraform/", ".gantry/");
        assert_eq!(world.read("work/.gantry/modules/modules.json"), theirs);
    }
}

#[test]
fn begins_with_a_copy_of_a_module() {
    let world = World::new();
    let url = repository(&world);
    world.run(&["init", &format!("-from-module={url}//inner?ref=v1")]);
    assert!(world.path("work/main.tf").is_file() && !world.path("work/.git").exists());
    let complaint = world.fail(&["init", &format!("-from-module={url}")]);
    assert!(complaint.contains("must not overwrite"), "{complaint}");
}

#[track_caller]
fn check_refused(source: &str, reason: &str) {
    let world = World::new();
    world.write("work/main.tf", &format!("module \"a\" {{\n  source = \"{source}\"\n}}\n"));
    let complaint = world.fail(&["init"]);
    assert!(complaint.contains(reason), "{source}: {complaint}");
    assert!(!world.path("work/marker").exists());
}

#[test]
fn refuses_sources_that_would_run_programs_or_are_not_there() {
    check_refused("git::ext::sh -c touch% marker", "Invalid module source address");
    check_refused("git::file:///nowhere?ref=--upload-pack=touch", "Invalid module source address");
    check_refused("git::file:///nowhere/at/all", "could not be fetched");
    check_refused("hg::https://example.com/x", "Invalid module source address");
}

/// Lets the registry have a module in versions that are found at a place.
fn publish(world: &World, versions: &[&str], place: &str) {
    let list: Vec<_> = versions.iter().map(|version| json!({ "version": version })).collect();
    let path = "/v1/modules/acme/net/fake";
    world.server.put(&format!("{path}/versions"), json!({ "modules": [{ "versions": list }] }).to_string());
    for version in versions {
        let headers = vec![("x-terraform-get", place.replace("VERSION", version))];
        world.server.put(&format!("{path}/{version}/download"), Page { headers, ..Page::default() });
    }
}

#[test]
fn chooses_versions_of_registry_modules() {
    let world = World::new();
    publish(&world, &["1.0.0", "1.4.0", "2.0.0", "2.1.0-beta1"], "/archives/VERSION.zip//*/net");
    for version in ["1.0.0", "1.4.0", "2.0.0"] {
        let files = [("net-main/net/main.tf", module(version)), ("net-main/net/sub/main.tf", module("sub"))];
        let files: Vec<(&str, &[u8])> = files.iter().map(|(name, text)| (*name, text.as_bytes())).collect();
        world.server.put(&format!("/archives/{version}.zip"), archive(&files));
    }
    let configuration = |constraint: &str| {
        format!(
            "module \"a\" {{\n  source  = \"acme/net/fake\"\n  version = \"{constraint}\"\n}}\nmodule \"b\" {{\n  source = \
             \"acme/net/fake//sub\"\n}}\n"
        )
    };
    world.write("work/main.tf", &configuration("~> 1.0"));
    let text = world.run(&["init"]);
    assert!(text.contains("- a: acme/net/fake v1.4.0, fetched\n- b: acme/net/fake//sub v2.0.0, fetched\n"), "{text}");
    let manifest = world.read("work/.gantry/modules/modules.json");
    assert!(
        manifest.contains(r#""Dir":".gantry/modules/a/net-main/net"}"#) || manifest.contains("/*/net"),
        "{manifest}"
    );
    world.run(&["validate"]);
    world.write("work/main.tf", &configuration("~> 2.0"));
    let complaint = world.fail(&["validate"]);
    assert!(complaint.contains("Module version requirements have changed"), "{complaint}");
    world.run(&["init", "-backend=false"]);
    world.run(&["validate"]);
    world.write("work/main.tf", &configuration("> 2.0"));
    let complaint = world.fail(&["init"]);
    assert!(complaint.contains("No version of the module") && complaint.contains("2.1.0-beta1, 2.0.0"), "{complaint}");
    world.write("work/main.tf", "module \"a\" {\n  source = \"acme/gone/fake\"\n}\n");
    let complaint = world.fail(&["init"]);
    assert!(complaint.contains("Module not found"), "{complaint}");
    publish(&world, &["1.0.0"], "file:///etc");
    world.write("work/main.tf", &configuration("1.0.0"));
    fs::remove_dir_all(world.path("work/.gantry")).unwrap();
    let complaint = world.fail(&["init"]);
    assert!(complaint.contains("cannot be fetched"), "{complaint}");
}

fn tar_gz(files: &[(&str, &str)], link: Option<(&str, &str)>) -> Vec<u8> {
    let mut builder = tar::Builder::new(flate2::GzBuilder::new().write(Vec::new(), flate2::Compression::fast()));
    for (name, text) in files {
        let mut header = tar::Header::new_gnu();
        // Written past the library's own check, which would not let bad names through.
        header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        builder.append(&header, text.as_bytes()).unwrap();
    }
    if let Some((name, target)) = link {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Symlink);
        header.set_size(0);
        header.set_path(name).unwrap();
        header.set_link_name_literal(target).unwrap();
        header.set_cksum();
        builder.append(&header, std::io::empty()).unwrap();
    }
    let mut encoder = builder.into_inner().unwrap();
    encoder.flush().unwrap();
    encoder.finish().unwrap()
}

#[test]
fn fetches_archives_and_asks_pages_where_they_are() {
    let world = World::new();
    let host = world.server.host();
    world.server.put("/a.tar.gz", tar_gz(&[("main.tf", &module("tar"))], Some(("link.tf", "main.tf"))));
    world.server.put("/b", archive(&[("main.tf", module("zip").as_bytes())]));
    let page =
        format!("<html><head><meta name=\"terraform-get\" content=\"https://{host}/b?archive=zip\"></head></html>");
    let html = vec![("content-type", "text/html".to_owned())];
    world.server.put("/page?terraform-get=1", Page { body: page.into_bytes(), headers: html, ..Page::default() });
    let call = |name: &str, path: &str| format!("module \"{name}\" {{\n  source = \"https://{host}/{path}\"\n}}\n");
    world.write("work/main.tf", &[call("b", "b?archive=zip"), call("c", "page")].concat());
    world.run(&["get"]);
    world.run(&["validate"]);
    // The link makes the output a second time, which shows that it was followed.
    world.write("work/main.tf", &call("a", "a.tar.gz"));
    let complaint = world.fail(&["get"]);
    assert!(complaint.contains("Duplicate output"), "{complaint}");
    let refused = |archive: Vec<u8>, path: &str, reason: &str| {
        world.server.put("/bad.tar.gz", archive);
        world.write("work/main.tf", &call("bad", path));
        let complaint = world.fail(&["get", "-update"]);
        assert!(complaint.contains(reason), "{complaint}");
        assert!(!world.path("work/.gantry/modules/bad").exists());
    };
    let good = || tar_gz(&[("main.tf", &module("x"))], None);
    refused(tar_gz(&[("../out.tf", "")], None), "bad.tar.gz", "Archive escapes its folder");
    refused(tar_gz(&[], Some(("link", "/etc"))), "bad.tar.gz", "Archive escapes its folder");
    refused(tar_gz(&[], Some(("a/link", "../../out"))), "bad.tar.gz", "Archive escapes its folder");
    refused(good()[..20].to_vec(), "bad.tar.gz", "Damaged archive");
    refused(good(), "bad.tar.gz?checksum=sha256:00", "checksum");
    refused(good(), "gone.tar.gz", "404");
    refused(good(), "bad.tar.xz", "Unsupported module archive");
    let output = output(world.gantry("work", &["get", "-help"]));
    assert!(output.status.success());
}
