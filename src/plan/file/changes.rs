//! What a plan is made of, in a plan file.
//!
//! Structs are taken apart by name and enums one by one, so that whoever adds to them is told of this place.

use std::sync::Arc;
use std::time::SystemTime;

use addr::{AbsInstance, AbsResource, Key, KeyPattern, Mode, ModuleInstance, ModuleStep, Pattern, Resource};
use ecow::EcoString;
use lang::evaluation::Repeated;
use sdk::ImportTarget;
use state::{CheckKind, CheckResult, CheckStatus, CheckedObject, DeposedKey, Object, State, Target};

use super::bytes::{Broken, Parsed, Reader, Writer};
use crate::model::{
    Action, Change, Deferred, Drift, Generated, Importing, Inside, Need, OutputChange, Reason, Role, Wait,
};
use crate::planner::Options;
use crate::refactor::Moved;

/// Stored objects that changes refer to; nearly all of them are in the state that the plan begins from.
pub(super) struct Objects<'a> {
    /// The state that the plan begins from.
    pub(super) prior: &'a State,
    /// Objects that are not what the state has.
    pub(super) others: State,
    /// Objects of other types as they were when they were moved, by their new addresses.
    pub(super) taken_over: State,
}

impl Objects<'_> {
    fn find(&self, target: &Target) -> Option<Arc<Object>> {
        self.others.object(target).or_else(|| self.prior.object(target)).cloned()
    }
}

pub(super) const ACTIONS: [Action; 8] = [
    Action::NoOp,
    Action::Create,
    Action::Update,
    Action::DeleteThenCreate,
    Action::CreateThenDelete,
    Action::Delete,
    Action::Read,
    Action::Forget,
];

pub(super) const REASONS: [Reason; 12] = [
    Reason::Plain,
    Reason::CannotUpdate,
    Reason::Tainted,
    Reason::Requested,
    Reason::Triggered,
    Reason::NoResource,
    Reason::NoKey,
    Reason::WrongRepetition,
    Reason::NoModule,
    Reason::NoMoveTarget,
    Reason::ConfigUnknown,
    Reason::DependencyPending,
];

const ROLES: [Role; 3] = [Role::Own, Role::Along, Role::Release];

const CHECK_KINDS: [CheckKind; 4] = [CheckKind::Resource, CheckKind::Output, CheckKind::Check, CheckKind::Variable];

const CHECK_STATUSES: [CheckStatus; 4] =
    [CheckStatus::Pass, CheckStatus::Fail, CheckStatus::Error, CheckStatus::Unknown];

pub(super) const WAITS: [Wait; 5] =
    [Wait::Instances, Wait::Config, Wait::ProviderConfig, Wait::Prerequisite, Wait::Other];

impl Writer {
    /// Writes how a plan was made. Stages have options of their own, which are never saved.
    pub(super) fn options(&mut self, options: &Options) {
        let Options {
            destroy,
            no_refresh,
            refresh_only,
            replace,
            targets,
            excludes,
            rest: _,
            is_saved: _,
            // What was written is part of the configuration that is saved.
            generate_configuration: _,
            made_up: _,
        } = options;
        [destroy, no_refresh, refresh_only].into_iter().for_each(|flag| self.flag(*flag));
        self.list(replace.iter(), Writer::instance);
        [targets, excludes].into_iter().for_each(|patterns| self.list(patterns.iter(), Writer::pattern));
    }

    fn pattern(&mut self, pattern: &Pattern) {
        let Pattern { modules, resource } = pattern;
        self.list(modules.iter(), |writer, (name, key)| {
            writer.name(name);
            writer.key_pattern(key);
        });
        self.maybe(resource.as_ref(), |writer, (resource, key)| {
            writer.resource(resource);
            writer.key_pattern(key);
        });
    }

    fn key_pattern(&mut self, key: &KeyPattern) {
        let exactly = match key {
            KeyPattern::Any => None,
            KeyPattern::Exactly(key) => Some(key),
        };
        self.maybe(exactly, |writer, key| writer.maybe_key(key.as_ref()));
    }

    pub(super) fn deferred(&mut self, deferred: &Deferred, objects: &mut Objects<'_>) {
        let Deferred { pattern, wait, change } = deferred;
        self.pattern(pattern);
        self.one_of(&WAITS, wait);
        self.change(change, objects);
    }

    /// Writes which of a list of things something is.
    pub(super) fn one_of<T: PartialEq>(&mut self, known: &[T], thing: &T) {
        let place = known.iter().position(|known| known == thing);
        self.byte(place.and_then(|place| u8::try_from(place).ok()).unwrap_or(u8::MAX));
    }

    fn key(&mut self, key: &Key) {
        match key {
            Key::Number(number) => {
                self.flag(true);
                self.number(*number);
            }
            Key::Name(name) => {
                self.flag(false);
                self.name(name);
            }
        }
    }

    pub(super) fn module(&mut self, module: &ModuleInstance) {
        self.list(module.0.iter(), |writer, step| {
            writer.name(&step.name);
            writer.maybe(step.key.as_ref(), Writer::key);
        });
    }

    pub(super) fn resource(&mut self, resource: &Resource) {
        let Resource { mode, kind, name } = resource;
        self.one_of(&[Mode::Managed, Mode::Data, Mode::Ephemeral], mode);
        self.name(kind);
        self.name(name);
    }

    fn abs_resource(&mut self, resource: &AbsResource) {
        self.module(&resource.module);
        self.resource(&resource.resource);
    }

    pub(super) fn maybe_key(&mut self, key: Option<&Key>) {
        self.maybe(key, Writer::key);
    }

    pub(super) fn instance(&mut self, instance: &AbsInstance) {
        self.abs_resource(&instance.resource);
        self.maybe_key(instance.key.as_ref());
    }

    /// Writes a change; an object that the state does not have is put with the others.
    pub(super) fn change(&mut self, change: &Change, objects: &mut Objects<'_>) {
        let Change {
            address,
            deposed,
            provider,
            action,
            reason,
            before,
            after,
            replaces,
            private,
            prior,
            needs,
            repeated,
            inside,
            importing,
            outlook,
        } = change;
        self.instance(address);
        self.maybe(*deposed, |writer, key| writer.number(key.0.into()));
        self.provider(provider);
        self.one_of(&ACTIONS, action);
        self.one_of(&REASONS, reason);
        self.value(before);
        self.maybe((before != after).then_some(after), Writer::value);
        self.list(replaces.iter(), Writer::path);
        self.bytes(private);
        self.object(&Target { address: address.clone(), deposed: *deposed }, provider, prior.as_ref(), objects);
        self.list(needs.iter(), |writer, Need { resource, key }| {
            writer.abs_resource(resource);
            writer.maybe_key(key.as_ref());
        });
        self.maybe(repeated.as_ref(), Writer::repeated);
        self.maybe(inside.as_ref(), |writer, Inside { container, role }| {
            writer.instance(container);
            writer.one_of(&ROLES, role);
        });
        self.maybe(importing.as_ref(), Writer::importing);
        self.maybe(outlook.as_deref(), Writer::outlook);
    }

    fn importing(&mut self, importing: &Importing) {
        let Importing { target, is_sensitive, is_generated } = importing;
        self.maybe(target.as_ref(), |writer, target| match target {
            ImportTarget::Id(id) => {
                writer.flag(true);
                writer.text(id);
            }
            ImportTarget::Identity(identity) => {
                writer.flag(false);
                writer.value(identity);
            }
        });
        self.flag(*is_sensitive);
        self.flag(*is_generated);
    }

    pub(super) fn generated(&mut self, generated: &Generated) {
        let Generated { address, from, text } = generated;
        self.instance(address);
        self.maybe(from.as_ref(), |writer, from| writer.text(from));
        self.text(text);
    }

    fn object(
        &mut self,
        target: &Target,
        provider: &Arc<addr::ProviderConfig>,
        object: Option<&Arc<Object>>,
        objects: &mut Objects<'_>,
    ) {
        self.flag(object.is_some());
        let Some(object) = object else { return };
        let is_stored =
            objects.prior.object(target).is_some_and(|stored| Arc::ptr_eq(stored, object) || stored == object);
        if !is_stored {
            objects.others.set_object(target, provider.clone(), object.clone());
        }
    }

    fn repeated(&mut self, repeated: &Repeated) {
        let Repeated { index, each, this } = repeated;
        self.maybe(index.as_ref(), Writer::value);
        self.maybe(each.as_ref(), |writer, (key, value)| {
            writer.value(key);
            writer.value(value);
        });
        self.maybe(this.as_ref(), Writer::value);
    }

    pub(super) fn output(&mut self, output: &OutputChange) {
        let OutputChange { name, before, after, was_sensitive, is_sensitive } = output;
        self.name(name);
        self.maybe(before.as_ref(), Writer::value);
        self.maybe(after.as_ref(), Writer::value);
        self.flag(*was_sensitive);
        self.flag(*is_sensitive);
    }

    pub(super) fn moved(&mut self, moved: &Moved, objects: &mut Objects<'_>) {
        let Moved { from, to, taken_over } = moved;
        self.instance(from);
        self.instance(to);
        self.maybe(taken_over.as_ref(), |writer, (provider, object)| {
            writer.provider(provider);
            objects.taken_over.set_object(&Target::from(to.clone()), provider.clone(), object.clone());
        });
    }

    pub(super) fn drift(&mut self, drift: &Drift, objects: &mut Objects<'_>) {
        let Drift { address, before, after, object, provider, is_told } = drift;
        self.flag(*is_told);
        self.instance(address);
        self.value(before);
        self.value(after);
        self.provider(provider);
        self.object(&Target::from(address.clone()), provider, object.as_ref(), objects);
    }

    pub(super) fn check(&mut self, check: &CheckResult) {
        let CheckResult { kind, address, status, objects } = check;
        self.one_of(&CHECK_KINDS, kind);
        self.text(address);
        self.one_of(&CHECK_STATUSES, status);
        self.maybe(objects.as_ref(), |writer, objects| {
            writer.list(objects.iter(), |writer, CheckedObject { address, status, failures }| {
                writer.text(address);
                writer.one_of(&CHECK_STATUSES, status);
                writer.list(failures.iter(), |writer, failure| writer.text(failure));
            });
        });
    }

    /// Writes a time as seconds and nanoseconds since 1970.
    pub(super) fn time(&mut self, time: SystemTime) {
        let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        self.number(since.as_secs());
        self.number(since.subsec_nanos().into());
    }
}

impl Reader<'_> {
    pub(super) fn options(&mut self) -> Parsed<Options> {
        Ok(Options {
            destroy: self.flag()?,
            no_refresh: self.flag()?,
            refresh_only: self.flag()?,
            replace: self.list(Reader::instance)?,
            targets: self.list(Reader::pattern)?,
            excludes: self.list(Reader::pattern)?,
            ..Options::default()
        })
    }

    fn pattern(&mut self) -> Parsed<Pattern> {
        Ok(Pattern {
            modules: self.list(|reader| Ok((reader.name()?, reader.key_pattern()?)))?,
            resource: self.maybe(|reader| Ok((reader.resource()?, reader.key_pattern()?)))?,
        })
    }

    fn key_pattern(&mut self) -> Parsed<KeyPattern> {
        Ok(self.maybe(Reader::maybe_key)?.map_or(KeyPattern::Any, KeyPattern::Exactly))
    }

    pub(super) fn deferred(&mut self, objects: &Objects<'_>) -> Parsed<Deferred> {
        Ok(Deferred { pattern: self.pattern()?, wait: self.one_of(&WAITS)?, change: self.change(objects)? })
    }

    pub(super) fn one_of<T: Clone>(&mut self, known: &[T]) -> Parsed<T> {
        let place = self.byte()?;
        known.get(usize::from(place)).cloned().ok_or(Broken("a word has no meaning"))
    }

    fn key(&mut self) -> Parsed<Key> {
        Ok(if self.flag()? { Key::Number(self.number()?) } else { Key::Name(self.name()?) })
    }

    pub(super) fn module(&mut self) -> Parsed<ModuleInstance> {
        let step = |reader: &mut Self| Ok(ModuleStep { name: reader.name()?, key: reader.maybe(Reader::key)? });
        Ok(ModuleInstance(self.list(step)?.into()))
    }

    pub(super) fn resource(&mut self) -> Parsed<Resource> {
        let mode = self.one_of(&[Mode::Managed, Mode::Data, Mode::Ephemeral])?;
        Ok(Resource { mode, kind: self.name()?, name: self.name()? })
    }

    fn abs_resource(&mut self) -> Parsed<AbsResource> {
        Ok(AbsResource { module: self.module()?, resource: self.resource()? })
    }

    pub(super) fn maybe_key(&mut self) -> Parsed<Option<Key>> {
        self.maybe(Reader::key)
    }

    pub(super) fn instance(&mut self) -> Parsed<AbsInstance> {
        Ok(AbsInstance { resource: self.abs_resource()?, key: self.maybe_key()? })
    }

    pub(super) fn change(&mut self, objects: &Objects<'_>) -> Parsed<Change> {
        let address = self.instance()?;
        let deposed = self.maybe(|reader| {
            u32::try_from(reader.number()?).map(DeposedKey).map_err(|_| Broken("a key is too large"))
        })?;
        let provider = self.provider()?;
        let (action, reason) = (self.one_of(&ACTIONS)?, self.one_of(&REASONS)?);
        let before = self.value()?;
        let after = self.maybe(Reader::value)?.unwrap_or_else(|| before.clone());
        let replaces = self.list(Reader::path)?;
        let private = self.bytes()?.to_vec();
        let prior = self.object(&Target { address: address.clone(), deposed }, objects)?;
        let needs = self.list(|reader| Ok(Need { resource: reader.abs_resource()?, key: reader.maybe_key()? }))?;
        let repeated = self.maybe(Reader::repeated)?;
        let inside = self.maybe(|reader| Ok(Inside { container: reader.instance()?, role: reader.one_of(&ROLES)? }))?;
        let importing = self.maybe(Reader::importing)?;
        let outlook = self.maybe(Reader::outlook)?.map(Box::new);
        Ok(Change {
            address,
            deposed,
            provider,
            action,
            reason,
            before,
            after,
            replaces,
            private,
            prior,
            needs,
            repeated,
            inside,
            importing,
            outlook,
        })
    }

    fn importing(&mut self) -> Parsed<Importing> {
        let target = self.maybe(|reader| {
            Ok(match reader.flag()? {
                true => ImportTarget::Id(reader.text()?.into()),
                false => ImportTarget::Identity(reader.value()?),
            })
        })?;
        Ok(Importing { target, is_sensitive: self.flag()?, is_generated: self.flag()? })
    }

    pub(super) fn generated(&mut self) -> Parsed<Generated> {
        Ok(Generated {
            address: self.instance()?,
            from: self.maybe(|reader| Ok(reader.text()?.into()))?,
            text: self.text()?.to_owned(),
        })
    }

    fn object(&mut self, target: &Target, objects: &Objects<'_>) -> Parsed<Option<Arc<Object>>> {
        if !self.flag()? {
            return Ok(None);
        }
        objects.find(target).map(Some).ok_or(Broken("an object is missing"))
    }

    fn repeated(&mut self) -> Parsed<Repeated> {
        Ok(Repeated {
            index: self.maybe(Reader::value)?,
            each: self.maybe(|reader| Ok((reader.value()?, reader.value()?)))?,
            this: self.maybe(Reader::value)?,
        })
    }

    pub(super) fn output(&mut self) -> Parsed<OutputChange> {
        Ok(OutputChange {
            name: self.name()?,
            before: self.maybe(Reader::value)?,
            after: self.maybe(Reader::value)?,
            was_sensitive: self.flag()?,
            is_sensitive: self.flag()?,
        })
    }

    pub(super) fn moved(&mut self, objects: &Objects<'_>) -> Parsed<Moved> {
        let (from, to) = (self.instance()?, self.instance()?);
        let target = Target::from(to.clone());
        let taken_over = self.maybe(|reader| {
            let provider = reader.provider()?;
            let object = objects.taken_over.object(&target).cloned().ok_or(Broken("an object is missing"))?;
            Ok((provider, object))
        })?;
        Ok(Moved { from, to, taken_over })
    }

    pub(super) fn drift(&mut self, objects: &Objects<'_>) -> Parsed<Drift> {
        let is_told = self.flag()?;
        let address = self.instance()?;
        let (before, after, provider) = (self.value()?, self.value()?, self.provider()?);
        let object = self.object(&Target::from(address.clone()), objects)?;
        Ok(Drift { address, before, after, object, provider, is_told })
    }

    pub(super) fn check(&mut self) -> Parsed<CheckResult> {
        let kind = self.one_of(&CHECK_KINDS)?;
        let address = self.text()?.into();
        let status = self.one_of(&CHECK_STATUSES)?;
        let text = |reader: &mut Self| reader.text().map(EcoString::from);
        let objects = self.maybe(|reader| {
            reader.list(|reader| {
                let address = reader.text()?.into();
                let status = reader.one_of(&CHECK_STATUSES)?;
                Ok(CheckedObject { address, status, failures: reader.list(text)? })
            })
        })?;
        Ok(CheckResult { kind, address, status, objects })
    }

    pub(super) fn time(&mut self) -> Parsed<SystemTime> {
        let (seconds, nanos) = (self.number()?, self.number()?);
        let nanos = u32::try_from(nanos).ok().filter(|nanos| *nanos < 1_000_000_000);
        let since = nanos.map(|nanos| std::time::Duration::new(seconds, nanos));
        since.and_then(|since| SystemTime::UNIX_EPOCH.checked_add(since)).ok_or(Broken("a time is none"))
    }
}
