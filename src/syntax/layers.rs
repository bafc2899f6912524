//! Bodies that lie over each other: an override file's block over the block it changes.

use std::sync::Arc;

use crate::tree::Body;

/// Two bodies read as one.
#[derive(Clone, Debug)]
pub struct Layers {
    /// What was there.
    pub base: Body,
    /// What lies over it.
    pub top: Body,
    /// The top replaces attributes of the same name and blocks of the same type; otherwise both count.
    pub replaces: bool,
}

impl Body {
    /// Returns the body with attributes and blocks of another replacing those of the same name.
    #[must_use]
    pub fn overridden_by(self, top: Body) -> Body {
        Body::Layers(Arc::new(Layers { base: self, top, replaces: true }))
    }

    /// Returns the body with the attributes and blocks of another besides its own.
    #[must_use]
    pub fn with_more(self, top: Body) -> Body {
        Body::Layers(Arc::new(Layers { base: self, top, replaces: false }))
    }
}
