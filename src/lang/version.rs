//! Versions and constraints on them: `>= 1.2, < 2`, `~> 1.4`.
//!
//! By hand because the `semver` crate's requirements mean other things: `~> 1.2` is not `~1.2`, and pre-releases match
//! only when named.

use std::cmp::Ordering;
use std::fmt;

use diag::Diagnostic;

use crate::module::RequiredVersion;

/// The edition of Terraform's language and file formats that is spoken here, for `required_version` in `terraform` blocks.
pub const LANGUAGE_VERSION: &str = "1.11.4";
/// This program's version, for `required_version` in `gantry` blocks.
pub const PROGRAM_VERSION: &str = env!("CARGO_PKG_VERSION");

/// A version: numbers, and perhaps a pre-release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    numbers: Vec<u64>,
    pre_release: Vec<String>,
}

impl Version {
    /// Returns the numbers as given: one or more.
    pub fn numbers(&self) -> &[u64] {
        &self.numbers
    }

    /// Returns the parts of the pre-release; nothing for a release.
    pub fn pre_release(&self) -> &[String] {
        &self.pre_release
    }

    /// Reads a version of one to any number of parts: `1`, `1.2`, `1.2.3-beta.1+build`.
    pub fn parse(text: &str) -> Option<Version> {
        let text = text.trim();
        let text = text.strip_prefix('v').unwrap_or(text);
        let text = text.split_once('+').map_or(text, |(version, _)| version);
        let (numbers, pre) = text.split_once('-').map_or((text, None), |(numbers, pre)| (numbers, Some(pre)));
        let numbers: Option<Vec<u64>> = numbers.split('.').map(|part| part.parse().ok()).collect();
        let pre_release: Vec<String> = pre.map(|pre| pre.split('.').map(str::to_owned).collect()).unwrap_or_default();
        let well_formed =
            |part: &String| !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '~');
        if !pre_release.iter().all(well_formed) {
            return None;
        }
        Some(Version { numbers: numbers?, pre_release })
    }

    fn number(&self, place: usize) -> u64 {
        self.numbers.get(place).copied().unwrap_or(0)
    }

    fn compare_numbers(&self, other: &Version) -> Ordering {
        let places = 0..self.numbers.len().max(other.numbers.len());
        places.map(|place| self.number(place).cmp(&other.number(place))).find(|o| o.is_ne()).unwrap_or(Ordering::Equal)
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Version) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Version {
    fn cmp(&self, other: &Version) -> Ordering {
        let numbers = self.compare_numbers(other);
        if numbers.is_ne() {
            return numbers;
        }
        match (self.pre_release.is_empty(), other.pre_release.is_empty()) {
            (true, true) => Ordering::Equal,
            (true, false) => Ordering::Greater,
            (false, true) => Ordering::Less,
            (false, false) => compare_pre_releases(&self.pre_release, &other.pre_release),
        }
    }
}

/// Numbers are less than words; of two lists with a common start the shorter is less.
fn compare_pre_releases(a: &[String], b: &[String]) -> Ordering {
    let part = |(a, b): (&String, &String)| match (a.parse::<u64>(), b.parse::<u64>()) {
        (Ok(a), Ok(b)) => a.cmp(&b),
        (Ok(_), Err(_)) => Ordering::Less,
        (Err(_), Ok(_)) => Ordering::Greater,
        (Err(_), Err(_)) => a.cmp(b),
    };
    a.iter().zip(b).map(part).find(|o| o.is_ne()).unwrap_or(a.len().cmp(&b.len()))
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, number) in self.numbers.iter().enumerate() {
            write!(f, "{}{number}", if place > 0 { "." } else { "" })?;
        }
        if !self.pre_release.is_empty() {
            write!(f, "-{}", self.pre_release.join("."))?;
        }
        Ok(())
    }
}

/// Constraints that must all hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Constraints(Vec<(Operator, Version)>);

/// How a version is compared with the one that a constraint names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// `=`, or nothing in front of the version.
    Equal,
    /// `!=`
    NotEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterEqual,
    /// `<`
    Less,
    /// `<=`
    LessEqual,
    /// `~>`: at least this, with all but the last given number the same.
    Pessimistic,
}

impl Constraints {
    /// Reads constraints, separated by commas.
    pub fn parse(text: &str) -> Result<Constraints, String> {
        const OPERATORS: &[(&str, Operator)] = &[
            (">=", Operator::GreaterEqual),
            ("<=", Operator::LessEqual),
            ("!=", Operator::NotEqual),
            ("~>", Operator::Pessimistic),
            ("=", Operator::Equal),
            (">", Operator::Greater),
            ("<", Operator::Less),
        ];
        let one = |part: &str| {
            let part = part.trim();
            let operator = OPERATORS.iter().find_map(|(text, operator)| Some((*operator, part.strip_prefix(text)?)));
            let (operator, version) = operator.unwrap_or((Operator::Equal, part));
            match Version::parse(version) {
                Some(version) => Ok((operator, version)),
                None => Err(format!("{part:?} is not an operator and a version, such as \">= 1.2.0\"")),
            }
        };
        text.split(',').map(one).collect::<Result<Vec<_>, _>>().map(Constraints)
    }

    /// Returns each constraint in the order written.
    pub fn parts(&self) -> &[(Operator, Version)] {
        &self.0
    }

    /// Tells whether a version meets all constraints.
    pub fn allow(&self, version: &Version) -> bool {
        self.0.iter().all(|(operator, bound)| allows(*operator, bound, version))
    }
}

fn allows(operator: Operator, bound: &Version, version: &Version) -> bool {
    // A pre-release is only for those who ask for it, by naming one of the same release.
    let pre_release_fits = match (version.pre_release.is_empty(), bound.pre_release.is_empty()) {
        (true, _) => true,
        (false, true) => false,
        (false, false) => version.compare_numbers(bound).is_eq(),
    };
    match operator {
        Operator::Equal => version == bound || version.cmp(bound).is_eq(),
        Operator::NotEqual => version.cmp(bound).is_ne(),
        Operator::Greater => pre_release_fits && version > bound,
        Operator::GreaterEqual => pre_release_fits && version >= bound,
        Operator::Less => pre_release_fits && version < bound,
        Operator::LessEqual => pre_release_fits && version <= bound,
        Operator::Pessimistic => {
            let fixed = bound.numbers.len().saturating_sub(1).max(usize::from(bound.numbers.len() == 1));
            let same = if bound.numbers.len() == 1 {
                true
            } else {
                (0..fixed).all(|place| version.number(place) == bound.number(place))
            };
            pre_release_fits && version >= bound && same
        }
    }
}

/// Checks a `required_version` against the version it is about.
pub fn check_required(required: &RequiredVersion) -> Result<(), Box<Diagnostic>> {
    let problem = |summary: &str, detail: String| Err(Box::new(Diagnostic::error(summary, detail).at(required.span)));
    let constraints = match Constraints::parse(&required.constraint) {
        Ok(constraints) => constraints,
        Err(error) => {
            return problem(
                "Invalid version constraint",
                format!("{:?} is no version constraint: {error}.", required.constraint),
            );
        }
    };
    let (what, current) =
        if required.ours { ("Gantry", PROGRAM_VERSION) } else { ("Terraform language", LANGUAGE_VERSION) };
    let version = Version::parse(current).filter(|version| !constraints.allow(version));
    if version.is_some() {
        let detail = format!(
            "This configuration asks for {what} version {}, and this is version {current}. Change the constraint if \
             the configuration works with it, or use another version of the program.",
            required.constraint
        );
        return problem(&format!("Unsupported {what} version"), detail);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Constraints, Version};

    #[track_caller]
    fn check(constraints: &str, yes: &[&str], no: &[&str]) {
        let parsed = Constraints::parse(constraints).unwrap();
        for version in yes {
            assert!(parsed.allow(&Version::parse(version).unwrap()), "{constraints} refuses {version}");
        }
        for version in no {
            assert!(!parsed.allow(&Version::parse(version).unwrap()), "{constraints} allows {version}");
        }
    }

    #[test]
    fn constraints_mean_what_they_mean_elsewhere() {
        check(">= 1.2, < 2.0.0", &["1.2.0", "1.99.1"], &["1.1.9", "2.0.0", "1.5.0-beta1"]);
        check("~> 1.2", &["1.2", "1.9.0"], &["2.0.0", "1.1.0"]);
        check("~> 1.2.3", &["1.2.3", "1.2.9"], &["1.3.0", "1.2.2"]);
        check("~> 1", &["1.0.0", "2.5.0"], &["0.9.0"]);
        check("1.2.3", &["1.2.3"], &["1.2.4", "1.2.3-rc1"]);
        check("= 1.0.0-rc1", &["1.0.0-rc1"], &["1.0.0"]);
        check("!= 1.0.0", &["1.0.1"], &["1.0.0"]);
        check(">= 1.0.0-beta", &["1.0.0-rc1", "1.0.0", "1.1.0"], &["1.0.0-alpha", "1.1.0-rc1"]);
        assert!(Constraints::parse("latest").is_err());
        assert!(Constraints::parse(">= 1.0,").is_err());
    }
}
