//! What is kept with an object in state, beside the object: which one it is, and what of it is ours.

use serde_json::{Value as Json, json};

use crate::fields;
use crate::json::at;

/// What is kept with an object.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Kept {
    /// The object's uid; empty if it is not known.
    pub(crate) uid: String,
    /// The fields that were applied.
    pub(crate) fields: Json,
    /// What these fields were, as a fingerprint.
    pub(crate) print: String,
    /// They are something else by now.
    pub(crate) has_drifted: bool,
    /// The object in state is not all that is there: it is to be taken over anew.
    pub(crate) is_stale: bool,
}

impl Kept {
    /// Takes down what of an object was applied by a manager, with `manifest`.
    pub(crate) fn of(object: &Json, manager: &str, manifest: &Json, computed: &[String]) -> Kept {
        let mut fields = fields::applied_by(object, manager).unwrap_or_else(|| fields::set_by(manifest));
        for path in computed {
            fields::without(&mut fields, path);
        }
        let print = fields::fingerprint(object, &fields);
        Kept { uid: at(object, "/metadata/uid").to_owned(), fields, print, has_drifted: false, is_stale: false }
    }

    /// Reads it from state.
    pub(crate) fn read(private: &[u8]) -> Kept {
        let json: Json = serde_json::from_slice(private).unwrap_or_default();
        let flag = |name: &str| json.get(name).and_then(Json::as_bool).unwrap_or(false);
        Kept {
            uid: at(&json, "/uid").to_owned(),
            fields: json.get("fields").cloned().unwrap_or_default(),
            print: at(&json, "/print").to_owned(),
            has_drifted: flag("drifted"),
            is_stale: flag("stale"),
        }
    }

    /// Writes it for state.
    pub(crate) fn write(&self) -> Vec<u8> {
        let mut json = json!({"uid": self.uid, "fields": self.fields, "print": self.print});
        for (name, flag) in [("drifted", self.has_drifted), ("stale", self.is_stale)] {
            if flag {
                json[name] = true.into();
            }
        }
        json.to_string().into_bytes()
    }

    /// Tells whether what was applied is still so.
    pub(crate) fn is_true_of(&self, object: &Json) -> bool {
        !self.print.is_empty()
            && self.uid == at(object, "/metadata/uid")
            && self.print == fields::fingerprint(object, &self.fields)
    }

    /// Returns the uid, if it is known.
    pub(crate) fn known_uid(&self) -> Option<&str> {
        Some(self.uid.as_str()).filter(|uid| !uid.is_empty())
    }
}
