//! The connections that are held, by what they were made with.
//!
//! A machine file or a key file that changes makes another connection: what
//! their makers would see now is part of what a connection is known by.

use std::collections::BTreeMap;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::super::{Connection, GatewayError, Usher};
use super::looks;
use super::speech::Destination;

/// How often one who waits for another's connection tells so.
const SIGN: Duration = Duration::from_millis(500);

/// A server that has not greeted for so long, or for twice the time that it
/// took before, is asked once more by the next one who wants the connection:
/// the machine may have come back, and the first try waits for a packet that
/// is sent again after a second, then later and later.
const ONCE_MORE: Duration = Duration::from_millis(150);

/// So many tries at most are under way.
const MOST_TRIES: usize = 3;

/// A connection as old as that is replaced when nobody uses it: libssh2 keeps
/// the answers to keepalives for ever.
const OLD: Duration = Duration::from_secs(6 * 60 * 60);

/// How long a daemon connection that was left is good for another hook.
const LEFT_LASTS: Duration = Duration::from_secs(60);

/// How old it may be: a key that was revoked must not live on in it.
const LEFT_AGE: Duration = Duration::from_secs(5 * 60);

/// How many are kept for a machine.
const LEFT_MOST: usize = 2;

/// With more temporary roots it is not kept: they hinder the collector there.
const LEFT_ROOTS: usize = 5000;

/// How long one that others have, or make, is waited for: about as long as
/// making one takes.
const LEFT_COMES: Duration = Duration::from_millis(150);

/// What a connection is known by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Identity {
    destination: Destination,
    files: Vec<Option<String>>,
}

impl Identity {
    fn of(destination: &Destination) -> Self {
        let machine = destination.machine();
        let home = destination.home();
        let default_key = home.map(|home| home.join(".ssh/id_rsa"));
        let known_hosts = home.map(|home| home.join(".ssh/known_hosts"));
        let key = machine.private_key.or(default_key);
        let files = [
            key.as_deref(),
            known_hosts.as_deref(),
            Some(Path::new("/etc/ssh/ssh_known_hosts")),
        ];
        let looks = files.map(|file| std::fs::metadata(file?).ok().map(|it| looks(&it)));
        Self {
            destination: destination.clone(),
            files: looks.to_vec(),
        }
    }
}

/// A daemon connection that a hook has left for the next one.
#[derive(Debug)]
pub struct Left {
    /// Its stream.
    pub stream: UnixStream,
    /// Its channel.
    pub number: u64,
    /// When it was opened.
    pub since: Instant,
    roots: usize,
    used: Instant,
}

/// One machine's connection.
#[derive(Debug, Default)]
pub struct Place {
    state: Mutex<State>,
    changed: Condvar,
    left: Mutex<Daemons>,
    came: Condvar,
}

/// Daemon connections that hooks leave to each other.
#[derive(Debug, Default)]
struct Daemons {
    kept: Vec<Left>,
    /// How many hooks make one that they will leave.
    making: usize,
    /// How many have one now.
    lent: usize,
}

/// The task of making a daemon connection that will be left.
#[derive(Debug)]
pub struct Making(Arc<Place>);

impl Drop for Making {
    fn drop(&mut self) {
        let mut daemons = locked(&self.0.left);
        daemons.making = daemons.making.saturating_sub(1);
        self.0.came.notify_all();
    }
}

#[derive(Debug, Default)]
struct State {
    connection: Option<Arc<Connection>>,
    since: Option<Instant>,
    used: Option<Instant>,
    /// How long it took to make.
    took: Duration,
    /// How many tries are under way, and since when the last one is.
    opening: usize,
    begun: Option<Instant>,
    greeted: bool,
    /// Counts the tries, so that who waited for one knows that it was that one
    /// which failed.
    tries: u64,
    failure: Option<(u64, GatewayError)>,
}

/// What is told to who waits for a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Nothing yet.
    Waiting,
    /// The server has greeted.
    Greeted,
}

/// All connections.
#[derive(Debug, Default)]
pub struct Table {
    places: Mutex<BTreeMap<Identity, Arc<Place>>>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Table {
    /// The place of a machine's connection.
    pub fn place(&self, destination: &Destination) -> Arc<Place> {
        let identity = Identity::of(destination);
        Arc::clone(locked(&self.places).entry(identity).or_default())
    }

    /// Lets go of what nobody has used for so long; tells whether something is
    /// left.
    pub fn tidy(&self, stays: Duration) -> bool {
        let mut places = locked(&self.places);
        places.retain(|_, place| {
            // One in the table; others have a hook, or a thread that opens.
            Arc::strong_count(place) > 1 || place.is_wanted(stays)
        });
        !places.is_empty()
    }
}

impl Place {
    /// The connection; made by the first who wants it, while the others wait.
    /// `made` hears what comes of that, once.
    pub fn connection(
        &self,
        destination: &Destination,
        usher: &mut dyn Usher,
        made: &mut dyn FnMut(Result<Duration, &GatewayError>),
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Arc<Connection>, GatewayError> {
        let mut state = locked(&self.state);
        let mut told = false;
        let mut awaited = None;
        loop {
            if let Some(connection) = state.living() {
                state.used = Some(Instant::now());
                return Ok(connection);
            }
            if let (Some((number, error)), Some(awaited)) = (&state.failure, awaited)
                && *number >= awaited
            {
                return Err(error.clone());
            }
            if !state.is_under_way() {
                break;
            }
            awaited.get_or_insert(state.tries);
            let pause = state.until_late().map_or(SIGN, |left| left.min(SIGN));
            let waited = self.changed.wait_timeout(state, pause);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
            if state.greeted && !told {
                told = true;
                progress(Progress::Greeted);
            } else {
                progress(Progress::Waiting);
            }
        }
        state.opening = state.opening.saturating_add(1);
        state.begun = Some(Instant::now());
        state.greeted = false;
        state.tries = state.tries.saturating_add(1);
        let number = state.tries;
        drop(state);
        let opened = self.open(number, destination, usher, progress);
        made(opened.as_ref().map(|_| locked(&self.state).took));
        opened
    }

    /// The connection that is there, and how long it took to make.
    pub fn held(&self) -> Option<(Arc<Connection>, Duration)> {
        let mut state = locked(&self.state);
        let connection = state.living()?;
        Some((connection, state.took))
    }

    /// Nobody is to count on this connection any more; who has it keeps it.
    pub fn discard(&self, connection: &Arc<Connection>) {
        let mut state = locked(&self.state);
        let is_that = |it: &Arc<Connection>| Arc::ptr_eq(it, connection);
        if state.connection.as_ref().is_some_and(is_that) {
            state.connection = None;
            locked(&self.left).kept.clear();
        }
    }

    fn open(
        &self,
        number: u64,
        destination: &Destination,
        usher: &mut dyn Usher,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Arc<Connection>, GatewayError> {
        locked(&self.left).kept.clear();
        let mut telling = Telling {
            place: self,
            usher,
            progress,
        };
        let machine = destination.machine();
        let limits = destination.limits();
        let begun = Instant::now();
        let opened = Connection::open_by(&machine, destination.home(), &limits, &mut telling);
        let mut state = locked(&self.state);
        state.opening = state.opening.saturating_sub(1);
        let now = Instant::now();
        let answer = match opened {
            Ok(connection) => {
                let connection = Arc::new(connection);
                state.connection = Some(Arc::clone(&connection));
                state.since = Some(now);
                state.used = Some(now);
                state.took = now.saturating_duration_since(begun);
                state.failure = None;
                Ok(connection)
            }
            Err(error) => {
                state.failure = Some((number, error.clone()));
                // Another try may have had more luck.
                state.living().ok_or(error)
            }
        };
        drop(state);
        self.changed.notify_all();
        answer
    }

    /// A daemon connection that another hook has left, if it is still good;
    /// one that others have, or make, is waited for a moment if so wished.
    pub fn take_left(&self, wait: bool) -> Option<Left> {
        let begun = Instant::now();
        let mut daemons = locked(&self.left);
        loop {
            while let Some(kept) = daemons.kept.pop() {
                if kept.is_good() {
                    daemons.lent = daemons.lent.saturating_add(1);
                    return Some(kept);
                }
            }
            let left = LEFT_COMES.saturating_sub(begun.elapsed());
            let may_come = daemons.making > 0 || daemons.lent > 0;
            if !wait || !may_come || left.is_zero() {
                return None;
            }
            let waited = self.came.wait_timeout(daemons, left);
            daemons = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Lets a hook make one, if too few are there or being made.
    pub fn make(self: &Arc<Self>) -> Option<Making> {
        let mut daemons = locked(&self.left);
        let there = daemons.making.saturating_add(daemons.lent);
        (there < LEFT_MOST).then(|| {
            daemons.making = daemons.making.saturating_add(1);
            Making(Arc::clone(self))
        })
    }

    /// One that a hook had will not come back.
    pub fn lose(&self) {
        let mut daemons = locked(&self.left);
        daemons.lent = daemons.lent.saturating_sub(1);
        self.came.notify_all();
    }

    /// Keeps one for the next hook.
    pub fn leave(&self, stream: UnixStream, number: u64, roots: usize, since: Instant) {
        let kept = Left {
            stream,
            number,
            since,
            roots,
            used: Instant::now(),
        };
        locked(&self.state).used = Some(kept.used);
        let mut daemons = locked(&self.left);
        daemons.kept.retain(Left::is_good);
        if daemons.kept.len() < LEFT_MOST && kept.is_good() {
            daemons.kept.push(kept);
        }
        self.came.notify_all();
    }

    fn is_wanted(&self, stays: Duration) -> bool {
        locked(&self.left).kept.retain(Left::is_good);
        let mut state = locked(&self.state);
        let lasts = |since: Option<Instant>, limit: Duration| {
            since.is_some_and(|since| since.elapsed() < limit)
        };
        let wanted = state.living().is_some();
        state.opening > 0 || (wanted && lasts(state.used, stays) && lasts(state.since, OLD))
    }
}

impl Left {
    /// Neither idle nor old for too long, and nothing has come on it: not
    /// even its end.
    fn is_good(&self) -> bool {
        self.roots <= LEFT_ROOTS
            && self.used.elapsed() < LEFT_LASTS
            && self.since.elapsed() < LEFT_AGE
            && is_quiet(&self.stream)
    }
}

fn is_quiet(stream: &UnixStream) -> bool {
    let mut polled = [rustix::event::PollFd::new(
        stream,
        rustix::event::PollFlags::IN | rustix::event::PollFlags::RDHUP,
    )];
    let now = rustix::event::Timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    rustix::event::poll(&mut polled, Some(&now)) == Ok(0)
}

impl State {
    /// Somebody opens one of whom an answer can be expected.
    fn is_under_way(&self) -> bool {
        let is_late = self.until_late().is_some_and(|left| left.is_zero());
        self.opening >= MOST_TRIES || (self.opening > 0 && (self.greeted || !is_late))
    }

    /// How long the last try may yet take to be greeted; `None` where that
    /// does not matter.
    fn until_late(&self) -> Option<Duration> {
        if self.greeted || self.opening == 0 || self.opening >= MOST_TRIES {
            return None;
        }
        let usual = ONCE_MORE.max(self.took.saturating_mul(2));
        Some(usual.saturating_sub(self.begun?.elapsed()))
    }

    /// The connection, if it lives.
    fn living(&mut self) -> Option<Arc<Connection>> {
        if self
            .connection
            .as_ref()
            .is_some_and(|it| it.failure().is_some())
        {
            self.connection = None;
        }
        self.connection.clone()
    }
}

/// Tells all who wait for one connection how far it is.
struct Telling<'a> {
    place: &'a Place,
    usher: &'a mut dyn Usher,
    progress: &'a mut dyn FnMut(Progress),
}

impl Usher for Telling<'_> {
    fn admit(&mut self) -> Box<dyn Send> {
        self.usher.admit()
    }

    fn greeted(&mut self) {
        locked(&self.place.state).greeted = true;
        self.place.changed.notify_all();
        (self.progress)(Progress::Greeted);
    }
}
