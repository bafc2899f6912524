//! Versions of providers and modules, and what configurations ask of them.
//!
//! Notation and order are those of [`lang::version`]. The meaning is a little different, as in Terraform: versions have
//! three numbers, `~> 1` is `~> 1.0`, and a pre-release is taken only where `=` names it.

use std::fmt;

use lang::version::{Constraints, Operator};

/// A version of three numbers, perhaps a pre-release.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(lang::version::Version);

impl Version {
    /// Reads a version; a `v` in front is no part of one.
    pub fn parse(text: &str) -> Option<Version> {
        if text.starts_with('v') || text != text.trim() {
            return None;
        }
        lang::version::Version::parse(text).filter(|version| version.numbers().len() == NUMBERS).map(Version)
    }

    /// Tells whether it comes before the release of its numbers.
    pub fn is_pre_release(&self) -> bool {
        !self.0.pre_release().is_empty()
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Major, minor, patch.
const NUMBERS: usize = 3;

/// What versions must be; the empty one takes every release.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Requirement(Vec<Bound>);

/// One constraint.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Bound {
    operator: Operator,
    /// With zeros for numbers left out.
    version: Version,
    /// How many numbers of it a version must have: all but one of those given, with `~>`; none of them counts otherwise.
    fixed: usize,
}

impl Requirement {
    /// Reads constraints separated by commas: `>= 1.2, < 2`.
    pub fn parse(text: &str) -> Result<Requirement, String> {
        let parsed = Constraints::parse(text)?;
        if text.split(',').any(|part| part.trim_start_matches([' ', '=', '!', '<', '>', '~']).starts_with('v')) {
            return Err("a version has no \"v\" in front".to_owned());
        }
        let bounds = parsed.parts().iter().map(|(operator, version)| Bound::new(*operator, version));
        let mut requirement = Requirement(bounds.collect::<Result<_, _>>()?);
        requirement.order();
        Ok(requirement)
    }

    /// Adds what somebody else asks.
    pub fn and(&mut self, other: Requirement) {
        self.0.extend(other.0);
        self.order();
    }

    /// Tells whether nothing is asked.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Tells whether a version will do.
    pub fn allows(&self, version: &Version) -> bool {
        let named = |bound: &Bound| bound.operator == Operator::Equal && bound.version == *version;
        self.0.iter().all(|bound| bound.allows(version)) && (!version.is_pre_release() || self.0.iter().any(named))
    }

    /// The lock file has them in this order, without repetitions.
    fn order(&mut self) {
        self.0.sort_by(|a, b| a.version.cmp(&b.version).then(a.rank().cmp(&b.rank())));
        self.0.dedup_by(|a, b| a.to_string() == b.to_string());
    }
}

impl Bound {
    fn new(operator: Operator, version: &lang::version::Version) -> Result<Bound, String> {
        let given = version.numbers().len();
        if given > NUMBERS {
            return Err(format!("{version} has more than three numbers"));
        }
        let numbers: Vec<String> =
            (0..NUMBERS).map(|at| version.numbers().get(at).copied().unwrap_or(0).to_string()).collect();
        let pre = version.pre_release().iter().enumerate();
        let pre: String = pre.map(|(at, part)| format!("{}{part}", if at == 0 { "-" } else { "." })).collect();
        let full = format!("{}{pre}", numbers.join("."));
        let version = Version::parse(&full).ok_or_else(|| format!("{full} is not a version"))?;
        // `~> 1` is `~> 1.0`.
        let fixed = if operator == Operator::Pessimistic { given.max(2) - 1 } else { 0 };
        Ok(Bound { operator, version, fixed })
    }

    fn allows(&self, version: &Version) -> bool {
        let order = version.cmp(&self.version);
        match self.operator {
            Operator::Equal => order.is_eq(),
            Operator::NotEqual => order.is_ne(),
            Operator::Greater => order.is_gt(),
            Operator::GreaterEqual => order.is_ge(),
            Operator::Less => order.is_lt(),
            Operator::LessEqual => order.is_le(),
            Operator::Pessimistic => {
                order.is_ge() && version.0.numbers()[..self.fixed] == self.version.0.numbers()[..self.fixed]
            }
        }
    }

    /// The order of constraints on the same version in Terraform's lock files.
    fn rank(&self) -> usize {
        match self.operator {
            Operator::Greater => 0,
            Operator::GreaterEqual => 1,
            Operator::Equal => 2,
            Operator::Pessimistic if self.fixed == NUMBERS - 1 => 3,
            Operator::Pessimistic => 4,
            Operator::LessEqual => 5,
            Operator::Less => 6,
            Operator::NotEqual => 7,
        }
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let operator = match self.operator {
            Operator::Equal => "",
            Operator::NotEqual => "!= ",
            Operator::Greater => "> ",
            Operator::GreaterEqual => ">= ",
            Operator::Less => "< ",
            Operator::LessEqual => "<= ",
            Operator::Pessimistic if self.fixed < NUMBERS - 1 => {
                let numbers = self.version.0.numbers();
                write!(f, "~> {}.{}", numbers[0], numbers[1])?;
                let pre = self.version.0.pre_release();
                return if pre.is_empty() { Ok(()) } else { write!(f, "-{}", pre.join(".")) };
            }
            Operator::Pessimistic => "~> ",
        };
        write!(f, "{operator}{}", self.version)
    }
}

/// Writes it as the lock file has it.
impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, bound) in self.0.iter().enumerate() {
            write!(f, "{}{bound}", if at > 0 { ", " } else { "" })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Requirement, Version};

    /// Chooses from what a mirror had when Terraform 1.11.4 chose from it.
    #[track_caller]
    fn check(constraint: &str, written: &str, chosen: &str) {
        const OFFERED: [&str; 8] =
            ["1.0.0-beta1", "1.0.0-rc1", "1.0.0", "1.1.0", "1.2.0-rc1", "1.2.3", "2.0.0", "2.1.0-beta1"];
        let requirement = Requirement::parse(constraint).unwrap();
        let offered = OFFERED.iter().map(|text| Version::parse(text).unwrap());
        let newest = offered.filter(|version| requirement.allows(version)).max();
        assert_eq!(requirement.to_string(), written, "{constraint}");
        assert_eq!(newest.map(|v| v.to_string()).unwrap_or_default(), chosen, "{constraint}");
    }

    #[test]
    fn chooses_what_terraform_chooses() {
        check(">= 1.0.0-beta1", ">= 1.0.0-beta1", "2.0.0");
        check("~> 1.0.0-beta1", "~> 1.0.0-beta1", "1.0.0");
        check(">= 1.0.0-beta1, < 1.0.0", ">= 1.0.0-beta1, < 1.0.0", "");
        check("= 1.0.0-rc1", "1.0.0-rc1", "1.0.0-rc1");
        check("1.0.0-rc1", "1.0.0-rc1", "1.0.0-rc1");
        check("> 1.2.0-rc1", "> 1.2.0-rc1", "2.0.0");
        check("<= 1.2.0-rc1, >= 1.2.0-rc1", ">= 1.2.0-rc1, <= 1.2.0-rc1", "");
        check("~> 1.0", "~> 1.0", "1.2.3");
        check("~> 1", "~> 1.0", "1.2.3");
        check("~>1.0.0", "~> 1.0.0", "1.0.0");
        check("!= 2.0.0", "!= 2.0.0", "1.2.3");
        check(">=1, <2", ">= 1.0.0, < 2.0.0", "1.2.3");
        check("< 2.0.0,>=1.0.0,  !=1.2.3", ">= 1.0.0, != 1.2.3, < 2.0.0", "1.1.0");
        check("1.0", "1.0.0", "1.0.0");
        check("~> 1.2.3, >= 1.0", ">= 1.0.0, ~> 1.2.3", "1.2.3");
        check("= 1.2.0-rc1, >= 1.0", ">= 1.0.0, 1.2.0-rc1", "1.2.0-rc1");
        check("2.1.0-beta1", "2.1.0-beta1", "2.1.0-beta1");
        check("~> 1-beta", "~> 1.0-beta", "1.2.3");
        check("~> 0.0.1", "~> 0.0.1", "");
        check("1.02", "1.2.0", "");
    }

    #[test]
    fn writes_constraints_in_terraforms_order() {
        check(
            "~> 1.0.0, ~> 1.0, ~> 1, <= 1, < 1, >= 1, > 1, != 1, = 1",
            "> 1.0.0, >= 1.0.0, 1.0.0, ~> 1.0.0, ~> 1.0, <= 1.0.0, < 1.0.0, != 1.0.0",
            "",
        );
        check("= 1.0.0-b, = 1.0.0-a, = 1.0.0, = 1.0.0-10, = 1.0.0-9", "1.0.0-9, 1.0.0-10, 1.0.0-a, 1.0.0-b, 1.0.0", "");
        check("~>1.2, ~>1.2, > 1.0, > 1.0.0", "> 1.0.0, ~> 1.2", "1.2.3");
    }

    #[test]
    fn reads_what_it_writes_as_the_same() {
        for text in ["> 1, < 3", "~> 1", "~> 1.2, != 1.3", "~> 1.2.3", "1"] {
            let requirement = Requirement::parse(text).unwrap();
            assert_eq!(Requirement::parse(&requirement.to_string()), Ok(requirement), "{text}");
        }
    }

    #[test]
    fn refuses_what_terraform_refuses() {
        for text in
            ["v1.2.3", ">= v1.2", "1.0.0.0", "~> 1.2.3.4", "1.x", ">=1 <2", "", " ", ">= 1,", "=> 1", "== 1", "^1", "*"]
        {
            assert!(Requirement::parse(text).is_err(), "{text:?}");
        }
    }
}
