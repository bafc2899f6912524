//! Settings files and what they mean.

use std::fs;

use super::*;

/// Reads a file `NAME` in the home folder; `HOME` in the text of paths stands for that folder.
fn load(name: &str, text: &str, variables: &[(&str, &str)]) -> (Settings, Vec<String>, PathBuf) {
    let home = tempfile::tempdir().unwrap().keep();
    fs::create_dir_all(home.join("cache")).unwrap();
    let path = home.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
    let mut surroundings = Surroundings { home: Some(home.clone()), ..Surroundings::default() };
    surroundings.variables.insert("HOME".into(), home.to_str().unwrap().into());
    surroundings.variables.extend(variables.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())));
    let (mut sources, mut diags) = (Sources::default(), Diagnostics::new());
    let settings = Settings::load(&surroundings, &mut sources, &mut diags);
    let problems = diags.into_iter().map(|d| d.summary).collect();
    (settings, problems, home)
}

fn provider(text: &str) -> Provider {
    Provider::parse(text).unwrap()
}

const FULL: &str = r#"
plugin_cache_dir   = "$HOME/cache"
disable_checkpoint = true

credentials "App.Example.com" {
  token = "secret"
}

host "example.com" {
  services = {
    "providers.v1" = "https://example.com/v1/providers/"
    "login.v1"     = { client = "x" }
  }
}

provider_installation {
  dev_overrides {
    "acme/one" = "/builds/one"
    "example.com/acme/two" = "two"
  }
  filesystem_mirror {
    path    = "~/mirror"
    include = ["example.com/*/*"]
  }
  network_mirror {
    url = "https://mirror.example.com/providers"
  }
  direct {
    exclude = ["acme/*"]
  }
}
"#;

#[test]
fn reads_terraforms_file() {
    let (settings, problems, home) = load(".terraformrc", FULL, &[]);
    assert_eq!(problems, [""; 0]);
    assert_eq!(settings.plugin_cache, Some(home.join("cache")));
    assert_eq!(settings.tokens["app.example.com"].0, "secret");
    assert_eq!(settings.hosts["example.com"]["providers.v1"], "https://example.com/v1/providers/");
    assert_eq!(settings.dev_overrides[&provider("acme/one")], Path::new("/builds/one"));
    assert_eq!(settings.dev_overrides[&provider("example.com/acme/two")], home.join("two"));
    let methods = settings.methods.unwrap();
    assert_eq!(methods[0].location, Location::Folder(home.join("mirror")));
    assert_eq!(methods[1].location, Location::Network("https://mirror.example.com/providers/".into()));
    let serves = |at: usize, text: &str| methods[at].serves(&provider(text));
    assert!(serves(0, "example.com/a/b") && !serves(0, "a/b"));
    assert!(serves(1, "a/b"));
    assert!(serves(2, "a/b") && !serves(2, "acme/b") && serves(2, "example.com/acme/b"));
}

#[test]
fn the_environment_wins_and_ours_wins_over_terraforms() {
    let variables = [
        ("TF_PLUGIN_CACHE_DIR", "/"),
        ("TF_TOKEN_app_example_com", "newer"),
        ("TF_TOKEN_my__host_example_com", "dash"),
        ("GANTRY_DEFAULT_REGISTRY", "Registry.Example.com"),
    ];
    let (settings, problems, _) = load(".terraformrc", FULL, &variables);
    assert_eq!(problems, [""; 0]);
    assert_eq!(settings.plugin_cache, Some(PathBuf::from("/")));
    assert_eq!(settings.tokens["app.example.com"].0, "newer");
    assert_eq!(settings.tokens["my-host.example.com"].0, "dash");
    assert_eq!(settings.registry_of(addr::DEFAULT_HOST), "registry.example.com");
    assert_eq!(settings.registry_of("x.org"), "x.org");
    assert!(!format!("{settings:?}").contains("newer"));
}

#[test]
fn reads_what_login_wrote() {
    let text = r#"{"credentials": {"app.terraform.io": {"token": "abc"}}}"#;
    let (settings, problems, _) = load(".terraform.d/credentials.tfrc.json", text, &[]);
    assert_eq!(problems, [""; 0]);
    assert_eq!(settings.tokens["app.terraform.io"].0, "abc");
}

#[test]
fn reads_our_file_and_its_default_registry() {
    let (settings, problems, _) = load(".gantryrc", "default_registry = \"registry.example.com\"\n", &[]);
    assert_eq!(problems, [""; 0]);
    assert_eq!(settings.default_registry, "registry.example.com");
    assert_eq!(settings.methods, None);
    assert_eq!(settings.registry_of(addr::DEFAULT_HOST), "registry.example.com");
    let (settings, _, _) = load(".gantryrc", "host \"registry.terraform.io\" {\n  services = {}\n}\n", &[]);
    assert_eq!(settings.registry_of(addr::DEFAULT_HOST), addr::DEFAULT_HOST);
}

#[track_caller]
fn check_problem(text: &str, summary: &str) {
    assert_eq!(load(".terraformrc", text, &[]).1, [summary], "{text}");
}

#[test]
fn tells_what_is_wrong() {
    let method = |text: &str| format!("provider_installation {{\n{text}\n}}\n");
    check_problem("plugin_cache_dir = \"/no/such/folder\"\n", "Plugin cache not found");
    check_problem("plugin_cache_dir = 1\n", "Invalid CLI configuration");
    check_problem("credentials_helper \"x\" {\n}\n", "Credentials helper not used");
    check_problem(&method("filesystem_mirror {\n}"), "Invalid provider installation method");
    check_problem(&method("direct {\npath = \"/x\"\n}"), "Invalid provider installation method");
    check_problem(
        &method("network_mirror {\nurl = \"http://example.com/\"\n}"),
        "Invalid URL for provider installation source",
    );
    check_problem(&method("direct {\ninclude = [\"*/acme/x\"]\n}"), "Invalid CLI configuration");
    check_problem(&method("dev_overrides {\n\"a/b/c/d\" = \"/x\"\n}"), "Invalid provider installation method");
}

#[test]
fn a_star_covers_everything_to_its_right() {
    for text in ["*/*/*", "example.com/*/*", "acme/*", "*/*", "acme/one"] {
        assert!(Pattern::parse(text).is_some(), "{text}");
    }
    for text in ["*", "*/one", "*/acme/one", "example.com/*/one", "a/b/c/d", ""] {
        assert!(Pattern::parse(text).is_none(), "{text}");
    }
}
