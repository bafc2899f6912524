//! Operating system and processor, in the words of the registries.

use std::env::consts;
use std::fmt;

/// What a provider's program runs on: `linux_amd64`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Platform {
    /// The operating system.
    pub system: String,
    /// The processor.
    pub processor: String,
}

impl Platform {
    /// Returns what this program runs on.
    pub fn current() -> Platform {
        let system = match consts::OS {
            "macos" => "darwin",
            other => other,
        };
        let processor = match consts::ARCH {
            "x86_64" => "amd64",
            "aarch64" => "arm64",
            "x86" => "386",
            other => other,
        };
        Platform { system: system.to_owned(), processor: processor.to_owned() }
    }

    /// Reads `SYSTEM_PROCESSOR`.
    pub fn parse(text: &str) -> Option<Platform> {
        let (system, processor) = text.split_once('_')?;
        let is_word =
            |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        let platform = Platform { system: system.to_owned(), processor: processor.to_owned() };
        (is_word(system) && is_word(processor)).then_some(platform)
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}_{}", self.system, self.processor)
    }
}

#[cfg(test)]
mod tests {
    use super::Platform;

    #[test]
    fn reads_two_words_and_nothing_that_could_be_a_path() {
        assert_eq!(Platform::parse("linux_amd64").unwrap().to_string(), "linux_amd64");
        for text in ["linux", "linux_", "_amd64", "../x_y", "linux_amd64_v2"] {
            assert_eq!(Platform::parse(text), None, "{text}");
        }
    }
}
