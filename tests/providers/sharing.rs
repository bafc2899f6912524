//! How many processes there are: none for what nothing needs, one for configurations that are equal.

use super::world::World;

const HEAD: &str = r#"
terraform {
  required_providers {
    fake = { source = "example.com/test/fake" }
  }
}
"#;

fn world(configuration: &str) -> World {
    let mut world = World::new();
    world.fake();
    world.write("main.tf", &format!("{HEAD}{configuration}"));
    world
}

#[test]
fn twenty_aliases_of_which_two_are_needed_are_two_processes() {
    let mut text = String::new();
    for number in 0..20 {
        text.push_str(&format!("provider \"fake\" {{\n  alias = \"n{number}\"\n  world = \"{number}.json\"\n}}\n"));
    }
    for number in [3, 11] {
        text.push_str(&format!(
            "resource \"fake_object\" \"o{number}\" {{\n  provider = fake.n{number}\n  name = \"o\"\n}}\n"
        ));
    }
    let world = world(&text);
    world.run(&["apply", "-auto-approve"]);
    assert_eq!(world.starts().len(), 2, "{:?}", world.starts());
    world.forget_starts();
    world.run(&["plan"]);
    assert_eq!(world.starts().len(), 2, "{:?}", world.starts());
    assert!(world.path("3.json").exists() && world.path("11.json").exists() && !world.path("4.json").exists());
}

#[test]
fn equal_configurations_share_a_process() {
    let mut text = String::new();
    for number in 0..5 {
        text.push_str(&format!(
            "provider \"fake\" {{\n  alias = \"n{number}\"\n  region = \"r\"\n}}\nresource \"fake_object\" \"o{number}\" \
             {{\n  provider = fake.n{number}\n  name = \"o{number}\"\n}}\n"
        ));
    }
    let world = world(&text);
    world.run(&["plan"]);
    assert_eq!(world.starts().len(), 1, "{:?}", world.starts());
}

#[test]
fn a_provider_that_nothing_uses_is_started_for_its_schema_only_once() {
    let world = world("provider \"fake\" {\n  world = \"w.json\"\n}\n");
    world.run(&["validate"]);
    assert_eq!(world.starts().len(), 1);
    world.forget_starts();
    world.run(&["validate"]);
    world.run(&["plan"]);
    assert_eq!(world.starts(), []);
    world.write("main.tf", &format!("{HEAD}provider \"fake\" {{\n  wrold = \"w.json\"\n}}\n"));
    assert!(world.fails(&["validate"]).contains("wrold"), "the schema is known without the provider");
    assert_eq!(world.starts(), []);
}

#[test]
fn one_process_serves_validation_plan_and_apply() {
    let world = world("resource \"fake_object\" \"o\" {\n  name = \"o\"\n}\n");
    world.run(&["apply", "-auto-approve"]);
    assert_eq!(world.starts().len(), 1, "{:?}", world.starts());
    world.nothing_lingers();
}
