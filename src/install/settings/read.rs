//! From the text of a settings file to [`Settings`].

use std::path::{Path, PathBuf};
use std::{fs, io};

use addr::Provider;
use diag::{Diagnostic, Diagnostics, Sources, Span};
use syntax::tree::{Expr, ExprKind};
use syntax::{AttributeSchema, BlockSchema, BodySchema, ContentBlock, TokenKind};

use super::{Location, Method, Pattern, Settings, Surroundings, Token};

const FILE: BodySchema<'static> = BodySchema {
    attributes: &[
        AttributeSchema { name: "default_registry", required: false },
        AttributeSchema { name: "disable_checkpoint", required: false },
        AttributeSchema { name: "disable_checkpoint_signature", required: false },
        AttributeSchema { name: "plugin_cache_dir", required: false },
        AttributeSchema { name: "plugin_cache_may_break_dependency_lock_file", required: false },
        AttributeSchema { name: "providers", required: false },
        AttributeSchema { name: "provisioners", required: false },
    ],
    blocks: &[
        BlockSchema { kind: "credentials", labels: &["host"] },
        BlockSchema { kind: "credentials_helper", labels: &["type"] },
        BlockSchema { kind: "host", labels: &["host"] },
        BlockSchema { kind: "provider_installation", labels: &[] },
    ],
};

const INSTALLATION: BodySchema<'static> = BodySchema {
    attributes: &[AttributeSchema { name: "dev_overrides", required: false }],
    blocks: &[
        BlockSchema { kind: "direct", labels: &[] },
        BlockSchema { kind: "filesystem_mirror", labels: &[] },
        BlockSchema { kind: "network_mirror", labels: &[] },
    ],
};

/// Adds what a file says.
pub(super) fn file(
    path: &Path,
    must_exist: bool,
    surroundings: &Surroundings,
    settings: &mut Settings,
    sources: &mut Sources,
    diags: &mut Diagnostics,
) {
    let text = match fs::read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound && !must_exist => return,
        Err(error) => {
            let detail = format!("The settings file {} cannot be read: {error}. It is left out.", path.display());
            return diags.push(Diagnostic::warning("Unreadable CLI configuration file", detail));
        }
    };
    let is_json = path.extension().is_some_and(|extension| extension == "json");
    let text = if is_json { text } else { with_overrides_as_attribute(text) };
    let file = sources.add(path, text);
    let text = sources.file(file).text.clone();
    let (tree, found) = if is_json { syntax::parse_json(file, &text) } else { syntax::parse(file, &text) };
    diags.append(found);
    let (content, _) = tree.body.partial_content(&FILE, diags);
    let mut reader = Reader { surroundings, folder: path.parent().unwrap_or(Path::new(".")), diags };
    for attribute in &content.attributes {
        match attribute.name.name.as_str() {
            "plugin_cache_dir" => settings.plugin_cache = reader.path(&attribute.expr),
            "default_registry" => {
                if let Some(host) = reader.text(&attribute.expr) {
                    settings.default_registry = host.to_lowercase();
                }
            }
            _ => {}
        }
    }
    for block in &content.blocks {
        match block.kind.name.as_str() {
            "credentials" => reader.credentials(block, settings),
            "host" => reader.host(block, settings),
            "provider_installation" => reader.installation(block, settings),
            _ => {
                let detail = "Programs that keep tokens are not asked: put the token into a \"credentials\" block or into \
                              a variable TF_TOKEN_HOST.";
                reader.diags.warning(block.header, "Credentials helper not used", detail);
            }
        }
    }
}

/// The block `dev_overrides { "a/b" = … }` has names in quotes, which the language has in objects only. With an equals
/// sign in place of the white space in front of its brace it is an object.
fn with_overrides_as_attribute(mut text: Vec<u8>) -> Vec<u8> {
    let tokens: Vec<_> = syntax::lex(&text).into_iter().filter(|token| token.kind != TokenKind::Comment).collect();
    let places: Vec<usize> = tokens
        .windows(2)
        .filter(|pair| {
            let word = &text[pair[0].start as usize..pair[0].end as usize];
            word == b"dev_overrides" && pair[1].kind == TokenKind::OpenBrace
        })
        .map(|pair| pair[0].end as usize)
        .collect();
    for place in places.into_iter().rev() {
        match text.get_mut(place) {
            Some(byte) if byte.is_ascii_whitespace() => *byte = b'=',
            _ => text.insert(place, b'='),
        }
    }
    text
}

struct Reader<'a> {
    surroundings: &'a Surroundings,
    folder: &'a Path,
    diags: &'a mut Diagnostics,
}

impl Reader<'_> {
    fn credentials(&mut self, block: &ContentBlock, settings: &mut Settings) {
        let Some(host) = block.labels.first() else { return };
        for attribute in block.body.just_attributes(self.diags) {
            if attribute.name.name == "token"
                && let Some(token) = self.text(&attribute.expr)
            {
                settings.tokens.insert(host.name.to_lowercase().to_string(), Token(token));
            }
        }
    }

    fn host(&mut self, block: &ContentBlock, settings: &mut Settings) {
        let Some(host) = block.labels.first() else { return };
        for attribute in block.body.just_attributes(self.diags) {
            if attribute.name.name != "services" {
                continue;
            }
            let services = self.object(&attribute.expr).into_iter();
            // Services that are described by more than an address are none that packages come from.
            let services = services.filter_map(|(name, _, value)| Some((name, constant(value)?.to_owned()))).collect();
            settings.hosts.insert(host.name.to_lowercase().to_string(), services);
        }
    }

    fn installation(&mut self, block: &ContentBlock, settings: &mut Settings) {
        let content = block.body.content(&INSTALLATION, self.diags);
        if let Some(attribute) = content.attribute("dev_overrides") {
            for (source, span, value) in self.object(&attribute.expr) {
                match Provider::parse(&source) {
                    Ok(provider) => {
                        if let Some(path) = self.path(value) {
                            settings.dev_overrides.insert(provider, path);
                        }
                    }
                    Err(error) => {
                        let detail = format!("{source:?} is no provider's address: {}.", error.0);
                        self.diags.error(span, "Invalid provider installation method", detail);
                    }
                }
            }
        }
        let methods: Vec<Method> = content.blocks.iter().filter_map(|block| self.method(block)).collect();
        settings.methods = Some(methods);
    }

    fn method(&mut self, block: &ContentBlock) -> Option<Method> {
        let (mut include, mut exclude, mut place) = (None, Vec::new(), None);
        for attribute in block.body.just_attributes(self.diags) {
            match attribute.name.name.as_str() {
                "include" => include = Some(self.patterns(&attribute.expr)),
                "exclude" => exclude = self.patterns(&attribute.expr),
                "path" | "url" => place = Some(attribute),
                name => {
                    let detail = format!("There is no setting {name:?} for a way to install providers.");
                    self.diags.error(attribute.name.span, "Invalid provider installation method", detail);
                }
            }
        }
        let location = match (block.kind.name.as_str(), place) {
            ("direct", None) => Location::Direct,
            ("filesystem_mirror", Some(place)) if place.name.name == "path" => {
                Location::Folder(self.path(&place.expr)?)
            }
            ("network_mirror", Some(place)) if place.name.name == "url" => {
                let url = self.text(&place.expr)?;
                if !url.starts_with("https://") {
                    let detail = "A mirror of providers is asked over HTTPS only: the address begins with https://.";
                    self.diags.error(place.expr.span, "Invalid URL for provider installation source", detail);
                    return None;
                }
                Location::Network(if url.ends_with('/') { url } else { format!("{url}/") })
            }
            (kind, _) => {
                let needs = match kind {
                    "direct" => "include and exclude at most",
                    "filesystem_mirror" => "a path, and may have include and exclude",
                    _ => "a url, and may have include and exclude",
                };
                let detail = format!("A {kind} block has {needs}.");
                self.diags.error(block.header, "Invalid provider installation method", detail);
                return None;
            }
        };
        Some(Method { location, include, exclude })
    }

    fn patterns(&mut self, expr: &Expr) -> Vec<Pattern> {
        let ExprKind::Tuple(items) = &expr.kind else {
            self.wrong(expr.span, "a list of provider addresses");
            return Vec::new();
        };
        let mut patterns = Vec::new();
        for item in items {
            match constant(item).and_then(Pattern::parse) {
                Some(pattern) => patterns.push(pattern),
                None => self.wrong(
                    item.span,
                    "a provider's address, in which * may stand for the name, for namespace and name, or for all parts",
                ),
            }
        }
        patterns
    }

    fn object<'e>(&mut self, expr: &'e Expr) -> Vec<(String, Span, &'e Expr)> {
        let ExprKind::Object(items) = &expr.kind else {
            self.wrong(expr.span, "an object");
            return Vec::new();
        };
        let name = |key: &Expr| match &key.kind {
            ExprKind::Variable(name) => Some(name.to_string()),
            _ => constant(key).map(str::to_owned),
        };
        items.iter().filter_map(|item| Some((name(&item.key)?, item.key.span, &item.value))).collect()
    }

    fn text(&mut self, expr: &Expr) -> Option<String> {
        let text = constant(expr).map(str::to_owned);
        if text.is_none() {
            self.wrong(expr.span, "a string without interpolation");
        }
        text
    }

    /// Reads a path: variables as a shell has them, `~`, and relative to the file if it is relative at all.
    fn path(&mut self, expr: &Expr) -> Option<PathBuf> {
        let text = self.text(expr)?;
        let text = expanded(&text, self.surroundings);
        let path = match (text.strip_prefix("~/"), &self.surroundings.home) {
            (Some(rest), Some(home)) => home.join(rest),
            _ => PathBuf::from(text),
        };
        Some(if path.is_absolute() { path } else { self.folder.join(path) })
    }

    fn wrong(&mut self, span: Span, what: &str) {
        self.diags.error(span, "Invalid CLI configuration", format!("This must be {what}."));
    }
}

fn constant(expr: &Expr) -> Option<&str> {
    match &expr.kind {
        ExprKind::String(text) => Some(text),
        ExprKind::JsonString(string) => Some(&string.text),
        _ => None,
    }
}

/// Puts variables' values in the place of `$NAME` and `${NAME}`.
fn expanded(text: &str, surroundings: &Surroundings) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before);
        let braced = after.strip_prefix('{').and_then(|inside| inside.split_once('}'));
        let (name, behind) = braced.unwrap_or_else(|| {
            let end = after.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(after.len());
            after.split_at(end)
        });
        out.push_str(surroundings.get(name).unwrap_or_default());
        rest = behind;
    }
    out.push_str(rest);
    out
}
