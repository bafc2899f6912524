//! The journal of a run: records become durable together, and become a snapshot at the end.

use std::fmt;
use std::future::{Future, poll_fn};
use std::io::{self, Write};
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::thread::JoinHandle;

use ecow::EcoString;

use crate::format::line::{self, Sum};
use crate::format::v1;
use crate::handles::{World, identifier, rfc3339};
use crate::lock::Lock;
use crate::reading::{Damage, End, Note, read};
use crate::record::{Record, Run, Settled};
use crate::stores::{Appender, Store, StoreError};
use crate::{ChangeError, Ledger, State};

/// A state that is open for writing: the one way to change it.
///
/// `append` changes the state in memory and hands the record to a thread that writes; the [`Ticket`] it returns says when the
/// record is durable. Records that wait at the same time share one sync of the file.
/// Whoever is told that something exists writes it here first and asks questions later: nothing that was appended is
/// lost even when the file fails, since [`Journal::close`] writes all that is known to a new file.
pub struct Journal {
    shared: Arc<Shared>,
    writer: Option<JoinHandle<()>>,
    store: Arc<dyn Store>,
    workspace: String,
    lock: Arc<dyn Lock>,
    program: EcoString,
    records_at_opening: u64,
}

/// What opening a state finds.
pub struct Opened {
    /// The state, open for writing.
    pub journal: Journal,
    /// What the user should know.
    pub notes: Vec<Note>,
    /// Whether there was no state file.
    pub is_new: bool,
}

/// Why a state cannot be opened.
#[derive(Debug)]
pub enum OpenError {
    /// The file is damaged.
    Damaged(Box<Damage>),
    /// The store failed.
    Store(StoreError),
    /// There was no randomness for a lineage.
    Random(io::Error),
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OpenError::Damaged(damage) => damage.fmt(f),
            OpenError::Store(error) => error.fmt(f),
            OpenError::Random(error) => write!(f, "A new state needs a random name: {error}."),
        }
    }
}

impl std::error::Error for OpenError {}

impl From<StoreError> for OpenError {
    fn from(error: StoreError) -> OpenError {
        OpenError::Store(error)
    }
}

impl From<Box<Damage>> for OpenError {
    fn from(damage: Box<Damage>) -> OpenError {
        OpenError::Damaged(damage)
    }
}

/// Why records are not durable: the file failed, now or earlier in this run.
#[derive(Clone, Debug)]
pub struct JournalError(Arc<StoreError>);

impl fmt::Display for JournalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for JournalError {}

/// How a run's journal came to its end.
#[derive(Debug)]
pub struct Closed {
    /// The file failed during the run, and all that was to be in it is in the new one.
    pub rescued: Option<JournalError>,
    /// What is known now.
    pub ledger: Ledger,
}

#[derive(Default)]
struct Queue {
    ledger: Ledger,
    /// Bodies of records that are not handed to the file yet.
    pending: Vec<Vec<u8>>,
    /// How many records were appended.
    appended: u64,
    /// How many of them must be durable as soon as possible, because someone waits.
    wanted: u64,
    /// How many of them are durable.
    durable: u64,
    wakers: Vec<(u64, Waker)>,
    /// Whoever writes by hand and waits for work.
    scribe: Option<Waker>,
    failure: Option<JournalError>,
    is_closing: bool,
}

#[derive(Default)]
struct Shared {
    queue: Mutex<Queue>,
    /// There is work for the writer.
    work: Condvar,
    /// More is durable, or nothing will be.
    progress: Condvar,
    /// The file, where no thread writes it; locked before the queue.
    by_hand: Mutex<Option<Tail>>,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        // A thread that panicked inside left the queue as it was between two changes: none of them can panic halfway.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes and syncs what is to be, where no thread does.
    fn work_by_hand(&self) {
        let mut by_hand = self.by_hand.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(file) = &mut *by_hand else { return };
        let mut queue = self.lock();
        while queue.has_work() {
            queue = file.round(self, queue, Syncing::IfWanted);
        }
    }
}

/// Does the work of a journal's thread, where there is none: a test decides when something gets to the disk.
pub struct Scribe(Arc<Shared>);

impl Scribe {
    /// Waits until someone waits for the disk.
    pub async fn wanted(&self) {
        poll_fn(|context| {
            let mut queue = self.0.lock();
            if queue.wanted > queue.durable && queue.failure.is_none() {
                return Poll::Ready(());
            }
            queue.scribe = Some(context.waker().clone());
            Poll::Pending
        })
        .await;
    }

    /// Returns the state and what is under way, as the process thinks of it.
    pub fn ledger(&self) -> Ledger {
        self.0.lock().ledger.clone()
    }

    /// Returns why the file takes no more records, if it does not.
    pub fn failure(&self) -> Option<JournalError> {
        self.0.lock().failure.clone()
    }

    /// Writes what is pending, without making it durable.
    pub fn write(&self) {
        let mut by_hand = self.0.by_hand.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(file) = &mut *by_hand else { return };
        let queue = self.0.lock();
        if queue.failure.is_none() && !queue.pending.is_empty() {
            drop(file.round(&self.0, queue, Syncing::Not));
        }
    }

    /// Writes what is pending and makes durable what is waited for.
    pub fn sync(&self) {
        self.0.work_by_hand();
    }
}

/// Whether a round of writing ends with a sync.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Syncing {
    /// If someone waits for it.
    IfWanted,
    /// It does not.
    Not,
}

/// When a record is durable. Without anyone who waits a record is written soon and synced with the next that is wanted.
#[must_use = "a record is durable when its ticket says so"]
pub struct Ticket {
    shared: Arc<Shared>,
    number: u64,
}

impl Ticket {
    /// Waits until the record and all before it are durable.
    pub fn wait(self) -> Result<(), JournalError> {
        let mut queue = self.shared.lock();
        loop {
            if let Some(result) = queue.result(self.number) {
                return result;
            }
            queue.want(self.number, &self.shared);
            drop(queue);
            self.shared.work_by_hand();
            queue = self.shared.lock();
            if queue.result(self.number).is_none() {
                queue = self.shared.progress.wait(queue).unwrap_or_else(PoisonError::into_inner);
            }
        }
    }

    /// Leaves the record to be synced with the next that is wanted, at the latest when the journal is closed.
    pub fn lazily(self) {}
}

impl Future for Ticket {
    type Output = Result<(), JournalError>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut queue = self.shared.lock();
        if let Some(result) = queue.result(self.number) {
            return Poll::Ready(result);
        }
        queue.want(self.number, &self.shared);
        queue.wakers.push((self.number, context.waker().clone()));
        Poll::Pending
    }
}

impl Queue {
    fn result(&self, number: u64) -> Option<Result<(), JournalError>> {
        if number <= self.durable {
            return Some(Ok(()));
        }
        self.failure.clone().map(Err)
    }

    fn want(&mut self, number: u64, shared: &Shared) {
        if number > self.wanted {
            self.wanted = number;
            shared.work.notify_one();
            self.scribe.take().into_iter().for_each(Waker::wake);
        }
    }

    /// Tells whether there is something to write or to sync, and a file that takes it.
    fn has_work(&self) -> bool {
        self.failure.is_none() && (!self.pending.is_empty() || self.wanted > self.durable)
    }

    /// Tells those who wait for what is decided now.
    fn tell(&mut self, shared: &Shared) {
        let (durable, failed) = (self.durable, self.failure.is_some());
        let (decided, waiting) =
            std::mem::take(&mut self.wakers).into_iter().partition(|(number, _)| failed || *number <= durable);
        self.wakers = waiting;
        let decided: Vec<(u64, Waker)> = decided;
        decided.into_iter().for_each(|(_, waker)| waker.wake());
        shared.progress.notify_all();
    }
}

impl Journal {
    /// Opens the state of a workspace for a run that holds its lock; `program` is the program's version.
    ///
    /// Open intents in the ledger are calls that an earlier run did not see the end of; the caller settles them first.
    pub fn open(
        store: Arc<dyn Store>,
        workspace: &str,
        lock: Box<dyn Lock>,
        world: &World,
        program: &str,
    ) -> Result<Opened, OpenError> {
        let (journal, tail, notes, is_new) = Journal::prepare(store, workspace, lock.into(), world, program)?;
        let mut journal = journal;
        let writer = std::thread::Builder::new().name("journal".to_owned()).spawn({
            let shared = journal.shared.clone();
            move || write_all(&shared, tail)
        });
        let writer = writer.map_err(|cause| StoreError::Io {
            doing: "start",
            what: "the journal's thread".to_owned(),
            cause,
        })?;
        journal.writer = Some(writer);
        Ok(Opened { journal, notes, is_new })
    }

    /// Opens a state like [`Journal::open`] for a test that says itself when something gets to the disk: no thread does.
    pub fn open_by_hand(
        store: Arc<dyn Store>,
        workspace: &str,
        lock: Box<dyn Lock>,
        world: &World,
        program: &str,
    ) -> Result<(Opened, Scribe), OpenError> {
        let (journal, tail, notes, is_new) = Journal::prepare(store, workspace, lock.into(), world, program)?;
        *journal.shared.by_hand.lock().unwrap_or_else(PoisonError::into_inner) = Some(tail);
        let scribe = Scribe(journal.shared.clone());
        Ok((Opened { journal, notes, is_new }, scribe))
    }

    fn prepare(
        store: Arc<dyn Store>,
        workspace: &str,
        lock: Arc<dyn Lock>,
        world: &World,
        program: &str,
    ) -> Result<(Journal, Tail, Vec<Note>, bool), OpenError> {
        let found = store.load(workspace)?;
        let is_new = found.is_none();
        let bytes = match found {
            Some(bytes) => bytes,
            None => empty_file(world, program).map_err(OpenError::Random)?,
        };
        let reading = read(&bytes)?;
        let run = Run {
            serial: reading.ledger.state.serial + 1,
            program: program.into(),
            started: rfc3339(world.clock.now()).into(),
        };
        let shared = Arc::new(Shared::default());
        shared.lock().ledger = reading.ledger;
        let tail = Tail {
            store: store.clone(),
            workspace: workspace.to_owned(),
            lock: lock.clone(),
            end: reading.end,
            first: is_new.then_some(bytes),
            run: Some(run),
            appender: None,
            written: 0,
        };
        let journal = Journal {
            shared,
            writer: None,
            store,
            workspace: workspace.to_owned(),
            lock,
            program: program.into(),
            records_at_opening: reading.journal_records,
        };
        Ok((journal, tail, reading.notes, is_new))
    }

    /// Takes in a record; an error means that it makes no sense, and that nothing has changed.
    pub fn append(&self, record: &Record) -> Result<Ticket, ChangeError> {
        let body = v1::encode(record);
        let mut queue = self.shared.lock();
        let queue = &mut *queue;
        queue.ledger.apply(record)?;
        if queue.appended == 0 {
            queue.ledger.state.serial += 1;
        }
        queue.appended += 1;
        queue.pending.push(body);
        if queue.pending.len() == 1 {
            self.shared.work.notify_one();
        }
        Ok(Ticket { shared: self.shared.clone(), number: queue.appended })
    }

    /// Takes in a record and waits until it is durable.
    pub fn commit(&self, record: &Record) -> Result<(), CommitError> {
        self.append(record).map_err(CommitError::Change)?.wait().map_err(CommitError::Journal)
    }

    /// Returns the state as it is now; later changes do not show in what is returned.
    pub fn state(&self) -> State {
        self.shared.lock().ledger.state.clone()
    }

    /// Returns the state and what is under way.
    pub fn ledger(&self) -> Ledger {
        self.shared.lock().ledger.clone()
    }

    /// Looks at the state without taking a copy; what waits for the journal waits meanwhile.
    pub fn look<T>(&self, at: impl FnOnce(&Ledger) -> T) -> T {
        at(&self.shared.lock().ledger)
    }

    /// Returns why the file takes no more records, if it does not.
    pub fn failure(&self) -> Option<JournalError> {
        self.shared.lock().failure.clone()
    }

    /// Returns the lock.
    pub fn lock(&self) -> &dyn Lock {
        &*self.lock
    }

    /// Ends the run: everything becomes durable, and a snapshot takes the place of the file, if anything was written.
    ///
    /// If records failed to become durable, the snapshot still gets them. On an error the file is as the records left it,
    /// and [`Journal::rescue`] writes what is known elsewhere.
    pub fn close(mut self) -> Result<Closed, (Journal, StoreError)> {
        self.stop();
        let (ledger, appended, failure) = {
            let queue = self.shared.lock();
            (queue.ledger.clone(), queue.appended, queue.failure.clone())
        };
        if (appended > 0 || self.records_at_opening > 0)
            && let Err(error) = replace(&*self.store, &self.workspace, &*self.lock, &ledger, &self.program)
        {
            return Err((self, error));
        }
        Ok(Closed { rescued: failure, ledger })
    }

    /// Ends the run like [`Journal::close`], with another state in the place of the one that is known.
    ///
    /// What is under way stays under way.
    pub fn close_with(mut self, state: State) -> Result<Closed, (Journal, StoreError)> {
        // First, as the writer would wait for the record that is counted below and is none.
        self.stop();
        {
            let mut queue = self.shared.lock();
            queue.ledger.state = state;
            // Counts as written, so that the file is replaced even where no record was appended.
            queue.appended = queue.appended.max(1);
        }
        self.close()
    }

    /// Writes all that is known, as a state file of its own.
    pub fn rescue(&self, out: &mut dyn Write) -> io::Result<()> {
        write_snapshot(out, &self.ledger(), &self.program)
    }

    /// Lets the writer finish.
    fn stop(&mut self) {
        {
            let mut queue = self.shared.lock();
            queue.is_closing = true;
            queue.wanted = queue.appended;
        }
        self.shared.work.notify_one();
        self.shared.work_by_hand();
        if let Some(writer) = self.writer.take() {
            // The writer does not panic; if it did, the failure below is what those who wait get to see.
            let _ = writer.join();
        }
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Why a record is not committed.
#[derive(Debug)]
pub enum CommitError {
    /// It makes no sense; nothing has changed.
    Change(ChangeError),
    /// It is known but not durable.
    Journal(JournalError),
}

impl fmt::Display for CommitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CommitError::Change(error) => error.fmt(f),
            CommitError::Journal(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for CommitError {}

/// The end of the file, where records go.
struct Tail {
    store: Arc<dyn Store>,
    workspace: String,
    lock: Arc<dyn Lock>,
    end: End,
    /// The file that is made with the first record, where there is none.
    first: Option<Vec<u8>>,
    /// Written before the first record.
    run: Option<Run>,
    appender: Option<Box<dyn Appender>>,
    /// How many records were handed to the file.
    written: u64,
}

impl Tail {
    /// Writes what is pending and syncs if that is wanted; the queue is free meanwhile.
    fn round<'q>(
        &mut self,
        shared: &'q Shared,
        mut queue: MutexGuard<'q, Queue>,
        sync: Syncing,
    ) -> MutexGuard<'q, Queue> {
        let must_sync = sync == Syncing::IfWanted && queue.wanted > queue.durable;
        let bodies = std::mem::take(&mut queue.pending);
        drop(queue);
        self.written += bodies.len() as u64;
        let mut result = if bodies.is_empty() { Ok(()) } else { self.write(&bodies) };
        if must_sync && result.is_ok() {
            result = self.sync();
        }
        queue = shared.lock();
        match result {
            Ok(()) if must_sync => queue.durable = self.written,
            Ok(()) => {}
            // After a failed write or sync nobody knows what the file holds: nothing more goes there.
            Err(error) => queue.failure = Some(JournalError(Arc::new(error))),
        }
        if must_sync || queue.failure.is_some() {
            queue.tell(shared);
        }
        queue
    }

    fn write(&mut self, bodies: &[Vec<u8>]) -> Result<(), StoreError> {
        self.lock.renew().map_err(|_| StoreError::LockLost)?;
        let mut bytes = Vec::with_capacity(bodies.iter().map(|body| body.len() + 64).sum());
        if let Some(run) = self.run.take() {
            if self.end.lacks_line_break {
                bytes.push(b'\n');
            }
            self.line(&mut bytes, &v1::encode(&Record::Run(run)));
        }
        for body in bodies {
            self.line(&mut bytes, body);
        }
        if let Some(first) = self.first.take() {
            self.store.replace(&self.workspace, &*self.lock, &mut |out| out.write_all(&first))?;
        }
        let appender = match &mut self.appender {
            Some(appender) => appender,
            None => self.appender.insert(self.store.append(&self.workspace, &*self.lock, self.end.length)?),
        };
        appender.write(&bytes)
    }

    fn line(&mut self, bytes: &mut Vec<u8>, body: &[u8]) {
        line::write(bytes, self.end.file, self.end.next_line, body);
        self.end.next_line += 1;
    }

    fn sync(&mut self) -> Result<(), StoreError> {
        match &mut self.appender {
            Some(appender) => appender.sync(),
            None => Ok(()),
        }
    }
}

/// The writer's work: writes what is pending as it comes, and syncs when someone waits.
fn write_all(shared: &Shared, mut file: Tail) {
    let mut queue = shared.lock();
    loop {
        if !queue.has_work() {
            if queue.is_closing {
                return;
            }
            queue = shared.work.wait(queue).unwrap_or_else(PoisonError::into_inner);
            continue;
        }
        queue = file.round(shared, queue, Syncing::IfWanted);
    }
}

/// Returns a state file that says nothing yet.
fn empty_file(world: &World, program: &str) -> io::Result<Vec<u8>> {
    let lineage = identifier(&*world.random)?;
    let mut bytes = Vec::new();
    write_snapshot(&mut bytes, &Ledger { state: State::new(lineage), ..Ledger::default() }, program)?;
    Ok(bytes)
}

fn replace(
    store: &dyn Store,
    workspace: &str,
    lock: &dyn Lock,
    ledger: &Ledger,
    program: &str,
) -> Result<(), StoreError> {
    store.replace(workspace, lock, &mut |out| write_snapshot(out, ledger, program))
}

/// Returns a state as the bytes of a state file, for those who keep states elsewhere.
pub fn snapshot(state: &State, program: &str) -> Vec<u8> {
    let mut out = Vec::new();
    // Writing to memory does not fail.
    let _ = write_snapshot(&mut out, &Ledger { state: state.clone(), ..Ledger::default() }, program);
    out
}

/// Writes a whole state file: the snapshot, and open intents as its journal.
pub(crate) fn write_snapshot(out: &mut dyn Write, ledger: &Ledger, program: &str) -> io::Result<()> {
    let mut lines = Lines { out, file: Sum::default(), number: 0, buffer: Vec::new() };
    let state = &ledger.state;
    lines.file = lines.line(&v1::header(&state.lineage, state.serial, program))?;
    for (address, resource) in state.resources().filter(|(_, resource)| resource.instances.is_empty()) {
        lines.record(&Record::Resource { address: address.clone(), provider: resource.provider.clone() })?;
    }
    for (target, resource, object) in state.objects() {
        let provider = resource.provider.clone();
        lines.record(&Record::Object(Settled { token: None, target, provider, object: object.clone() }))?;
    }
    for (name, output) in state.outputs.iter() {
        lines.record(&Record::Output { name: name.clone(), output: Some(output.clone()) })?;
    }
    if state.checks.is_some() {
        lines.record(&Record::Checks(state.checks.clone()))?;
    }
    let count = lines.number + 1;
    lines.line(&v1::snapshot_end(count))?;
    for open in ledger.open.values() {
        lines.record(&Record::Intent(open.intent.clone()))?;
        for (name, value) in &open.handles {
            let token = open.intent.token.clone();
            lines.record(&Record::Handle(crate::record::Handle { token, name: name.clone(), value: value.clone() }))?;
        }
    }
    Ok(())
}

struct Lines<'a> {
    out: &'a mut dyn Write,
    file: Sum,
    number: u64,
    buffer: Vec<u8>,
}

impl Lines<'_> {
    fn line(&mut self, body: &[u8]) -> io::Result<Sum> {
        self.number += 1;
        self.buffer.clear();
        let sum = line::write(&mut self.buffer, self.file, self.number, body);
        self.out.write_all(&self.buffer)?;
        Ok(sum)
    }

    fn record(&mut self, record: &Record) -> io::Result<()> {
        self.line(&v1::encode(record)).map(|_| ())
    }
}

#[cfg(test)]
mod benchmark_tests;
#[cfg(test)]
mod crash_tests;
#[cfg(test)]
mod tests;
