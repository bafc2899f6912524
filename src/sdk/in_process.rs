//! A provider that runs in process, put together from its parts.

use std::collections::BTreeMap;

use schema::Schema;
use value::Value;

use crate::{FunctionProblem, FunctionSignature, Problem, Provider, Schemas};

/// The configuration of a provider.
pub trait Configuration: Send + Sync {
    /// Returns what it looks like.
    fn schema(&self) -> Schema;

    /// Checks what the schema cannot say.
    fn validate(&self, _config: &Value) -> Vec<Problem> {
        Vec::new()
    }
}

/// The configuration of a provider that takes none.
pub struct NoConfiguration;

impl Configuration for NoConfiguration {
    fn schema(&self) -> Schema {
        Schema::default()
    }
}

/// A managed resource type: one file, one line in its provider's [`Definition`].
pub trait ResourceType: Send + Sync {
    /// Returns its name, which begins with the provider's.
    fn name(&self) -> &'static str;

    /// Returns what it looks like.
    fn schema(&self) -> Schema;

    /// Checks what the schema cannot say.
    fn validate(&self, _config: &Value) -> Vec<Problem> {
        Vec::new()
    }
}

/// A data source: one file, one line in its provider's [`Definition`].
pub trait DataSource: Send + Sync {
    /// Returns its name, which begins with the provider's.
    fn name(&self) -> &'static str;

    /// Returns what it looks like.
    fn schema(&self) -> Schema;

    /// Checks what the schema cannot say.
    fn validate(&self, _config: &Value) -> Vec<Problem> {
        Vec::new()
    }
}

/// An ephemeral resource type: one file, one line in its provider's [`Definition`].
pub trait EphemeralType: Send + Sync {
    /// Returns its name, which begins with the provider's.
    fn name(&self) -> &'static str;

    /// Returns what it looks like.
    fn schema(&self) -> Schema;

    /// Checks what the schema cannot say.
    fn validate(&self, _config: &Value) -> Vec<Problem> {
        Vec::new()
    }
}

/// A function: one file, one line in its provider's [`Definition`].
pub trait Function: Send + Sync {
    /// Returns its name, without the provider's.
    fn name(&self) -> &'static str;

    /// Returns how it is called.
    fn signature(&self) -> FunctionSignature;

    /// Runs it with arguments that the signature allows, without marks.
    fn call(&self, args: &[Value]) -> Result<Value, FunctionProblem>;
}

/// The parts of a provider, one line each.
pub struct Definition {
    /// Its source address, in full: `HOST/NAMESPACE/NAME`.
    pub source: &'static str,
    /// Its own configuration.
    pub configuration: Box<dyn Configuration>,
    /// Its managed resource types.
    pub resources: Vec<Box<dyn ResourceType>>,
    /// Its data sources.
    pub data_sources: Vec<Box<dyn DataSource>>,
    /// Its ephemeral resource types.
    pub ephemerals: Vec<Box<dyn EphemeralType>>,
    /// Its functions.
    pub functions: Vec<Box<dyn Function>>,
}

impl Definition {
    /// Makes the provider.
    ///
    /// # Panics
    ///
    /// Panics if two parts of one kind have the same name.
    pub fn into_provider(self) -> Box<dyn Provider> {
        let resources = by_name(self.resources, |part| part.name());
        let data_sources = by_name(self.data_sources, |part| part.name());
        let ephemerals = by_name(self.ephemerals, |part| part.name());
        let functions = by_name(self.functions, |part| part.name());
        let schemas = Schemas {
            provider: self.configuration.schema(),
            resources: resources.iter().map(|(name, part)| ((*name).into(), part.schema())).collect(),
            data_sources: data_sources.iter().map(|(name, part)| ((*name).into(), part.schema())).collect(),
            ephemerals: ephemerals.iter().map(|(name, part)| ((*name).into(), part.schema())).collect(),
            functions: functions.iter().map(|(name, part)| ((*name).into(), part.signature())).collect(),
        };
        let configuration = self.configuration;
        Box::new(InProcess {
            source: self.source,
            schemas,
            configuration,
            resources,
            data_sources,
            ephemerals,
            functions,
        })
    }
}

fn by_name<Part: ?Sized>(parts: Vec<Box<Part>>, name: fn(&Part) -> &'static str) -> BTreeMap<&'static str, Box<Part>> {
    let mut named = BTreeMap::new();
    for part in parts {
        let name = name(&part);
        assert!(named.insert(name, part).is_none(), "two parts of a provider are called {name}");
    }
    named
}

struct InProcess {
    source: &'static str,
    schemas: Schemas,
    configuration: Box<dyn Configuration>,
    resources: BTreeMap<&'static str, Box<dyn ResourceType>>,
    data_sources: BTreeMap<&'static str, Box<dyn DataSource>>,
    ephemerals: BTreeMap<&'static str, Box<dyn EphemeralType>>,
    functions: BTreeMap<&'static str, Box<dyn Function>>,
}

impl InProcess {
    /// The engine asks only for what the schemas name; a foreign caller may not know better.
    fn unknown_kind(&self, what: &str, kind: &str) -> Vec<Problem> {
        vec![Problem::error(format!("Unknown {what}"), format!("The provider {} has no `{kind}`.", self.source))]
    }
}

impl Provider for InProcess {
    fn source(&self) -> &str {
        self.source
    }

    fn schemas(&self) -> &Schemas {
        &self.schemas
    }

    fn validate_provider(&self, config: &Value) -> Vec<Problem> {
        self.configuration.validate(config)
    }

    fn validate_resource(&self, kind: &str, config: &Value) -> Vec<Problem> {
        match self.resources.get(kind) {
            Some(part) => part.validate(config),
            None => self.unknown_kind("resource type", kind),
        }
    }

    fn validate_data(&self, kind: &str, config: &Value) -> Vec<Problem> {
        match self.data_sources.get(kind) {
            Some(part) => part.validate(config),
            None => self.unknown_kind("data source", kind),
        }
    }

    fn validate_ephemeral(&self, kind: &str, config: &Value) -> Vec<Problem> {
        match self.ephemerals.get(kind) {
            Some(part) => part.validate(config),
            None => self.unknown_kind("ephemeral resource type", kind),
        }
    }

    fn call_function(&self, name: &str, args: &[Value]) -> Result<Value, FunctionProblem> {
        match self.functions.get(name) {
            Some(part) => part.call(args),
            None => Err(FunctionProblem::new(format!("the provider {} has no function {name}", self.source))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Definition, NoConfiguration, ResourceType};
    use crate::{Problem, Provider};
    use schema::Schema;
    use value::Value;

    struct Thing;

    impl ResourceType for Thing {
        fn name(&self) -> &'static str {
            "x_thing"
        }

        fn schema(&self) -> Schema {
            Schema { version: 3, ..Schema::default() }
        }

        fn validate(&self, _: &Value) -> Vec<Problem> {
            vec![Problem::warning("Seen", "")]
        }
    }

    fn provider(resources: Vec<Box<dyn ResourceType>>) -> Box<dyn Provider> {
        Definition {
            source: "example.com/a/x",
            configuration: Box::new(NoConfiguration),
            resources,
            data_sources: vec![],
            ephemerals: vec![],
            functions: vec![],
        }
        .into_provider()
    }

    #[test]
    fn finds_a_part_by_its_name() {
        let provider = provider(vec![Box::new(Thing)]);
        assert_eq!(provider.name(), "x");
        assert_eq!(provider.schemas().resources["x_thing"].version, 3);
        assert_eq!(provider.validate_resource("x_thing", &Value::NULL)[0].summary, "Seen");
    }

    #[test]
    fn says_what_it_does_not_have() {
        let provider = provider(vec![Box::new(Thing)]);
        assert_eq!(provider.validate_resource("x_other", &Value::NULL)[0].summary, "Unknown resource type");
        assert_eq!(provider.validate_data("x_thing", &Value::NULL)[0].summary, "Unknown data source");
        assert_eq!(provider.validate_ephemeral("x_thing", &Value::NULL)[0].summary, "Unknown ephemeral resource type");
        let problem = provider.call_function("f", &[]).unwrap_err();
        assert_eq!(problem.message, "the provider example.com/a/x has no function f");
    }

    #[test]
    #[should_panic(expected = "two parts of a provider are called x_thing")]
    fn two_parts_of_one_name_are_a_mistake_of_the_author() {
        provider(vec![Box::new(Thing), Box::new(Thing)]);
    }
}
