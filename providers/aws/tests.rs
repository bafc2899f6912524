//! What holds for the provider as a whole.

use crate::provider;

#[test]
fn conforms() {
    assert_eq!(sdk::conformance::check(&*provider()), Vec::<String>::new());
}
