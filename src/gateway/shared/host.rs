//! The process that holds the connections.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::Shutdown;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, socket_with};

use super::super::{Connection, GatewayError, Opened, Pending, Usher};
use super::speech::{Answer, Ask, Destination, End, Told, receive, send};
use super::table::{Left, Making, Place, Progress, Table};
use super::{Doorstep, is_trusted, program};
use crate::machines::record::BuildMachine;

/// How often it looks whether there is still something to do.
const TURN: Duration = Duration::from_millis(500);

/// How soon a machine answers on a connection that lives, at least.
const ANSWER: Duration = Duration::from_secs(1);

/// How many may wait to be let in.
const BACKLOG: i32 = 128;

/// Most hooks at a time; more connect by themselves.
const MOST_GUESTS: usize = 1024;

/// Who has to be asked before a machine is greeted.
pub trait Porter: Send + Sync {
    /// Waits until the machine may be greeted; what it gives is kept until the
    /// machine has let us in, or has not.
    fn admit(&self, machine: &BuildMachine) -> Box<dyn Send>;

    /// A machine has let us in after this time, or has not; the hook that asked
    /// may be gone.
    fn outcome(&self, machine: &BuildMachine, outcome: Result<Duration, &GatewayError>);
}

struct House {
    table: Table,
    porter: Box<dyn Porter>,
    program: String,
    guests: AtomicUsize,
    leaving: AtomicBool,
}

/// Serves hooks until there has been no work for long enough, or another
/// version asks for room. Ends at once if somebody else does this already.
pub fn run(doorstep: &Doorstep, porter: Box<dyn Porter>) -> io::Result<()> {
    doorstep.make()?;
    let lock = std::fs::OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .custom_flags(nix::libc::O_NOFOLLOW)
        .open(doorstep.lock())?;
    let own = rustix::fs::flock(&lock, rustix::fs::FlockOperation::NonBlockingLockExclusive);
    if own.is_err() {
        return Ok(());
    }
    let door = open_door(doorstep)?;
    let house = Arc::new(House {
        table: Table::default(),
        porter,
        program: program()?,
        guests: AtomicUsize::new(0),
        leaving: AtomicBool::new(false),
    });
    let mut busy = Instant::now();
    loop {
        let visitor = next_visitor(&door)?;
        let is_leaving = house.leaving.load(Ordering::SeqCst);
        if let Some(visitor) = visitor {
            busy = Instant::now();
            if !is_leaving {
                welcome(&house, visitor);
            }
            continue;
        }
        let something = house.table.tidy(doorstep.stays);
        let guests = house.guests.load(Ordering::SeqCst);
        if guests > 0 {
            busy = Instant::now();
        }
        if is_leaving {
            // Nobody new comes; those that are here are served to their end.
            drop(std::fs::remove_file(doorstep.socket()));
            drop(door);
            drop(lock);
            while house.guests.load(Ordering::SeqCst) > 0 {
                thread::sleep(TURN);
            }
            return Ok(());
        }
        if guests == 0 && !something && busy.elapsed() >= doorstep.stays {
            // While the lock is held nobody else has the name.
            drop(std::fs::remove_file(doorstep.socket()));
            return Ok(());
        }
    }
}

/// Only the holder of the lock comes here, so a socket that is there is stale.
fn open_door(doorstep: &Doorstep) -> io::Result<OwnedFd> {
    let path = doorstep.socket();
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let flags = SocketFlags::CLOEXEC;
    let door = socket_with(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None)?;
    rustix::net::bind(&door, &SocketAddrUnix::new(&path)?)?;
    rustix::net::listen(&door, BACKLOG)?;
    Ok(door)
}

/// The next one who comes within a turn.
fn next_visitor(door: &OwnedFd) -> io::Result<Option<UnixStream>> {
    let mut polled = [rustix::event::PollFd::new(
        door,
        rustix::event::PollFlags::IN,
    )];
    let turn = rustix::event::Timespec {
        tv_sec: 0,
        tv_nsec: i64::from(TURN.subsec_nanos()),
    };
    match rustix::event::poll(&mut polled, Some(&turn)) {
        Ok(0) | Err(rustix::io::Errno::INTR) => return Ok(None),
        Ok(_) => {}
        Err(error) => return Err(error.into()),
    }
    match rustix::net::accept_with(door, SocketFlags::CLOEXEC) {
        Ok(visitor) => {
            let peer = rustix::net::sockopt::socket_peercred(&visitor)?;
            Ok(is_trusted(peer.uid.as_raw()).then(|| UnixStream::from(visitor)))
        }
        // It has gone again, or descriptors are short: the hook connects by
        // itself.
        Err(error) => {
            log::debug!("nobody came in: {error}");
            thread::sleep(Duration::from_millis(10));
            Ok(None)
        }
    }
}

fn welcome(house: &Arc<House>, socket: UnixStream) {
    let guests = house.guests.fetch_add(1, Ordering::SeqCst);
    let counted = Counted(Arc::clone(house));
    if guests >= MOST_GUESTS {
        return;
    }
    let spawned = thread::Builder::new()
        .name("guest".to_owned())
        .spawn(move || {
            let visit = Visit {
                house: &counted.0,
                socket: &socket,
                place: None,
                lent: Arc::default(),
                ready: None,
                leased: BTreeSet::new(),
                making: None,
            };
            if let Err(error) = visit.serve() {
                log::debug!("a hook's visit ended: {error}");
            }
        });
    if let Err(error) = spawned {
        log::debug!("no thread for a hook: {error}");
    }
}

/// A guest, counted until its visit ends.
struct Counted(Arc<House>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.guests.fetch_sub(1, Ordering::SeqCst);
    }
}

/// A channel that a guest has, with the time when it was opened.
type Lent = Arc<Mutex<BTreeMap<u64, Instant>>>;

/// A machine's connection, as one guest has it.
struct Held {
    place: Arc<Place>,
    destination: Destination,
    connection: Arc<Connection>,
}

/// One hook's visit.
struct Visit<'a> {
    house: &'a House,
    socket: &'a UnixStream,
    place: Option<Held>,
    lent: Lent,
    /// A channel that was opened to see whether the connection lives.
    ready: Option<Opened>,
    /// Those of them that others have left.
    leased: BTreeSet<u64>,
    /// It may make a daemon connection that it will leave.
    making: Option<Making>,
}

impl Drop for Visit<'_> {
    /// What a guest leaves behind ends at once, whatever its state.
    fn drop(&mut self) {
        self.close_lent();
        drop(self.socket.shutdown(Shutdown::Both));
    }
}

impl Visit<'_> {
    fn serve(mut self) -> io::Result<()> {
        let Some((Ask::Hello(program), _)) = receive(self.socket)? else {
            return Ok(());
        };
        if program != self.house.program || self.house.leaving.load(Ordering::SeqCst) {
            send(self.socket, &Answer::Other, &[])?;
            if let Some((Ask::Retire, _)) = receive(self.socket)? {
                self.house.leaving.store(true, Ordering::SeqCst);
            }
            return Ok(());
        }
        send(self.socket, &Answer::Welcome, &[])?;
        while let Some((ask, fds)) = receive::<Ask>(self.socket)? {
            self.answer(ask, fds)?;
        }
        Ok(())
    }

    fn answer(&mut self, ask: Ask, fds: Vec<OwnedFd>) -> io::Result<()> {
        match ask {
            Ask::Hello(_) => self.say(&Answer::Welcome),
            Ask::Open(destination) => self.open(*destination),
            Ask::Daemon => self.daemon(),
            Ask::Exec(command) => self.exec(&command),
            Ask::Lease { wait } => self.lease(wait),
            Ask::Return { number, roots } => {
                self.take_back(number, roots, fds);
                Ok(())
            }
            Ask::Why => match self.place.as_ref().and_then(|it| it.connection.failure()) {
                Some(failure) => self.say(&Answer::Failed(Told::from(&failure))),
                None => self.say(&Answer::Nothing),
            },
            Ask::Retire => {
                self.house.leaving.store(true, Ordering::SeqCst);
                Ok(())
            }
        }
    }

    fn say(&self, answer: &Answer) -> io::Result<()> {
        send(self.socket, answer, &[])
    }

    fn open(&mut self, destination: Destination) -> io::Result<()> {
        self.close_lent();
        self.place = None;
        self.ready = None;
        let place = self.house.table.place(&destination);
        let connected = match self.living(&place) {
            Some(connection) => Ok(connection),
            None => self.connect(&place, &destination),
        };
        match connected {
            Ok(connection) => {
                let answer = Answer::Connected(connection.machine().to_owned());
                self.place = Some(Held {
                    place,
                    destination,
                    connection,
                });
                self.say(&answer)
            }
            Err(error) => self.say(&Answer::Failed(Told::from(&error))),
        }
    }

    /// The connection that is there, if the machine still answers on it: one
    /// that has lost its power says nothing, and the kernel notices that much
    /// later.
    fn living(&mut self, place: &Place) -> Option<Arc<Connection>> {
        let (connection, took) = place.held()?;
        let (sender, answer) = mpsc::sync_channel(1);
        let asked = Arc::clone(&connection);
        let spawned = thread::Builder::new()
            .name("channel".to_owned())
            .spawn(move || {
                // Who does not wait any more lets go of the channel.
                let _nobody_waits = sender.send(asked.daemon_channel());
            });
        if let Err(error) = spawned {
            log::debug!("no thread to open a channel: {error}");
            return Some(connection);
        }
        // Connecting takes some six round trips.
        match self.wait_for(&answer, ANSWER.max(took.saturating_mul(3))) {
            Some(Ok(opened)) => {
                self.ready = Some(opened);
                Some(connection)
            }
            // It lives, and says no.
            Some(Err(_)) if connection.failure().is_none() => Some(connection),
            Some(Err(_)) | None => {
                place.discard(&connection);
                None
            }
        }
    }

    /// Waits, with signs of life for the hook.
    fn wait_for<T>(&self, answer: &mpsc::Receiver<T>, limit: Duration) -> Option<T> {
        let begun = Instant::now();
        loop {
            let left = limit.saturating_sub(begun.elapsed());
            match answer.recv_timeout(left.min(TURN)) {
                Ok(came) => return Some(came),
                Err(mpsc::RecvTimeoutError::Timeout) if left > TURN => {
                    // Who has gone is noticed afterwards.
                    drop(self.say(&Answer::Wait));
                }
                Err(_) => return None,
            }
        }
    }

    fn connect(
        &self,
        place: &Place,
        destination: &Destination,
    ) -> Result<Arc<Connection>, GatewayError> {
        let mut usher = Portal {
            porter: &*self.house.porter,
            machine: destination.machine(),
        };
        let (porter, machine) = (&*self.house.porter, destination.machine());
        let mut made = |outcome: Result<Duration, &GatewayError>| {
            porter.outcome(&machine, outcome);
        };
        place.connection(destination, &mut usher, &mut made, &mut |progress| {
            let answer = match progress {
                Progress::Waiting => Answer::Wait,
                Progress::Greeted => Answer::Greeted,
            };
            // Who has gone is noticed afterwards; the next one may want the
            // connection.
            drop(self.say(&answer));
        })
    }

    /// A channel to the daemon. A connection that turns out to be dead is
    /// replaced once.
    fn daemon(&mut self) -> io::Result<()> {
        let Some(held) = &mut self.place else {
            return self.say(&Answer::Nothing);
        };
        let mut opened = match self.ready.take() {
            Some(ready) => Ok(ready),
            None => held.connection.daemon_channel(),
        };
        if opened.is_err() && held.connection.failure().is_some() && locked(&self.lent).is_empty() {
            let (place, destination) = (Arc::clone(&held.place), held.destination.clone());
            match self.connect(&place, &destination) {
                Ok(connection) => {
                    opened = connection.daemon_channel();
                    if let Some(held) = &mut self.place {
                        held.connection = connection;
                    }
                }
                Err(error) => opened = Err(error),
            }
        }
        match opened {
            Ok(opened) => {
                locked(&self.lent).insert(opened.number, Instant::now());
                let answer = Answer::Channel(opened.number);
                send(self.socket, &answer, &[opened.stream.as_fd()])
            }
            Err(error) => self.say(&Answer::Failed(Told::from(&error))),
        }
    }

    fn exec(&mut self, command: &str) -> io::Result<()> {
        let Some(held) = &self.place else {
            return self.say(&Answer::Nothing);
        };
        match held.connection.command_channel(command) {
            Ok((number, exec)) => {
                locked(&self.lent).insert(number, Instant::now());
                let end = report_end(exec.status)?;
                let fds = [exec.stream.as_fd(), exec.stderr.as_fd(), end.as_fd()];
                send(self.socket, &Answer::Command, &fds)
            }
            Err(error) => self.say(&Answer::Failed(Told::from(&error))),
        }
    }

    /// A daemon connection that was left. Where there is none, a few may make
    /// one; the others wait for those, or do without.
    fn lease(&mut self, wait: bool) -> io::Result<()> {
        let Some(held) = &self.place else {
            return self.say(&Answer::Nothing);
        };
        let left = held.place.take_left(wait);
        if left.is_none() && !wait && self.making.is_none() {
            self.making = held.place.make();
            if self.making.is_none() {
                return self.say(&Answer::Wait);
            }
        }
        let Some(Left {
            stream,
            number,
            since,
            ..
        }) = left
        else {
            return self.say(&Answer::Nothing);
        };
        locked(&self.lent).insert(number, since);
        self.leased.insert(number);
        send(self.socket, &Answer::Channel(number), &[stream.as_fd()])
    }

    fn take_back(&mut self, number: u64, roots: usize, fds: Vec<OwnedFd>) {
        self.making = None;
        let since = locked(&self.lent).remove(&number);
        if let (Some(since), Some(held), Some(stream)) =
            (since, &self.place, fds.into_iter().next())
        {
            if self.leased.remove(&number) {
                held.place.lose();
            }
            held.place
                .leave(UnixStream::from(stream), number, roots, since);
        }
    }

    fn close_lent(&mut self) {
        if let Some(held) = &self.place {
            for (number, _) in std::mem::take(&mut *locked(&self.lent)) {
                held.connection.close_channel(number);
            }
            for _ in std::mem::take(&mut self.leased) {
                held.place.lose();
            }
        }
    }
}

fn locked(lent: &Lent) -> std::sync::MutexGuard<'_, BTreeMap<u64, Instant>> {
    lent.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A thread waits for a command's end and tells it on a stream of its own.
fn report_end(mut status: Pending) -> io::Result<UnixStream> {
    let (report, end) = UnixStream::pair()?;
    thread::Builder::new()
        .name("command".to_owned())
        .spawn(move || {
            let end = End::from(status.wait());
            // Whoever asked may have gone.
            if let Err(error) = serde_json::to_writer(&report, &end) {
                log::debug!("a command's end: {error}");
            }
        })?;
    Ok(end)
}

/// Asks the porter for one machine.
struct Portal<'a> {
    porter: &'a dyn Porter,
    machine: BuildMachine,
}

impl Usher for Portal<'_> {
    fn admit(&mut self) -> Box<dyn Send> {
        self.porter.admit(&self.machine)
    }

    fn greeted(&mut self) {}
}
