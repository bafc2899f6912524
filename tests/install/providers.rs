//! Providers from registries, mirrors and caches.

use std::fs;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use super::server::Page;
use super::signing::Signer;
use super::world::{PROVIDER, Release, World, archive, files, output, package, platform, sha256, succeed};
use crate::terraform::is_terraform_there;

/// Makes a world with one release.
fn with_release(version: &str) -> (World, Release) {
    let world = World::new();
    world.list(&[version]);
    let release = world.publish(version, package(version));
    world.require("work", &format!("~> {version}"));
    (world, release)
}

#[test]
fn installs_what_the_authors_have_signed() {
    let (world, release) = with_release("1.2.0");
    let text = world.run(&["init"]);
    let expected =
        format!("- acme/rocket v1.2.0: installed from {}, signed by key {}\n", world.server.host(), world.signer.id());
    assert!(text.contains(&expected), "{text}");
    let program = world.package("work", "1.2.0").join("terraform-provider-rocket_v1.2.0");
    assert!(fs::read_to_string(program).is_ok_and(|text| text.contains("version 1.2.0")));
    let lock = world.read("work/.terraform.lock.hcl");
    assert!(lock.contains("\"h1:") && lock.matches("\"zh:").count() == 2, "{lock}");
    world.server.asked();
    let text = world.run(&["init"]);
    assert!(text.contains("- acme/rocket v1.2.0: installed before\n"), "{text}");
    assert_eq!(world.server.asked().len(), 0);
    // Deleted and damaged packages come back.
    fs::write(world.package("work", "1.2.0").join("docs/noise"), "damaged").unwrap();
    let text = world.run(&["init"]);
    assert!(text.contains("the version in the lock file"), "{text}");
    assert!(world.server.asked().iter().any(|asked| asked.path == release.archive_path()));
    let left = files(&world.path("work/.gantry/providers/.downloads"));
    assert_eq!(left, [""; 0]);
}

#[test]
fn writes_the_lock_file_that_terraform_writes() {
    if !is_terraform_there("lock files of a registry") {
        return;
    }
    let (world, _) = with_release("1.2.0");
    world.run(&["init"]);
    let ours = world.read("work/.terraform.lock.hcl");
    world.require("theirs", "~> 1.2.0");
    succeed(world.terraform("theirs", &["init"]));
    let theirs = world.read("theirs/.terraform.lock.hcl");
    assert_eq!(ours, theirs);
    // Each takes the other's file as it is.
    for folder in ["work", "theirs"] {
        succeed(world.gantry(folder, &["init", "-lockfile=readonly"]));
        succeed(world.terraform(folder, &["init", "-lockfile=readonly"]));
        assert_eq!(world.read(&format!("{folder}/.terraform.lock.hcl")), ours);
    }
    fs::remove_file(world.path("work/.terraform.lock.hcl")).unwrap();
    fs::remove_file(world.path("theirs/.terraform.lock.hcl")).unwrap();
    succeed(world.gantry("work", &["providers", "lock"]));
    succeed(world.terraform("theirs", &["providers", "lock"]));
    assert_eq!(world.read("work/.terraform.lock.hcl"), world.read("theirs/.terraform.lock.hcl"));
}

/// Makes a folder in which packages lie unpacked, one for each version.
fn mirror(world: &World, folder: &str, versions: &[&str]) {
    for version in versions {
        let path = format!("{folder}/{PROVIDER}/{version}/{}/terraform-provider-rocket_v{version}", platform());
        world.write(&path, version);
        let mode = fs::Permissions::from_mode(0o755);
        fs::set_permissions(world.path(&path), mode).expect("it can be made a program");
    }
}

#[test]
fn flags_do_what_they_do_in_terraform() {
    if !is_terraform_there("flags of init") {
        return;
    }
    let world = World::new();
    for folder in ["work", "theirs"] {
        world.require(folder, ">= 1.0.0");
        mirror(&world, &format!("{folder}/mirror"), &["1.0.0"]);
        mirror(&world, &format!("{folder}/newer"), &["1.0.0", "1.1.0"]);
    }
    // Each with whether it ends well; the lock files are compared after each. What is chosen and installed, Gantry takes
    // from nowhere and so does not miss anywhere.
    const MISSED_BY_TERRAFORM_ONLY: &[&str] = &["init", "-plugin-dir=mirror"];
    for (arguments, is_well) in [
        (&["-plugin-dir=mirror", "-lockfile=readonly"][..], false),
        (&["-plugin-dir=mirror"], true),
        (&["-plugin-dir=newer"], true),
        (&["-plugin-dir=newer", "-lockfile=readonly"], true),
        (&["-plugin-dir=newer", "-upgrade", "-lockfile=readonly"], false),
        (&["-plugin-dir=mirror", "-upgrade"], true),
        (&["-plugin-dir=newer", "-upgrade"], true),
        (&["-plugin-dir=mirror"], false),
        (&["-plugin-dir=mirror", "-upgrade"], true),
        (&["-plugin-dir=mirror", "-plugin-dir=newer", "-upgrade"], true),
        (&["-plugin-dir=nowhere", "-upgrade"], false),
    ] {
        let arguments = [&["init"], arguments].concat();
        let ours = output(world.gantry("work", &arguments));
        let theirs = output(world.terraform("theirs", &arguments));
        let said = String::from_utf8_lossy(&theirs.stderr).into_owned();
        assert_eq!(theirs.status.success(), is_well, "Terraform: {arguments:?}: {said}");
        let said = String::from_utf8_lossy(&ours.stderr).into_owned();
        let is_well = is_well || arguments == MISSED_BY_TERRAFORM_ONLY;
        assert_eq!(ours.status.success(), is_well, "Gantry: {arguments:?}: {said}");
        let locks = ["work", "theirs"].map(|folder| world.read(&format!("{folder}/.terraform.lock.hcl")));
        assert_eq!(locks[0].replace("work/", ""), locks[1].replace("theirs/", ""), "{arguments:?}");
    }
}

#[test]
fn everything_goes_into_the_folder_that_the_environment_names() {
    let (world, _) = with_release("1.2.0");
    let elsewhere = world.path("elsewhere");
    let with_data = |folder: &str, arguments: &[&str]| {
        let mut command = world.gantry(folder, arguments);
        command.env("TF_DATA_DIR", &elsewhere);
        output(command)
    };
    world.write("work/made/a.tf", "");
    world.write("work/more.tf", "module \"a\" {\n  source = \"./made\"\n}\n");
    assert!(with_data("work", &["init"]).status.success());
    let program = elsewhere.join("providers").join(PROVIDER).join("1.2.0").join(platform());
    assert!(program.join("terraform-provider-rocket_v1.2.0").is_file());
    assert!(elsewhere.join("modules/modules.json").is_file());
    assert!(!world.path("work/.gantry").exists());
    // It is found there: it starts, and then turns out to be no provider.
    world.write("work/more.tf", "resource \"rocket_launch\" \"a\" {}\n");
    let said = |output: std::process::Output| String::from_utf8_lossy(&output.stderr).into_owned();
    let complaint = said(with_data("work", &["plan"]));
    assert!(complaint.contains("this is no provider, version 1.2.0"), "{complaint}");
    let complaint = said(output(world.gantry("work", &["plan"])));
    assert!(complaint.contains("which is not there"), "{complaint}");
}

/// Spoils something, and expects that it is refused for a reason and that nothing is left behind.
#[track_caller]
fn check_refused(spoil: impl FnOnce(&World, &Release), reason: &str) {
    let (world, release) = with_release("1.2.0");
    spoil(&world, &release);
    let complaint = world.fail(&["init"]);
    assert!(complaint.contains(reason), "{complaint}");
    let left = files(&world.path("work"));
    let left: Vec<&String> = left.iter().filter(|file| !file.ends_with(".lock")).collect();
    assert_eq!(left, ["main.tf"], "{complaint}");
}

#[test]
fn refuses_what_is_not_what_was_signed() {
    check_refused(
        |world, release| world.server.change(&release.archive_path(), |page| page.body[77] ^= 1),
        "Wrong checksum",
    );
    check_refused(
        |world, release| world.server.change(&release.archive_path(), |page| page.body.truncate(1000)),
        "Wrong checksum",
    );
    check_refused(
        |world, release| {
            let signature = Signer::new(8).sign(b"anything");
            world.server.change(&release.signature_path(), |page| page.body = signature);
        },
        "Wrong signature",
    );
    check_refused(
        |world, release| world.server.change(&release.signature_path(), |page| *page.body.last_mut().unwrap() ^= 1),
        "Wrong signature",
    );
    check_refused(
        |world, release| {
            let forged = [b"0".repeat(64), format!("  {}\n", release.filename()).into_bytes()].concat();
            world.server.change(&release.checksums_path(), |page| page.body = forged);
        },
        "Wrong signature",
    );
    check_refused(
        |world, release| {
            // Signed, but of something else.
            let other = format!("{}  {}\n", sha256(b"other"), release.filename());
            let signature = world.signer.sign(other.as_bytes());
            world.server.change(&release.checksums_path(), |page| page.body = other.into_bytes());
            world.server.change(&release.signature_path(), |page| page.body = signature);
        },
        "says another checksum",
    );
}

/// Publishes an archive, signed and all, and expects that it is refused.
#[track_caller]
fn check_bad_archive(content: Vec<u8>, reason: &str) {
    check_refused(|world, _| _ = world.publish("1.2.0", content), reason);
}

#[test]
fn refuses_archives_that_do_harm_whoever_signed_them() {
    let program: (&str, &[u8]) = ("terraform-provider-rocket_v1.2.0", b"x");
    for name in ["../outside", "/outside", "docs/../../outside", "c:\\outside", "docs\\..\\..\\outside"] {
        check_bad_archive(archive(&[program, (name, b"x")]), "Archive escapes its folder");
    }
    check_bad_archive(archive(&[("other", b"x")]), "has no program");
    let whole = archive(&[program]);
    check_bad_archive(whole[..whole.len() / 2].to_vec(), "Damaged archive");
    check_bad_archive(b"<html>".to_vec(), "Damaged archive");
    let bomb = vec![0_u8; 40 << 20];
    check_bad_archive(archive(&[program, ("docs/bomb", &bomb)]), "Archive too large");
}

#[test]
fn goes_on_where_a_download_was_cut() {
    let (world, release) = with_release("1.2.0");
    world.server.change(&release.archive_path(), |page| page.cuts = vec![50_000, 60_000]);
    world.run(&["init"]);
    let ranges = |world: &World| -> Vec<Option<String>> {
        let asked = world.server.asked().into_iter().filter(|asked| asked.path == release.archive_path());
        asked.map(|asked| asked.range).collect()
    };
    assert_eq!(ranges(&world), [None, Some("bytes=50000-".into()), Some("bytes=110000-".into())]);

    // Across runs, too, and without believing that it is still the same file.
    let (world, release) = with_release("1.2.0");
    world.server.change(&release.archive_path(), |page| page.cuts = vec![10, 10, 10]);
    let complaint = world.fail(&["init"]);
    assert!(complaint.contains("the connection was cut"), "{complaint}");
    world.server.asked();
    world.run(&["init"]);
    let asked = world.server.asked();
    let ranges: Vec<_> =
        asked.iter().filter(|asked| asked.path == release.archive_path()).map(|a| a.range.clone()).collect();
    assert_eq!(ranges, [Some("bytes=30-".to_owned())]);
}

#[test]
fn begins_anew_if_what_was_kept_is_of_another_file() {
    let (world, release) = with_release("1.2.0");
    world.server.change(&release.archive_path(), |page| page.cuts = vec![10, 10, 10]);
    world.fail(&["init"]);
    world.publish(
        "1.2.0",
        archive(&[("terraform-provider-rocket_v1.2.0", b"rebuilt in the meantime, and longer than that")]),
    );
    let text = world.run(&["init"]);
    assert!(text.contains("installed from"), "{text}");
}

#[test]
fn waits_for_servers_that_have_no_time_but_not_for_ever() {
    let (world, release) = with_release("1.2.0");
    world.server.change(&release.checksums_path(), |page| page.failures = 2);
    world.run(&["init"]);
    world.server.change("/v1/providers/acme/rocket/versions", |page| page.failures = 100);
    let complaint = world.fail(&["init", "-upgrade"]);
    assert!(complaint.contains("503 Service Unavailable, in each of 3 attempts"), "{complaint}");
}

#[test]
fn shows_its_token_to_the_one_who_asks_for_it_only() {
    let (world, release) = with_release("1.2.0");
    let versions = "/v1/providers/acme/rocket/versions";
    world.server.change(versions, |page| page.authorization = Some("Bearer secret".to_owned()));
    let complaint = world.fail(&["init"]);
    assert!(complaint.contains("Access denied"), "{complaint}");
    world.write("home/.gantryrc", &format!("credentials \"{}\" {{\n  token = \"secret\"\n}}\n", world.server.host()));
    world.run(&["init"]);
    world.server.asked();
    world.write("home/.gantryrc", "credentials \"other.example.com\" {\n  token = \"secret\"\n}\n");
    world.server.change(versions, |page| page.authorization = None);
    world.run(&["init", "-upgrade"]);
    let asked = world.server.asked();
    assert!(!asked.is_empty() && asked.iter().all(|asked| asked.authorization.is_none()), "{asked:?}");
    drop(release);
}

#[test]
fn believes_no_server_that_nobody_vouches_for() {
    let (world, _) = with_release("1.2.0");
    fs::write(world.path("authority.pem"), include_str!("server.pem")).unwrap();
    let complaint = world.fail(&["init"]);
    assert!(complaint.contains("SSL_CERT_FILE"), "{complaint}");
}

#[test]
fn keeps_to_the_lock_file_until_told_otherwise_and_goes_back() {
    let (world, _) = with_release("1.2.0");
    world.require("work", ">= 1.0.0");
    world.run(&["init"]);
    world.list(&["1.2.0", "2.0.0", "3.0.0-beta1"]);
    world.publish("2.0.0", package("2.0.0"));
    let version = |world: &World| {
        let lock = world.read("work/.terraform.lock.hcl");
        lock.lines().find(|line| line.trim().starts_with("version ")).unwrap().split('"').nth(1).unwrap().to_owned()
    };
    world.run(&["init"]);
    assert_eq!(version(&world), "1.2.0");
    world.run(&["init", "-upgrade"]);
    assert_eq!(version(&world), "2.0.0");
    world.require("work", "< 2.0.0");
    let complaint = world.fail(&["plan"]);
    assert!(complaint.contains("Inconsistent dependency lock file"), "{complaint}");
    let complaint = world.fail(&["init"]);
    assert!(complaint.contains("Run \"gantry init -upgrade\" to choose anew"), "{complaint}");
    world.run(&["init", "-upgrade"]);
    assert_eq!(version(&world), "1.2.0");
    // The same version with other content, signed as it should be.
    fs::remove_dir_all(world.path("work/.gantry")).unwrap();
    world.publish("1.2.0", package("1.2.0-changed"));
    let complaint = world.fail(&["init"]);
    assert!(complaint.contains("Package does not match the lock file"), "{complaint}");
    assert!(!world.package("work", "1.2.0").exists());
}

#[test]
fn several_at_once_share_a_cache_and_fetch_once() {
    const RUNS: usize = 4;
    let (world, release) = with_release("1.2.0");
    world.run(&["init"]);
    fs::create_dir(world.path("cache")).unwrap();
    world.server.asked();
    world.server.change(&release.archive_path(), |page| page.delay = Duration::from_millis(300));
    let folders: Vec<String> = (0..RUNS).map(|at| format!("work{at}")).collect();
    let mut children = Vec::new();
    for folder in &folders {
        world.require(folder, "~> 1.2.0");
        fs::copy(world.path("work/.terraform.lock.hcl"), world.path(folder).join(".terraform.lock.hcl")).unwrap();
        let mut command = world.gantry(folder, &["init"]);
        command.env("TF_PLUGIN_CACHE_DIR", world.path("cache")).stdout(Stdio::piped()).stderr(Stdio::piped());
        children.push(command.spawn().unwrap());
    }
    for mut child in children {
        let mut text = String::new();
        child.stderr.take().unwrap().read_to_string(&mut text).unwrap();
        assert!(child.wait().unwrap().success(), "{text}");
    }
    for folder in &folders {
        let package = world.package(folder, "1.2.0");
        assert_eq!(
            fs::canonicalize(&package).unwrap(),
            fs::canonicalize(world.path("cache").join(PROVIDER).join("1.2.0"))
                .unwrap()
                .join(package.file_name().unwrap())
        );
    }
    let fetches = world.server.asked().iter().filter(|asked| asked.path == release.archive_path()).count();
    assert_eq!(fetches, 1);
    // Without a lock file the registry's word is needed, but not its archive; a damaged package is fetched again.
    let fetched = |world: &World| world.server.asked().iter().any(|asked| asked.path == release.archive_path());
    world.require("fresh", "~> 1.2.0");
    let mut command = world.gantry("fresh", &["init"]);
    command.env("TF_PLUGIN_CACHE_DIR", world.path("cache"));
    succeed(command);
    assert!(!fetched(&world));
    assert_eq!(world.read("fresh/.terraform.lock.hcl"), world.read("work/.terraform.lock.hcl"));
    fs::write(world.package("fresh", "1.2.0").join("docs/noise"), "damaged").unwrap();
    let mut command = world.gantry("work0", &["init"]);
    command.env("TF_PLUGIN_CACHE_DIR", world.path("cache"));
    succeed(command);
    assert!(fetched(&world));
}

#[test]
fn a_mirror_serves_those_who_have_no_registry() {
    let (world, release) = with_release("1.2.0");
    let text = world.run(&["providers", "mirror", "../mirror"]);
    assert!(text.contains(&release.filename()), "{text}");
    let folder = format!("mirror/{PROVIDER}");
    assert_eq!(world.read(&format!("{folder}/index.json")), "{\n  \"versions\": {\n    \"1.2.0\": {}\n  }\n}");
    // As a folder.
    let settings = format!(
        "provider_installation {{\nfilesystem_mirror {{\npath = \"{}\"\n}}\n}}\n",
        world.path("mirror").display()
    );
    world.write("home/.gantryrc", &settings);
    world.server.asked();
    world.run(&["init"]);
    assert_eq!(world.server.asked().len(), 0);
    let from_folder = world.read("work/.terraform.lock.hcl");
    // As a server, by way of the same files.
    for name in files(&world.path(&folder)) {
        let body = fs::read(world.path(&folder).join(&name)).unwrap();
        let kind = if name.ends_with(".json") { "application/json" } else { "application/zip" };
        let page = Page { body, headers: vec![("content-type", kind.to_owned())], ..Page::default() };
        world.server.put(&format!("/mirror/{PROVIDER}/{name}"), page);
    }
    let url = format!("https://{}/mirror/", world.server.host());
    let settings = format!("provider_installation {{\nnetwork_mirror {{\nurl = \"{url}\"\n}}\n}}\n");
    world.write("home/.gantryrc", &settings);
    world.require("net", "~> 1.2.0");
    let text = succeed(world.gantry("net", &["init"]));
    assert!(text.contains("checksum verified"), "{text}");
    assert_eq!(world.read("net/.terraform.lock.hcl"), from_folder);
    assert!(world.server.asked().iter().all(|asked| asked.path.starts_with("/mirror/")));
    if is_terraform_there("mirrors") {
        world.require("theirs", "~> 1.2.0");
        let command = world.terraform("theirs", &["init"]);
        world.write("home/terraform.tfrc", &settings);
        succeed(command);
        assert_eq!(world.read("theirs/.terraform.lock.hcl"), from_folder);
        let command = world.terraform("theirs", &["providers", "mirror", "../theirs-mirror"]);
        succeed(command);
        assert_eq!(files(&world.path("theirs-mirror")), files(&world.path("mirror")));
        for name in ["index.json", "1.2.0.json"] {
            assert_eq!(
                world.read(&format!("theirs-mirror/{PROVIDER}/{name}")),
                world.read(&format!("{folder}/{name}"))
            );
        }
    }
}

#[test]
fn locks_packages_for_other_platforms() {
    let (world, _) = with_release("1.2.0");
    let text = world.run(&["providers", "lock"]);
    assert!(text.contains("3 new checksums") && text.contains("signed by key"), "{text}");
    let text = world.run(&["providers", "lock"]);
    assert!(text.contains("The lock file had all of it."), "{text}");
    let complaint = world.fail(&["providers", "lock", "-platform=plan9_mips"]);
    assert!(complaint.contains("There is no package of acme/rocket v1.2.0 for plan9_mips"), "{complaint}");
    let complaint = world.fail(&["providers", "lock", "-platform=../../etc_x"]);
    assert!(complaint.contains("Invalid platform"), "{complaint}");
}

#[test]
fn an_interrupted_installation_leaves_nothing_half_done() {
    let (world, release) = with_release("1.2.0");
    world.server.change(&release.archive_path(), |page| page.delay = Duration::from_secs(30));
    let mut child = world.gantry("work", &["init"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    while !world.server.asked().iter().any(|asked| asked.path == release.archive_path()) {
        assert!(child.try_wait().unwrap().is_none());
        std::thread::sleep(Duration::from_millis(20));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!world.package("work", "1.2.0").exists() && !world.path("work/.terraform.lock.hcl").exists());
    world.server.change(&release.archive_path(), |page| page.delay = Duration::ZERO);
    world.run(&["init"]);
    assert!(output(world.gantry("work", &["version"])).status.success());
}

/// `.ci/run` puts providers of others there, where they can be built.
#[test]
fn a_real_provider_comes_through_the_registry_and_works() {
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join("providers/terraform-provider-random");
    let Ok(program) = fs::read(&program) else {
        println!("skipped: a real provider by way of a registry: {} is not there", program.display());
        return;
    };
    let world = World::new();
    world.list(&["3.7.2"]);
    world.publish("3.7.2", archive(&[("terraform-provider-rocket_v3.7.2_x5", &program), ("LICENSE.txt", b"theirs")]));
    world.require("work", "~> 3.7");
    let resource = "\nresource \"random_id\" \"a\" {\n  provider    = rocket\n  byte_length = 4\n}\n";
    let configuration = world.read("work/main.tf") + resource;
    world.write("work/main.tf", &configuration);
    world.run(&["init"]);
    world.run(&["apply", "-auto-approve"]);
    let plan = world.run(&["plan"]);
    assert!(plan.contains("No changes"), "{plan}");
    // Somebody exchanges the program.
    let installed = world.package("work", "3.7.2").join("terraform-provider-rocket_v3.7.2_x5");
    fs::write(&installed, "#!/bin/sh\necho exchanged\n").unwrap();
    let complaint = world.fail(&["plan"]);
    assert!(complaint.contains("was changed after it was installed"), "{complaint}");
    world.run(&["init"]);
    world.run(&["plan"]);
    if is_terraform_there("a real provider") {
        world.write("theirs/main.tf", &configuration);
        fs::copy(world.path("work/.terraform.lock.hcl"), world.path("theirs/.terraform.lock.hcl")).unwrap();
        succeed(world.terraform("theirs", &["init", "-lockfile=readonly"]));
        let plan = succeed(world.terraform("theirs", &["plan"]));
        assert!(plan.contains("1 to add"), "{plan}");
    }
}
