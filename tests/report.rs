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

resource "fake_object" "a_long_name_that_says_everything_about_what_it_is_for_and_who_wanted_it" {
  for_each = toset(["Größenänderungsbenachrichtigungsdienst", "データプラットフォームの本番環境", "قاعدة البيانات الرئيسية"])
  name     = each.key
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

/// Returns what a script says of a page that is as wide as that: the value of an expression, once the page is there.
fn probed(page: &Path, width: u32, expression: &str) -> String {
    let html = fs::read_to_string(page).expect("the page can be read");
    let probe = format!(
        "<script>addEventListener('load', () => {{ document.documentElement.dataset.probe = {expression}; }});</script>"
    );
    let framed = page.with_file_name(format!("probed-{width}.html"));
    let inner = page.with_file_name("inner.html");
    fs::write(&inner, html.replacen("</head>", &format!("{probe}</head>"), 1)).expect("a page can be written");
    let outer = format!(
        "<!doctype html><iframe src=\"inner.html\" width=\"{width}\" height=\"900\" style=\"border:0\"></iframe><script>\
         addEventListener('load', () => document.documentElement.dataset.probe = \
         document.querySelector('iframe').contentDocument.documentElement.dataset.probe);</script>"
    );
    fs::write(&framed, outer).expect("a page can be written");
    let dom = browse(&framed, &["--allow-file-access-from-files", "--virtual-time-budget=4000", "--dump-dom"]);
    let said = dom.split("data-probe=\"").nth(1).and_then(|rest| rest.split('"').next());
    said.unwrap_or_else(|| panic!("the page was not looked at: {dom}")).to_owned()
}

/// Says what sticks out of the page, and by how much the page is wider than it should be.
const WIDE: &str = "[...document.body.querySelectorAll('*')].filter((e) => !e.closest('.scroll, pre, .skip, .ticks') && \
                    e.getBoundingClientRect().right > innerWidth + 1).map((e) => e.tagName + '.' + e.className).slice(0, \
                    3).join(' ') + '|' + (document.scrollingElement.scrollWidth - innerWidth)";

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
    assert!(dom.contains("<title>Plan: 65 to add, 0 to change, 0 to destroy - Gantry</title>"), "{dom}");
    assert!(!dom.contains("<img") && !dom.contains("onerror=\""), "something got out of its place");
}

#[test]
fn the_page_fits_a_phone() {
    if browser().is_none() {
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let page = page_of(folder.path(), EVIL);
    for width in [320, 768, 1400] {
        assert_eq!(
            probed(&page, width, WIDE),
            "|0",
            "at a width of {width}: what sticks out | by how much the page does"
        );
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
    assert!(html.contains("<h1>Apply: 2 added, 0 changed, 0 destroyed</h1>"), "{html}");
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

#[test]
fn the_page_can_be_used_by_keyboard() {
    if browser().is_none() {
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let page = page_of(folder.path(), EVIL);
    // What can be reached shows that it is, links lead somewhere, what is folded opens, and what scrolls can be reached.
    let wrong = "(() => { const all = [...document.querySelectorAll('a[href], summary, [tabindex]')].filter((e) => \
                 e.tagName === 'SUMMARY' || !e.closest('details:not([open])')); const bad = []; for (const e of all) { \
                 e.focus({ focusVisible: true }); const style = getComputedStyle(e), box = e.getBoundingClientRect(); if \
                 (document.activeElement !== e) bad.push('not reached ' + e.tagName); if (style.outlineStyle !== 'solid' || \
                 parseFloat(style.outlineWidth) < 2 || box.width < 1 || box.right < 1) bad.push('not seen ' + e.tagName); if \
                 (e.matches('a') && !document.querySelector(e.getAttribute('href'))) bad.push('leads nowhere ' + e.href); if \
                 (e.matches('summary')) { const was = e.parentElement.open; e.click(); if (e.parentElement.open === was) \
                 bad.push('does not open'); e.click(); } } for (const e of document.querySelectorAll('pre, .scroll')) if \
                 (e.tabIndex !== 0) bad.push('scrolls, cannot be reached'); return all.length + '|' + [...new \
                 Set(bad)].join(', '); })()";
    let said = probed(&page, 768, wrong);
    let (count, bad) = said.split_once('|').expect("it says both");
    assert!(count.parse::<usize>().is_ok_and(|count| count > 60), "{said}");
    assert_eq!(bad, "");
}

#[test]
fn on_paper_the_page_is_light_and_all_of_it_is_open() {
    if browser().is_none() {
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let page = page_of(folder.path(), EVIL);
    // What is for paper counts on a screen then, and what is for screens does not.
    let html = fs::read_to_string(&page).expect("the page can be read");
    let paper = html.replace("@media print {", "@media all {").replace("@media screen and", "@media print and");
    assert_ne!(html, paper);
    fs::write(&page, paper).expect("the page can be written");
    let said = "['color-scheme', 'background-color'].map((name) => getComputedStyle(name === 'color-scheme' ? \
                document.documentElement : document.body).getPropertyValue(name)).join(' ') + '|' + \
                [...document.querySelectorAll('pre')].filter((e) => e.getBoundingClientRect().height < 10).length + '|' + \
                getComputedStyle(document.querySelector('nav')).display";
    assert_eq!(
        probed(&page, 718, said),
        "light rgb(255, 255, 255)|0|none",
        "colours | what is folded | the navigation"
    );
    // As wide as a sheet of A4; nothing scrolls there.
    let cut = "[...document.querySelectorAll('table, pre, svg')].filter((e) => e.getBoundingClientRect().right > innerWidth \
               + 1).length";
    assert_eq!(probed(&page, 718, cut), "0", "tables, texts and drawings that are cut off");
}

#[test]
fn an_apply_that_fails_says_so_on_its_page() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let configuration = r#"
resource "fake_object" "a" {
  name = "a"
  provisioner "local-exec" {
    command = "exit 3"
  }
}

resource "fake_object" "b" {
  name = "<b>${fake_object.a.id}"
}
"#;
    fs::write(folder.path().join("main.tf"), configuration).expect("the configuration can be written");
    let output = gantry(folder.path(), &["apply", "-auto-approve", "-report=done.html"]);
    assert_eq!(output.status.code(), Some(1));
    let html = fs::read_to_string(folder.path().join("done.html")).expect("the page can be read");
    for told in [
        "<h1>Apply, not finished: ",
        "0 steps done, 1 failed, 1 skipped",
        "<span class=\"tag failed\">error</span> local-exec provisioner error",
        "<caption>Skipped</caption>",
    ] {
        assert!(html.contains(told), "{told}: {html}");
    }
}
