//! Modules, as written (a path of calls) and as expanded (a path of instances).

use std::fmt;
use std::sync::Arc;

use ecow::EcoString;

/// Which of several copies: by number (`count`) or by name (`for_each`).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Key {
    /// `[0]`
    Number(u64),
    /// `["name"]`
    Name(EcoString),
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Key::Number(number) => write!(f, "[{number}]"),
            Key::Name(name) => write!(f, "[\"{}\"]", escape(name)),
        }
    }
}

/// Escapes text for a quoted string of the language.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '$' | '%' if chars.peek() == Some(&'{') => {
                out.push(c);
                out.push(c);
            }
            c if (c as u32) < 0x20 => out.push_str(&format!("\\u{:04x}", c as u32)),
            c => out.push(c),
        }
    }
    out
}

/// Blocks that are a shorter way to call a module. The call has the name `cluster.NAME`, which no `module` block can have,
/// and is addressed by it.
pub const SHORT_CALLS: [&str; 2] = ["cluster", "addon"];

/// A call as it stands in an address: `module.NAME`, or `cluster.NAME`.
pub struct CallName<'a>(pub &'a str);

impl fmt::Display for CallName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.0.contains('.') {
            f.write_str("module.")?;
        }
        f.write_str(self.0)
    }
}

/// A module as written: the names of the calls that lead to it; empty is the root.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Module(pub Arc<[EcoString]>);

impl Module {
    /// Returns the module that a call in this one leads to.
    pub fn child(&self, name: impl Into<EcoString>) -> Module {
        Module(self.0.iter().cloned().chain([name.into()]).collect())
    }

    /// Tells whether this is the root.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Module {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, name) in self.0.iter().enumerate() {
            write!(f, "{}{}", if i > 0 { "." } else { "" }, CallName(name))?;
        }
        Ok(())
    }
}

/// One step of a [`ModuleInstance`].
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ModuleStep {
    /// The call's name.
    pub name: EcoString,
    /// Which of its instances.
    pub key: Option<Key>,
}

/// A module as expanded; empty is the root.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ModuleInstance(pub Arc<[ModuleStep]>);

impl ModuleInstance {
    /// Returns an instance of a call in this module.
    pub fn child(&self, name: impl Into<EcoString>, key: Option<Key>) -> ModuleInstance {
        let step = ModuleStep { name: name.into(), key };
        ModuleInstance(self.0.iter().cloned().chain([step]).collect())
    }

    /// Returns the module it is an instance of.
    pub fn module(&self) -> Module {
        Module(self.0.iter().map(|step| step.name.clone()).collect())
    }

    /// Tells whether this is the root.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for ModuleInstance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, step) in self.0.iter().enumerate() {
            write!(f, "{}{}", if i > 0 { "." } else { "" }, CallName(&step.name))?;
            if let Some(key) = &step.key {
                write!(f, "{key}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Key, ModuleInstance};

    #[test]
    fn writes_addresses_as_the_language_quotes_them() {
        let root = ModuleInstance::default();
        let address =
            root.child("a", None).child("b", Some(Key::Name("x\"${y".into()))).child("c", Some(Key::Number(3)));
        assert_eq!(address.to_string(), r#"module.a.module.b["x\"$${y"].module.c[3]"#);
        assert_eq!(root.child("cluster.lake", None).child("a", None).to_string(), "cluster.lake.module.a");
    }
}
