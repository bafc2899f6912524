//! What a change of one object comes to.

use value::{Marks, Path, Value};

/// What has to be done to get from the prior object to the planned one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Nothing: the objects are the same.
    NoOp,
    /// There was no object.
    Create,
    /// The object changes.
    Update,
    /// Something changes that cannot be changed; in which order is not decided here.
    Replace,
    /// There is to be no object.
    Delete,
}

/// Returns the action; `forced` says that there is a reason to replace: paths that force it, or the user's request.
///
/// What is sensitive does not count: the object stays as it is and only its record has new marks, see
/// [`sensitivity_changes`].
pub fn action(prior: &Value, planned: &Value, forced: bool) -> Action {
    match (prior.is_null(), planned.is_null()) {
        (true, true) => Action::NoOp,
        (true, false) => Action::Create,
        (false, true) => Action::Delete,
        (false, false) if forced => Action::Replace,
        (false, false) if is_equal(prior, planned) => Action::NoOp,
        (false, false) => Action::Update,
    }
}

/// Tells whether other parts are sensitive than before.
pub fn sensitivity_changes(prior: &Value, planned: &Value) -> bool {
    sensitive_places(prior) != sensitive_places(planned)
}

fn is_equal(prior: &Value, planned: &Value) -> bool {
    // What is shared is equal at a glance.
    if prior == planned && planned.is_wholly_known() {
        return true;
    }
    let equal = planned.clone().unmark_deep().0.equals(&prior.clone().unmark_deep().0);
    equal.as_bool() == Some(true)
}

fn sensitive_places(value: &Value) -> Vec<Path> {
    if !value.marks_deep().contains(Marks::SENSITIVE) {
        return Vec::new();
    }
    let (_, places) = value.clone().unmark_paths();
    places.into_iter().filter(|(_, marks)| marks.contains(Marks::SENSITIVE)).map(|(path, _)| path).collect()
}

#[cfg(test)]
mod tests {
    use super::super::notation::{schema, value};
    use super::{Action, action, sensitivity_changes};

    fn check(prior: &str, planned: &str, expected: Action) {
        let ty = schema("{a:string o, b:any o}").ty();
        let (prior, planned) = (value(prior, &ty), value(planned, &ty));
        assert_eq!(action(&prior, &planned, false), expected);
        let forced = if expected == Action::Update || expected == Action::NoOp && !prior.is_null() {
            Action::Replace
        } else {
            expected
        };
        assert_eq!(action(&prior, &planned, true), forced);
    }

    #[test]
    fn the_action_follows_from_the_objects() {
        check("null", "null", Action::NoOp);
        check("null", r#"{a="1", b=null}"#, Action::Create);
        check(r#"{a="1", b=null}"#, "null", Action::Delete);
        check(r#"{a="1", b=null}"#, r#"{a="2", b=null}"#, Action::Update);
        check(r#"{a="1", b=[1]}"#, r#"{a="1", b=[1]}"#, Action::NoOp);
    }

    #[test]
    fn an_unknown_part_is_an_update() {
        check(r#"{a="1", b=null}"#, "{a=?, b=null}", Action::Update);
        check("{a=?, b=null}", "{a=?, b=null}", Action::Update);
    }

    #[test]
    fn a_null_of_another_type_is_an_update() {
        check(r#"{a=null, b=<string>null}"#, r#"{a=null, b=null}"#, Action::Update);
    }

    #[test]
    fn a_change_of_sensitivity_alone_is_no_action() {
        let check_marks = |prior: &str, planned: &str, changes: bool| {
            check(prior, planned, Action::NoOp);
            let ty = schema("{a:string o, b:any o}").ty();
            assert_eq!(sensitivity_changes(&value(prior, &ty), &value(planned, &ty)), changes);
        };
        check_marks(r#"{a="1", b=null}"#, r#"{a=sensitive("1"), b=null}"#, true);
        check_marks(r#"{a=sensitive("1"), b=null}"#, r#"{a="1", b=null}"#, true);
        check_marks(r#"{a=sensitive("1"), b=null}"#, r#"{a=sensitive("1"), b=null}"#, false);
    }
}
