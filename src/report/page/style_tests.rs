//! The colours and motions of the page's style: whoever sees little or dislikes motion can read it, too.

use std::collections::{BTreeMap, BTreeSet};

const STYLE: &str = include_str!("style.css");

/// What text may stand on, by its colour; WCAG AA asks for a contrast of 4.5.
const TEXT: &[(&str, &[&str])] = &[
    // sorted
    ("add", &["add-back", "back"]),
    ("change", &["change-back", "back"]),
    ("hot", &["back"]),
    ("link", &["back"]),
    ("read", &["read-back"]),
    ("remove", &["remove-back", "back"]),
    ("soft", &["back", "card", "add-back", "change-back", "remove-back", "read-back"]),
    ("text", &["back", "card", "add-back", "change-back", "remove-back", "read-back"]),
];

/// Bars on their tracks and the frame of what has the focus; 3 is asked for.
const SHAPES: &[(&str, &str)] = &[("bar", "track"), ("hot", "track"), ("remove", "track"), ("link", "back")];

type Colours = BTreeMap<&'static str, [f64; 3]>;

/// Returns the colours of the light and of the dark form.
fn schemes() -> Vec<Colours> {
    let colour = |declaration: &'static str| {
        let (name, value) = declaration.trim().strip_prefix("--")?.split_once(": #")?;
        let channel = |at: usize| u8::from_str_radix(&value[at..at + 2], 16).map(|value| f64::from(value) / 255.0);
        Some((name, [0, 2, 4].map(|at| channel(at).expect("a colour"))))
    };
    let blocks = STYLE.split(":root {").skip(1).filter_map(|rest| rest.split('}').next());
    blocks
        .map(|block| block.split(';').filter_map(colour).collect())
        .filter(|found: &Colours| !found.is_empty())
        .collect()
}

fn contrast(one: [f64; 3], other: [f64; 3]) -> f64 {
    let linear = |value: f64| if value <= 0.040_45 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) };
    let light = |[red, green, blue]: [f64; 3]| 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
    let (one, other) = (light(one), light(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

#[test]
fn text_stands_out_in_light_and_in_dark() {
    let schemes = schemes();
    assert_eq!(schemes.len(), 2);
    let texts = TEXT.iter().flat_map(|(text, backs)| backs.iter().map(move |back| (*text, *back, 4.5)));
    let pairs: Vec<_> = texts.chain(SHAPES.iter().map(|(shape, back)| (*shape, *back, 3.0))).collect();
    for colours in schemes {
        for (front, back, least) in &pairs {
            let found = contrast(colours[front], colours[back]);
            assert!(found >= *least, "{front} on {back}: {found:.2}");
        }
    }
    assert!((contrast([0.0; 3], [1.0; 3]) - 21.0).abs() < 1e-9);
}

#[test]
fn every_colour_of_text_is_looked_at() {
    let named = |property: &str| -> BTreeSet<&str> {
        let uses = STYLE.split([';', '{', ' ']).collect::<Vec<_>>();
        let values =
            uses.windows(2).filter(|pair| pair[0] == property).filter_map(|pair| pair[1].strip_prefix("var(--"));
        values.filter_map(|value| value.strip_suffix(')')).collect()
    };
    let known: BTreeSet<&str> = TEXT.iter().map(|(text, _)| *text).collect();
    assert_eq!(named("color:"), known);
    assert!(TEXT.is_sorted());
}

#[test]
fn nothing_moves_for_whom_motion_is_unwelcome() {
    assert!(!STYLE.contains("transition") && !STYLE.contains("animation"));
    let (before, allowed) = STYLE.split_once("(prefers-reduced-motion: no-preference)").expect("motion is asked about");
    assert!(!before.contains("smooth"));
    assert_eq!(allowed.matches("smooth").count(), 1);
}
