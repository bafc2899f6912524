//! What chance and the clock have put into JSON, made equal: only where a value comes from counts.

use serde_json::{Map, Value as Json};

/// Providers whose values differ from run to run.
const RANDOM: [&str; 4] = ["random_", "tls_", "time_", "null_"];

/// Numbers that the clock has made.
const OF_CLOCK: [&str; 8] = ["day", "hour", "minute", "month", "second", "unix", "year", "timestamp"];

/// Shorter texts are not by chance; they would be found inside others.
const TEXT_BYTES_MIN: usize = 6;

/// Texts that chance has made, with what stands for them.
#[derive(Default)]
pub(super) struct Chance(Vec<(String, String)>);

impl Chance {
    /// Knows these texts.
    pub(super) fn of(texts: &[Json]) -> Chance {
        Chance(texts.iter().filter_map(|text| Some((text.as_str()?.to_owned(), "<chance>".to_owned()))).collect())
    }

    /// Learns the texts of a state, from what `show -json` says of it.
    pub(super) fn learn(&mut self, state: &Json) {
        let resources = state["values"]["root_module"]["resources"].as_array();
        for resource in resources.into_iter().flatten() {
            let kind = resource["type"].as_str().unwrap_or_default();
            if RANDOM.iter().any(|prefix| kind.starts_with(prefix)) {
                self.collect(&resource["values"], resource["address"].as_str().unwrap_or_default());
            }
        }
        // What holds another one first.
        self.0.sort_by(|a, b| b.0.len().cmp(&a.0.len()).then_with(|| a.cmp(b)));
        self.0.dedup_by(|a, b| a.0 == b.0);
    }

    fn collect(&mut self, value: &Json, place: &str) {
        match value {
            Json::String(text) if text.len() >= TEXT_BYTES_MIN => {
                // Two moments may fall into one second.
                let word = if is_moment(text) { "<moment>".to_owned() } else { format!("<{place}>") };
                self.0.push((text.clone(), word));
            }
            Json::Array(items) => items.iter().for_each(|item| self.collect(item, place)),
            Json::Object(fields) => {
                fields.iter().for_each(|(name, field)| self.collect(field, &format!("{place}.{name}")));
            }
            _ => {}
        }
    }

    /// Returns the same JSON with words in the place of what chance has made.
    pub(super) fn without(&self, json: Json) -> Json {
        match json {
            Json::String(mut text) => {
                for (chance, word) in &self.0 {
                    if text.contains(chance.as_str()) {
                        text = text.replace(chance.as_str(), word);
                    }
                }
                text.into()
            }
            Json::Array(items) => items.into_iter().map(|item| self.without(item)).collect(),
            Json::Object(fields) => {
                let field = |(name, value): (String, Json)| match value.is_number() && OF_CLOCK.contains(&name.as_str())
                {
                    true => (name, "CLOCK".into()),
                    false => (name, self.without(value)),
                };
                fields.into_iter().map(field).collect::<Map<_, _>>().into()
            }
            other => other,
        }
    }
}

/// Tells whether a text is a time as RFC 3339 has it.
fn is_moment(text: &str) -> bool {
    let form = |(place, byte): (usize, u8)| match place {
        4 | 7 => byte == b'-',
        10 => byte == b'T',
        13 | 16 => byte == b':',
        _ => byte.is_ascii_digit(),
    };
    text.len() > 19 && text.bytes().take(19).enumerate().all(form)
}
