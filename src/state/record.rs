//! What the journal records: everything that changes state or is about to.

use std::fmt;
use std::sync::Arc;

use addr::{AbsInstance, AbsResource, ProviderConfig};
use ecow::EcoString;
use value::Path;

use crate::{CheckResult, Dependency, DeposedKey, Object, Output, Status, Target};

/// One record of the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    /// A run begins to write.
    Run(Run),
    /// A provider is about to be called.
    Intent(Intent),
    /// Something was learned during a call that is still under way.
    Handle(Handle),
    /// What there is of an object from now on; settles the intent of its token.
    Object(Settled),
    /// An object is no more, or no longer ours; settles the intent of its token.
    Gone(Gone),
    /// A call came to nothing; settles the intent of its token.
    Failed {
        /// The intent's token.
        token: EcoString,
    },
    /// The current object of an instance becomes a deposed one.
    Depose {
        /// The instance.
        address: AbsInstance,
        /// What the object is called from now on.
        key: DeposedKey,
    },
    /// A deposed object becomes the current one again.
    Restore {
        /// The instance.
        address: AbsInstance,
        /// What the object was called.
        key: DeposedKey,
    },
    /// A resource or an instance gets another address.
    Move(Move),
    /// The current object of an instance becomes one of another resource type.
    TakeOver {
        /// Its address.
        from: AbsInstance,
        /// What it is from now on, and where.
        settled: Settled,
    },
    /// A resource is known, perhaps without instances; its provider configuration is this one.
    Resource {
        /// The resource.
        address: AbsResource,
        /// The provider configuration.
        provider: Arc<ProviderConfig>,
    },
    /// A resource without instances is forgotten.
    NoResource {
        /// The resource.
        address: AbsResource,
    },
    /// An output has a value; nothing means that it is no more.
    Output {
        /// The output's name.
        name: EcoString,
        /// Its value.
        output: Option<Output>,
    },
    /// The checks came out like this.
    Checks(Option<Arc<[CheckResult]>>),
}

/// The beginning of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// The state's serial from now on.
    pub serial: u64,
    /// The version of the program.
    pub program: EcoString,
    /// When, in RFC 3339.
    pub started: EcoString,
}

/// A call that is about to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Intent {
    /// Tells calls apart, and lets a provider make the same call twice without doing its work twice.
    pub token: EcoString,
    /// The object that is meant.
    pub target: Target,
    /// What is to happen to it.
    pub action: Action,
    /// The provider configuration that is called.
    pub provider: Arc<ProviderConfig>,
    /// A digest of the planned value, by which a later run recognises what it finds.
    pub planned: EcoString,
    /// What is to be stored of the object beside its attributes.
    pub outline: Outline,
    /// Instances that are in the object and gone when it is: their current objects end with it, by the same record.
    pub contents: Arc<[AbsInstance]>,
}

/// What the engine knows of an object that the provider does not: a later run that finds the object could not ask for it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outline {
    /// What it is when it is found; an object whose creation is not all that has to happen to it is to be replaced then.
    pub status: Status,
    /// The direct dependencies.
    pub dependencies: Arc<[Dependency]>,
    /// Where the attributes are sensitive.
    pub sensitive: Arc<[Path]>,
    /// A replacement is created before this one is deleted.
    pub create_before_destroy: bool,
    /// It is in what its provider's configuration was made from.
    pub is_contained: bool,
}

/// What a call does to its object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Makes it.
    Create,
    /// Changes it.
    Update,
    /// Ends it.
    Delete,
}

impl Action {
    /// Returns the word for it.
    pub fn word(self) -> &'static str {
        match self {
            Action::Create => "create",
            Action::Update => "update",
            Action::Delete => "delete",
        }
    }

    /// Returns the action of a word.
    pub fn of_word(word: &str) -> Option<Action> {
        [Action::Create, Action::Update, Action::Delete].into_iter().find(|action| action.word() == word)
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// What a provider learned during a call: enough to ask for its outcome later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handle {
    /// The intent's token.
    pub token: EcoString,
    /// What kind of handle: `operation`, `id`.
    pub name: EcoString,
    /// The handle.
    pub value: EcoString,
}

/// What there is of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settled {
    /// The intent that this settles, if there was one.
    pub token: Option<EcoString>,
    /// Which object.
    pub target: Target,
    /// The provider configuration of its resource.
    pub provider: Arc<ProviderConfig>,
    /// The object.
    pub object: Arc<Object>,
}

/// That there is nothing of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gone {
    /// The intent that this settles, if there was one.
    pub token: Option<EcoString>,
    /// Which object.
    pub target: Target,
}

/// What is moved where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Move {
    /// One instance, with its deposed objects.
    Instance {
        /// Its address.
        from: AbsInstance,
        /// Its new address.
        to: AbsInstance,
    },
    /// All instances of a resource.
    Resource {
        /// Its address.
        from: AbsResource,
        /// Its new address.
        to: AbsResource,
    },
}
