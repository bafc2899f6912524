//! The page of `-report` in a real browser: what it shows, that it fits a phone, and that it takes nothing from anywhere.
//!
//! Chromium is driven by its own flags. A test says *skipped* where there is none.
#![allow(clippy::print_stdout, reason = "what was skipped, and why, is said")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use crate::program;

/// Where Debian and others put it.
const BROWSERS: &[&str] = &["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/// A module whose values try to get out of where they stand, and one that is a secret.
const EVIL: &str = r#"
variable "secret" {
  default   = "planted-secret"
  sensitive = true
}

resource "fake_object" "evil" {
  name  = "</script></style><img src=x onerror=document.title=1>"
  content = "<script>document.title = 'taken over'</script>"
}

resource "fake_object" "hidden" {
  name  = "hidden"
  content = var.secret
}

resource "fake_object" "many" {
  count = 60
  name  = "many-${count.index}-${fake_object.hidden.id}"
}

output "evil" {
  value = "</pre><img src=x>"
}
"#;

fn gantry(folder: &Path, arguments: &[&str]) -> Output {
    program::gantry(folder, arguments).output().expect("the program starts")
}

fn browser() -> Option<&'static Path> {
    let found = BROWSERS.iter().map(Path::new).find(|path| path.exists());
    if found.is_none() {
        println!("skipped: there is no Chromium, so no page was looked at");
    }
    found
}

/// Writes the page of a plan.
fn page_of(folder: &Path, configuration: &str) -> PathBuf {
    fs::write(folder.join("main.tf"), configuration).expect("the configuration can be written");
    let output = gantry(folder, &["plan", "-report=page.html"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    folder.join("page.html")
}

/// Runs the browser over a page and returns what it prints.
fn browse(page: &Path, flags: &[&str]) -> String {
    let browser = browser().expect("it was asked for before");
    let profile = tempfile::tempdir().expect("a temporary folder can be made");
    let output = Command::new(browser)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"])
        .args(["--disable-background-networking", "--disable-component-update", "--hide-scrollbars"])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .args(flags)
        .arg(format!("file://{}", page.display()))
        .stdin(Stdio::null())
        .output()
        .expect("the browser can be started");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Puts a page into a frame as wide as a phone, and writes how wide the page in it is into the document.
fn measured(page: &Path, width: u32) -> String {
    let html = fs::read_to_string(page).expect("the page can be read");
    let probe = "<script>addEventListener('load', () => { const root = document.scrollingElement; \
                 document.documentElement.dataset.wide = [...document.body.querySelectorAll('*')].filter((e) => \
                 !e.closest('.scroll, pre, .skip, .ticks') && e.getBoundingClientRect().right > innerWidth + 1).map((e) => \
                 e.tagName + '.' + e.className).slice(0, 3).join(' ') + '|' + (root.scrollWidth - innerWidth); });</script>";
    let framed = page.with_file_name(format!("measured-{width}.html"));
    let inner = page.with_file_name("inner.html");
    fs::write(&inner, html.replacen("</head>", &format!("{probe}</head>"), 1)).expect("a page can be written");
    let outer = format!(
        "<!doctype html><iframe src=\"inner.html\" width=\"{width}\" height=\"900\" style=\"border:0\"></iframe><script>\
         addEventListener('load', () => document.documentElement.dataset.wide = \
         document.querySelector('iframe').contentDocument.documentElement.dataset.wide);</script>"
    );
    fs::write(&framed, outer).expect("a page can be written");
    let dom = browse(&framed, &["--allow-file-access-from-files", "--virtual-time-budget=4000", "--dump-dom"]);
    let wide = dom.split("data-wide=\"").nth(1).and_then(|rest| rest.split('"').next());
    wide.unwrap_or_else(|| panic!("the page was not measured: {dom}")).to_owned()
}

#[test]
fn the_page_is_harmless_and_holds_no_secret() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let page = page_of(folder.path(), EVIL);
    let html = fs::read_to_string(&page).expect("the page can be read");
    assert!(!html.contains("planted-secret"), "a secret is in the page");
    assert!(html.contains("(sensitive value)"));
    assert!(!html.contains("<script") && !html.contains("<img"));
    assert!(html.contains("&lt;script&gt;document.title = &#39;taken over&#39;&lt;/script&gt;"));
    let again = folder.path().join("again.html");
    let output = gantry(folder.path(), &["plan", "-report=again.html"]);
    assert!(output.status.success());
    assert_eq!(html, fs::read_to_string(again).expect("the page can be read"), "a plan has one page");
    if browser().is_none() {
        return;
    }
    let dom = browse(&page, &["--dump-dom"]);
    assert!(dom.contains("<title>Plan: 62 to add, 0 to change, 0 to destroy - Gantry</title>"), "{dom}");
    assert!(!dom.contains("<img") && !dom.contains("onerror=\""), "something got out of its place");
}

#[test]
fn the_page_fits_a_phone() {
    if browser().is_none() {
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let page = page_of(folder.path(), EVIL);
    for width in [320, 390, 1280] {
        assert_eq!(measured(&page, width), "|0", "at a width of {width}: what sticks out | by how much the page does");
    }
}

#[test]
fn an_apply_adds_what_happened_to_its_page() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let configuration = "resource \"fake_object\" \"a\" {\n  name = \"a\"\n}\n\nresource \"fake_object\" \"b\" {\n  name = \
                         fake_object.a.id\n}\n";
    fs::write(folder.path().join("main.tf"), configuration).expect("the configuration can be written");
    let output = gantry(folder.path(), &["apply", "-auto-approve", "-report=done.html"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let html = fs::read_to_string(folder.path().join("done.html")).expect("the page can be read");
    assert!(html.contains("<h1>Apply: 2 to add, 0 to change, 0 to destroy</h1>"), "{html}");
    assert!(html.contains("2 steps done, 0 failed, 0 skipped"), "{html}");
    // The second one waited for the first.
    let happened = html.split("id=\"happened\"").nth(1).and_then(|rest| rest.split("</section>").next());
    assert_eq!(happened.map(|part| part.matches("class=\"hot\"").count()), Some(2));
    let output = gantry(folder.path(), &["plan", "-report=nowhere/page.html"]);
    assert!(
        String::from_utf8_lossy(&output.stderr).contains("Report not written"),
        "a page that is not there is missed"
    );
    assert!(!output.status.success());
}
