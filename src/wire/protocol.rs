//! The calls by name, in both versions of the protocol.

use std::fmt;

/// A version of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// What providers on the older SDK speak: no attributes with nested types.
    V5,
    /// What providers on the newer framework speak, and ours.
    V6,
}

impl Version {
    /// Returns the number.
    pub fn number(self) -> u32 {
        match self {
            Version::V5 => 5,
            Version::V6 => 6,
        }
    }

    /// Returns the version of a number.
    pub fn of_number(number: u32) -> Option<Version> {
        [Version::V5, Version::V6].into_iter().find(|version| version.number() == number)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.number().fmt(f)
    }
}

/// Lists the calls once: the name in version 6, and the one in version 5 where it is another.
macro_rules! calls {
    ($($call:ident $(= $old:literal)?,)*) => {
        /// A call of a provider, by its name in version 6 of the protocol.
        #[allow(missing_docs, reason = "the names are the protocol's")]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Rpc {
            $($call,)*
        }

        impl Rpc {
            /// Every call.
            pub const ALL: &[Rpc] = &[$(Rpc::$call,)*];

            /// Returns the path that a request goes to.
            pub fn path(self, version: Version) -> &'static str {
                match (self, version) {
                    $($((Rpc::$call, Version::V5) => concat!("/tfplugin5.Provider/", $old),)?)*
                    $((Rpc::$call, Version::V5) => concat!("/tfplugin5.Provider/", stringify!($call)),)*
                    $((Rpc::$call, Version::V6) => concat!("/tfplugin6.Provider/", stringify!($call)),)*
                }
            }
        }
    };
}

// The first arm for a call that has another name in version 5 makes the general one for it unreachable.
#[allow(unreachable_patterns)]
mod calls {
    use super::Version;

    calls! {
        ApplyResourceChange,
        CallFunction,
        CloseEphemeralResource,
        ConfigureProvider = "Configure",
        GenerateResourceConfig,
        GetFunctions,
        GetMetadata,
        GetProviderSchema = "GetSchema",
        GetResourceIdentitySchemas,
        ImportResourceState,
        ListResource,
        MoveResourceState,
        OpenEphemeralResource,
        PlanResourceChange,
        ReadDataSource,
        ReadResource,
        RenewEphemeralResource,
        StopProvider = "Stop",
        UpgradeResourceIdentity,
        UpgradeResourceState,
        ValidateDataResourceConfig = "ValidateDataSourceConfig",
        ValidateEphemeralResourceConfig,
        ValidateListResourceConfig,
        ValidateProviderConfig = "PrepareProviderConfig",
        ValidateResourceConfig = "ValidateResourceTypeConfig",
    }
}

pub use calls::Rpc;

impl Rpc {
    /// Returns the call that a path of version 6 names.
    pub fn of_path(path: &str) -> Option<Rpc> {
        Rpc::ALL.iter().copied().find(|rpc| rpc.path(Version::V6) == path)
    }
}

/// Paths of what every plugin serves beside the provider.
pub mod plugin_path {
    /// Tells how a service is; that of a plugin is called [`HEALTH_SERVICE`].
    pub const HEALTH_CHECK: &str = "/grpc.health.v1.Health/Check";
    /// The service whose health is asked for.
    pub const HEALTH_SERVICE: &str = "plugin";
    /// Ends the plugin.
    pub const SHUTDOWN: &str = "/plugin.GRPCController/Shutdown";
    /// Streams what the plugin prints.
    pub const STDIO: &str = "/plugin.GRPCStdio/StreamStdio";
    /// Opens further connections between the two sides, which providers do not need.
    pub const BROKER: &str = "/plugin.GRPCBroker/StartStream";
}

#[cfg(test)]
mod tests {
    use super::{Rpc, Version};

    #[test]
    fn paths_have_the_names_of_their_version() {
        assert_eq!(Rpc::GetProviderSchema.path(Version::V6), "/tfplugin6.Provider/GetProviderSchema");
        assert_eq!(Rpc::GetProviderSchema.path(Version::V5), "/tfplugin5.Provider/GetSchema");
        assert_eq!(Rpc::ValidateProviderConfig.path(Version::V5), "/tfplugin5.Provider/PrepareProviderConfig");
        assert_eq!(Rpc::ReadResource.path(Version::V5), "/tfplugin5.Provider/ReadResource");
        for rpc in Rpc::ALL {
            assert_eq!(Rpc::of_path(rpc.path(Version::V6)), Some(*rpc));
        }
        assert_eq!(Rpc::of_path("/tfplugin6.Provider/PlanAction"), None);
    }
}
