//! Providers: where they come from, and what a module calls them.

use std::fmt;

use ecow::EcoString;

use crate::Module;

/// The registry that is meant where a source names none.
pub const DEFAULT_HOST: &str = "registry.terraform.io";
/// The namespace that is meant where a source names none.
const DEFAULT_NAMESPACE: &str = "hashicorp";

/// A provider by its full source address.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Provider {
    /// The registry's host name.
    pub host: EcoString,
    /// The namespace in the registry.
    pub namespace: EcoString,
    /// The provider's name in the namespace.
    pub name: EcoString,
}

/// Why text is not a provider source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderParseError(pub String);

impl Provider {
    /// Returns the provider that a local name means when nothing else is said.
    pub fn implied(name: &str) -> Provider {
        if name == "terraform" {
            return Provider::built_in("terraform");
        }
        Provider { host: DEFAULT_HOST.into(), namespace: DEFAULT_NAMESPACE.into(), name: name.into() }
    }

    /// Returns a provider that is part of the program.
    pub fn built_in(name: &str) -> Provider {
        Provider { host: "terraform.io".into(), namespace: "builtin".into(), name: name.into() }
    }

    /// Tells whether the provider is part of the program.
    pub fn is_built_in(&self) -> bool {
        self.host == "terraform.io" && self.namespace == "builtin"
    }

    /// Reads a source address: `NAME`, `NAMESPACE/NAME` or `HOST/NAMESPACE/NAME`.
    pub fn parse(source: &str) -> Result<Provider, ProviderParseError> {
        let parts: Vec<&str> = source.split('/').collect();
        let (host, namespace, name) = match parts[..] {
            [name] => (DEFAULT_HOST, DEFAULT_NAMESPACE, name),
            [namespace, name] => (DEFAULT_HOST, namespace, name),
            [host, namespace, name] => (host, namespace, name),
            _ => {
                return Err(ProviderParseError("a provider source has the form [hostname/][namespace/]name".into()));
            }
        };
        for (what, part) in [("namespace", namespace), ("name", name)] {
            if !is_name(part) {
                return Err(ProviderParseError(format!(
                    "the {what} {part:?} must hold only letters, digits, dashes and underscores, and begin and end with a letter or digit"
                )));
            }
        }
        if !is_host(host) {
            return Err(ProviderParseError(format!("{host:?} is not a host name")));
        }
        let name = name.to_lowercase();
        if let Some(short) = name.strip_prefix("terraform-provider-") {
            return Err(ProviderParseError(format!("leave out the prefix \"terraform-provider-\": write {short:?}")));
        }
        Ok(Provider { host: host.to_lowercase().into(), namespace: namespace.to_lowercase().into(), name: name.into() })
    }

    /// Returns the source as short as it can be written.
    pub fn short(&self) -> String {
        match (self.host.as_str(), self.namespace.as_str()) {
            (DEFAULT_HOST, namespace) => format!("{namespace}/{}", self.name),
            _ => self.to_string(),
        }
    }
}

fn is_name(part: &str) -> bool {
    let ends = |c: char| c.is_alphanumeric();
    part.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_')
        && part.chars().next().is_some_and(ends)
        && part.chars().last().is_some_and(ends)
}

fn is_host(host: &str) -> bool {
    let name = host.split_once(':').map_or(host, |(name, _)| name);
    name.contains('.') || name == "localhost" || host.contains(':')
}

impl fmt::Display for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.host, self.namespace, self.name)
    }
}

/// A provider configuration by the module that holds it, or the root where no block says it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ProviderConfig {
    /// The module that holds the configuration.
    pub module: Module,
    /// The provider.
    pub provider: Provider,
    /// The configuration's alias.
    pub alias: Option<EcoString>,
}

/// Writes the address as state files have it: `module.a.provider["registry.terraform.io/hashicorp/aws"].alias`.
impl fmt::Display for ProviderConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.module.is_root() {
            write!(f, "{}.", self.module)?;
        }
        write!(f, "provider[\"{}\"]", self.provider)?;
        self.alias.iter().try_for_each(|alias| write!(f, ".{alias}"))
    }
}

/// What a module calls a provider configuration: `aws`, `aws.east`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LocalProvider {
    /// The local name.
    pub name: EcoString,
    /// The alias.
    pub alias: Option<EcoString>,
}

impl fmt::Display for LocalProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        self.alias.iter().try_for_each(|alias| write!(f, ".{alias}"))
    }
}

#[cfg(test)]
mod tests {
    use super::Provider;

    #[test]
    fn reads_sources_of_one_to_three_parts() {
        let full = |source| Provider::parse(source).map(|p| p.to_string());
        assert_eq!(full("aws").unwrap(), "registry.terraform.io/hashicorp/aws");
        assert_eq!(full("Acme/Rocket").unwrap(), "registry.terraform.io/acme/rocket");
        assert_eq!(full("example.com:8080/a/b").unwrap(), "example.com:8080/a/b");
        assert!(full("a/b/c/d").is_err());
        assert!(full("hashicorp/terraform-provider-aws").unwrap_err().0.contains("\"aws\""));
        assert!(full("-a").is_err());
    }
}
