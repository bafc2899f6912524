//! What the tests of this crate share: small states, seeded randomness.

use std::sync::Arc;

use addr::AbsInstance;

use crate::{Attributes, Object, ProviderConfig, State, parse_instance};

/// Numbers that a seed decides (SplitMix64).
pub(crate) struct Seeded(u64);

impl Seeded {
    pub(crate) fn new(seed: u64) -> Seeded {
        Seeded(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }
}

pub(crate) fn at(address: &str) -> AbsInstance {
    parse_instance(address).unwrap_or_else(|| panic!("{address} is an address"))
}

pub(crate) fn provider() -> Arc<ProviderConfig> {
    Arc::new(ProviderConfig::parse("provider[\"registry.terraform.io/hashicorp/fake\"]").expect("it is an address"))
}

pub(crate) fn object(id: &str) -> Arc<Object> {
    Arc::new(Object::new(0, Attributes::of_json(format!("{{\"id\":\"{id}\"}}"))))
}

pub(crate) fn state_of(addresses: &[&str]) -> State {
    let mut state = State::new("test");
    for address in addresses {
        state.set_object(&at(address).into(), provider(), object(address));
    }
    state
}
