//! Addresses from text: what `addr` writes is read back.

use std::sync::Arc;

use addr::{AbsInstance, AbsResource, Key, Mode, ModuleInstance, ModuleStep, Provider, ProviderConfig, Resource};
use ecow::EcoString;

/// Reads the address of a module instance: `module.a["x"].module.b`; empty text is the root.
pub fn parse_module(text: &str) -> Option<ModuleInstance> {
    let mut reader = Reader { rest: text };
    if text.is_empty() {
        return Some(ModuleInstance::default());
    }
    let module = reader.module()?;
    reader.rest.is_empty().then_some(module)
}

/// Reads the address of a resource instance: `module.a[0].data.kind.name["key"]`.
pub fn parse_instance(text: &str) -> Option<AbsInstance> {
    let mut reader = Reader { rest: text };
    let module = reader.module()?;
    if !module.is_root() {
        reader.take('.')?;
    }
    let resource = reader.resource()?;
    let key = reader.key()?;
    reader.rest.is_empty().then_some(AbsInstance { resource: AbsResource { module, resource }, key })
}

/// Reads the address of a resource: `module.a[0].data.kind.name`.
pub fn parse_resource(text: &str) -> Option<AbsResource> {
    parse_instance(text).filter(|instance| instance.key.is_none()).map(|instance| instance.resource)
}

/// Reads the address of a provider configuration: `module.a.provider["registry.terraform.io/hashicorp/aws"].alias`.
pub fn parse_provider_config(text: &str) -> Option<ProviderConfig> {
    let mut reader = Reader { rest: text };
    let module = reader.module()?;
    if !module.is_root() {
        reader.take('.')?;
    }
    reader.rest = reader.rest.strip_prefix("provider")?;
    let Some(Key::Name(source)) = reader.key()? else { return None };
    let alias = match reader.rest.strip_prefix('.') {
        Some(alias) if addr::is_identifier(alias) => Some(alias.into()),
        Some(_) => return None,
        None if reader.rest.is_empty() => None,
        None => return None,
    };
    let names = module.0.iter().all(|step| step.key.is_none());
    let provider = parse_source(&source)?;
    names.then(|| ProviderConfig { module: module.module(), provider, alias })
}

/// Reads a full source; states of long ago name providers without a place, as `-/name`.
fn parse_source(source: &str) -> Option<Provider> {
    let mut parts = source.split('/');
    if let (Some(host), Some(namespace), Some(name), None) = (parts.next(), parts.next(), parts.next(), parts.next()) {
        let is_whole = !host.is_empty() && !namespace.is_empty() && !name.is_empty();
        return is_whole.then(|| Provider { host: host.into(), namespace: namespace.into(), name: name.into() });
    }
    Provider::parse(source).ok()
}

struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    fn take(&mut self, c: char) -> Option<()> {
        self.rest = self.rest.strip_prefix(c)?;
        Some(())
    }

    fn module(&mut self) -> Option<ModuleInstance> {
        let mut steps: Vec<ModuleStep> = Vec::new();
        loop {
            let start = self.rest;
            if !steps.is_empty() && self.take('.').is_none() {
                break;
            }
            let Some(name) = self.call() else {
                self.rest = start;
                break;
            };
            steps.push(ModuleStep { name, key: self.key()? });
        }
        Some(if steps.is_empty() { ModuleInstance::default() } else { ModuleInstance(Arc::from(steps)) })
    }

    /// Reads `module.NAME`, or `cluster.NAME`, which is a name as a whole.
    fn call(&mut self) -> Option<EcoString> {
        if let Some(rest) = self.rest.strip_prefix("module.") {
            self.rest = rest;
            return self.name();
        }
        let kind = addr::SHORT_CALLS.into_iter().find(|kind| self.rest.starts_with(&format!("{kind}.")))?;
        self.rest = &self.rest[kind.len() + 1..];
        Some(ecow::eco_format!("{kind}.{}", self.name()?))
    }

    fn resource(&mut self) -> Option<Resource> {
        let modes = [(Mode::Data, "data."), (Mode::Ephemeral, "ephemeral.")];
        let found = modes.into_iter().find_map(|(mode, prefix)| Some((mode, self.rest.strip_prefix(prefix)?)));
        let (mode, rest) = found.unwrap_or((Mode::Managed, self.rest));
        self.rest = rest;
        let kind = self.name()?;
        self.take('.')?;
        Some(Resource { mode, kind, name: self.name()? })
    }

    fn name(&mut self) -> Option<EcoString> {
        let end = self.rest.find(['.', '[']).unwrap_or(self.rest.len());
        let (name, rest) = self.rest.split_at(end);
        self.rest = rest;
        addr::is_identifier(name).then(|| name.into())
    }

    /// Reads an instance key if there is one; nothing is returned where what stands there is none.
    fn key(&mut self) -> Option<Option<Key>> {
        let Some(rest) = self.rest.strip_prefix('[') else { return Some(None) };
        if let Some(quoted) = rest.strip_prefix('"') {
            let (name, rest) = unquote(quoted)?;
            self.rest = rest.strip_prefix(']')?;
            return Some(Some(Key::Name(name)));
        }
        let (number, rest) = rest.split_once(']')?;
        let is_plain = number.bytes().all(|b| b.is_ascii_digit()) && (number == "0" || !number.starts_with('0'));
        self.rest = rest;
        Some(Some(Key::Number(number.parse().ok().filter(|_| is_plain)?)))
    }
}

/// Reads quoted text up to its closing quote; returns it and what follows.
fn unquote(text: &str) -> Option<(EcoString, &str)> {
    let plain = text.find(['"', '\\', '$', '%'])?;
    if text.as_bytes()[plain] == b'"' {
        return Some((text[..plain].into(), &text[plain + 1..]));
    }
    let mut out = String::new();
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((out.into(), &text[at + 1..])),
            '\\' => {
                let (_, escape) = chars.next()?;
                match escape {
                    'n' => out.push('\n'),
                    'r' => out.push('\r'),
                    't' => out.push('\t'),
                    '"' | '\\' => out.push(escape),
                    'u' | 'U' => {
                        let length = if escape == 'u' { 4 } else { 8 };
                        let digits: String = chars.by_ref().take(length).map(|(_, digit)| digit).collect();
                        let is_whole = digits.len() == length && digits.bytes().all(|b| b.is_ascii_hexdigit());
                        out.push(u32::from_str_radix(&digits, 16).ok().filter(|_| is_whole).and_then(char::from_u32)?);
                    }
                    _ => return None,
                }
            }
            '$' | '%' => {
                out.push(c);
                // `$${` stands for `${`; other doubled signs stand for themselves.
                if chars.peek().is_some_and(|(_, next)| *next == c) && text[at + 2 * c.len_utf8()..].starts_with('{') {
                    chars.next();
                }
            }
            c => out.push(c),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use addr::Mode;

    use super::{parse_instance, parse_module, parse_provider_config, parse_resource};

    #[test]
    fn reads_back_what_is_written() {
        for text in [
            "a.b",
            "data.a.b",
            "ephemeral.a.b[\"x\"]",
            "a.b[0]",
            "a.b[18446744073709551615]",
            "a.data",
            "module.m.a.b",
            "cluster.lake.module.pool[\"x\"].a.b",
            "addon.events[0].a.b",
            "module.m[0].module.n[\"k.k\"].data.a.b[\"é]\"]",
            r#"a.b["a\"$${x}%%{y}\n\\$$ %"]"#,
        ] {
            let read = parse_instance(text).unwrap_or_else(|| panic!("{text} is an address"));
            assert_eq!(read.to_string(), text);
        }
        assert_eq!(parse_instance("data.a.b").unwrap().resource.resource.mode, Mode::Data);
        assert_eq!(parse_module("module.a[\"x\"].module.b").unwrap().to_string(), "module.a[\"x\"].module.b");
        assert!(parse_module("").unwrap().is_root());
    }

    #[test]
    fn refuses_what_is_no_address() {
        let bad =
            ["", "a", "a.", ".b", "a.b.c", "a.b[", "a.b[]", "a.b[x]", "a.b[-1]", "a.b[01]", "a.b[\"x]", "module.m"];
        for text in bad.into_iter().chain(["module.a.b", "a.b[\"\\q\"]", "a.b[0]x", "module..a.b", "a.b[\"\\u00zz\"]"])
        {
            assert_eq!(parse_instance(text), None, "{text}");
        }
        assert_eq!(parse_resource("a.b[0]"), None);
        assert_eq!(parse_module("module.a.b"), None);
    }

    #[test]
    fn reads_provider_configurations() {
        let addr::ProviderConfig { module, provider, alias } =
            parse_provider_config("module.a.module.b.provider[\"registry.terraform.io/hashicorp/aws\"].east").unwrap();
        assert_eq!(
            (module.to_string(), provider.to_string(), alias.as_deref()),
            ("module.a.module.b".to_owned(), "registry.terraform.io/hashicorp/aws".to_owned(), Some("east"))
        );
        for text in
            ["provider.aws", "provider[0]", "provider[\"a/b/c/d\"]", "provider[\"a\"]x", "module.a[0].provider[\"a\"]"]
        {
            assert_eq!(parse_provider_config(text), None, "{text}");
        }
    }
}
