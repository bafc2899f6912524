//! The page as text; how it looks is tested in a browser, in `tests/report.rs`.

use super::{Page, Shown};
use crate::actual::{Actual, Told};
use crate::forecast::Forecast;
use crate::prices::Prices;
use plan::{Action, Counts, OutputChange, Plan};
use value::Value;

fn page(text: &str, actual: Option<&Actual>) -> String {
    let plan = Plan::default();
    let forecast = Forecast::of(&plan, &Prices::built_in(), 10);
    let shown = Shown { address: text.to_owned(), action: Some(Action::Create), text: format!("  + a = {text}\n") };
    let changes = vec![shown];
    let page = Page {
        operation: "plan",
        plan: &plan,
        forecast: &forecast,
        changes,
        outputs: format!("  + o = {text}"),
        is_sandbox: false,
        actual,
    };
    page.html()
}

#[test]
fn nothing_from_outside_becomes_part_of_the_page() {
    let evil = "</script></style></pre><img src=x onerror=alert(1)>{{style}}\"'";
    let told = Told { is_error: true, summary: evil.into(), detail: evil.into(), address: Some(evil.into()) };
    let skipped = vec![(evil.to_owned(), evil.to_owned())];
    let actual = Actual { skipped, problems: vec![told], ..Actual::default() };
    let made = page(evil, Some(&actual));
    assert!(!made.contains("<img") && !made.contains("</script") && !made.contains("<script"), "{made}");
    assert_eq!(made.matches("</style>").count(), 1);
    assert!(made.matches("&lt;img src=x onerror=alert(1)&gt;{{style}}&quot;&#39;").count() >= 6);
}

#[test]
fn the_page_needs_nothing_else_and_is_the_same_each_time() {
    let made = page("x", None);
    assert_eq!(made, page("x", None));
    for outside in ["http:", "https:", "//", "@import", "url(", "src=", "<link", "<script"] {
        assert!(!made.contains(outside), "the page has {outside:?}");
    }
}

#[test]
fn every_section_has_a_heading_that_the_navigation_leads_to() {
    let made = page("x", Some(&Actual::default()));
    let links: Vec<&str> = made.split("<a href=\"#").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert_eq!(links, ["summary", "happened", "changes"]);
    for link in links {
        assert!(made.contains(&format!("<section id=\"{link}\" aria-labelledby=\"{link}-title\">")), "{link}");
        assert!(made.contains(&format!("<h2 id=\"{link}-title\">")), "{link}");
    }
    assert!(made.contains("<html lang=\"en\">") && made.contains("<main id=\"main\">"));
}

#[test]
fn a_page_says_how_an_apply_ended() {
    let heading = |operation: &str, actual: Actual| {
        let output = OutputChange {
            name: "x".into(),
            before: None,
            after: Some(Value::TRUE),
            was_sensitive: false,
            is_sensitive: false,
        };
        let plan = Plan { outputs: vec![output], ..Plan::default() };
        let forecast = Forecast::of(&plan, &Prices::built_in(), 10);
        let (changes, outputs) = (vec![], String::new());
        let page = Page {
            operation,
            plan: &plan,
            forecast: &forecast,
            changes,
            outputs,
            is_sandbox: false,
            actual: Some(&actual),
        };
        let made = page.html();
        let heading = made.split("<h1>").nth(1).and_then(|rest| rest.split("</h1>").next());
        heading.unwrap_or_default().to_owned()
    };
    let done = Counts { add: 2, destroy: 1, ..Counts::default() };
    let told = Told { is_error: true, summary: "s".into(), detail: "d".into(), address: None };
    let actual = || Actual { done, ..Actual::default() };
    assert_eq!(heading("apply", actual()), "Apply: 2 added, 0 changed, 1 destroyed");
    assert_eq!(heading("destroy", actual()), "Destroy: 2 added, 0 changed, 1 destroyed");
    let interrupted = Actual { is_interrupted: true, ..actual() };
    assert_eq!(heading("apply", interrupted), "Apply, interrupted: 2 added, 0 changed, 1 destroyed");
    let failed = Actual { problems: vec![told], ..actual() };
    assert_eq!(heading("destroy", failed), "Destroy, not finished: 2 added, 0 changed, 1 destroyed");
}

#[test]
fn what_costs_nothing_that_is_known_has_no_price() {
    let made = page("x", None);
    assert!(!made.contains("Cost per hour") && !made.contains("Prices of"), "{made}");
    assert!(made.contains("Nothing is to be done."));
}
