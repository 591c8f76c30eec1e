//! The event loop: one thread, one session, all its channels.
//!
//! Nothing else touches the session. Callers hand requests over by a queue
//! and an eventfd, and get UNIX sockets back. What libssh2 demands, and why
//! the loop is as it is, is told at [`Wire`] and at the functions of
//! [`super::channel`].

use std::collections::VecDeque;
use std::net::Shutdown;
use std::os::fd::AsFd as _;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError};
use std::task::Poll;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::libc;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::eventfd::EventFd;
use ssh2::Session;

use super::channel::{Channel, Link, Refusal};
use super::error::{GatewayError, printable};
use super::lane::{Lane, Which};
use super::request::{NotOpened, Order, Request, sockets};
use super::wire::{Operation, Wire};
use super::{Limits, Shared};

/// Rounds over all channels before the sockets are asked again.
const MAX_ROUNDS: usize = 8;

/// How often the owner of a half-sent packet is tried before it is believed
/// to wait for something else: a send that is taken in part sets no flag, the
/// next one that is not taken at all does.
const OWNER_TRIES: usize = 4;

/// Longest sleep while something is to be repeated, as a net below the rules
/// of [`Wire`].
const PATIENCE: Duration = Duration::from_secs(1);

/// How long an end that was asked for may take.
const FAREWELL: Duration = Duration::from_millis(100);

/// What is being opened.
struct Opening {
    request: Request,
    /// There once it is open, while its command is being started.
    channel: Option<Channel>,
}

struct Pump {
    wire: Wire,
    lanes: Vec<Lane>,
    next_id: u64,
    opening: Option<Opening>,
    waiting: VecDeque<Request>,
    /// A closed channel that is kept while there is no other, because
    /// libssh2 reads from the socket only on behalf of one.
    anchor: Option<Channel>,
    requests: Receiver<Order>,
    wake: Arc<EventFd>,
    shared: Arc<Shared>,
    silent: Duration,
    life: Life,
    stop_at: Option<Instant>,
    /// The last turn ended before everything was moved.
    restless: bool,
}

/// Signs of life of the other side.
struct Life {
    heard: Instant,
    /// A keepalive was sent since.
    asked: bool,
    next_keepalive: Instant,
}

/// Runs the connection until it ends; the reason is left in `shared`.
pub fn run(
    session: Session,
    shared: Arc<Shared>,
    limits: &Limits,
    requests: Receiver<Order>,
    wake: Arc<EventFd>,
) {
    let now = Instant::now();
    let mut link = Link::new(session);
    link.set_keepalive(limits.keepalive);
    let mut pump = Pump {
        wire: Wire::new(link, Arc::clone(&shared.socket)),
        lanes: Vec::new(),
        next_id: 0,
        opening: None,
        waiting: VecDeque::new(),
        anchor: None,
        requests,
        wake,
        shared,
        silent: limits.silent,
        life: Life {
            heard: now,
            asked: false,
            next_keepalive: now + limits.keepalive,
        },
        stop_at: None,
        restless: false,
    };
    let reason = loop {
        match pump.turn() {
            Ok(true) => {}
            Ok(false) => {
                break GatewayError::Closed {
                    at: pump.shared.at.clone(),
                };
            }
            Err(error) => break error,
        }
    };
    pump.end(reason);
}

impl Pump {
    /// Sleeps until something happens and does what there is to do; `false`
    /// when the connection is to end.
    fn turn(&mut self) -> Result<bool, GatewayError> {
        let events = self.sleep()?;
        if events.contains(PollFlags::POLLIN) {
            self.life.heard = Instant::now();
            self.life.asked = false;
        }
        // Before libssh2 is asked, whose calls tell no reason. A half-sent
        // packet that failed could also never be finished: see `end`.
        if events.intersects(PollFlags::POLLERR | PollFlags::POLLNVAL | PollFlags::POLLHUP) {
            return Err(self.socket_error());
        }
        self.take_requests();
        self.work(events).map_err(|refusal| self.lost(&refusal))?;
        self.keepalive()?;
        Ok(match self.stop_at {
            None => true,
            Some(at) => !self.lanes.is_empty() && Instant::now() < at,
        })
    }

    /// Waits for events; those of the SSH socket are handed back, the others
    /// noted where they belong.
    fn sleep(&mut self) -> Result<PollFlags, GatewayError> {
        let timeout = self.timeout();
        // Without a channel nobody reads, so input must not wake, only the
        // end of it.
        let wanted = self.wire.interest()
            | if self.can_drive() {
                PollFlags::POLLIN
            } else {
                rdhup()
            };
        let mut places = Vec::with_capacity(self.lanes.len());
        let mut fds = Vec::with_capacity(self.lanes.len() + 2);
        fds.push(PollFd::new(self.shared.socket.as_fd(), wanted));
        fds.push(PollFd::new(self.wake.as_fd(), PollFlags::POLLIN));
        for (index, lane) in self.lanes.iter().enumerate() {
            for (local, events, which) in lane.interest() {
                places.push((index, which));
                fds.push(PollFd::new(local.as_fd(), events));
            }
        }
        match poll(&mut fds, timeout) {
            Ok(_) => {}
            Err(Errno::EINTR) => return Ok(PollFlags::empty()),
            Err(errno) => {
                return Err(GatewayError::Local {
                    at: self.shared.at.clone(),
                    detail: format!("poll: {errno}"),
                });
            }
        }
        let seen: Vec<PollFlags> = fds
            .iter()
            // It is none where a flag is set that nix does not know.
            .map(|fd| fd.revents().unwrap_or(PollFlags::POLLHUP))
            .collect();
        drop(fds);
        let (own, local) = seen.split_at_checked(2).unwrap_or_default();
        for (&(index, which), &events) in places.iter().zip(local) {
            self.observe(index, which, events);
        }
        Ok(own.first().copied().unwrap_or(PollFlags::empty()))
    }

    fn observe(&mut self, index: usize, which: Which, events: PollFlags) {
        if let Some(lane) = self.lanes.get_mut(index).filter(|_| !events.is_empty()) {
            lane.observe(which, events);
        }
    }

    fn timeout(&self) -> PollTimeout {
        let now = Instant::now();
        let mut left = self.life.next_keepalive.saturating_duration_since(now);
        if let Some(at) = self.stop_at {
            left = left.min(at.saturating_duration_since(now));
        }
        if self.wire.owner().is_some() || self.lanes.iter().any(Lane::is_pending) {
            left = left.min(PATIENCE);
        }
        PollTimeout::try_from(left.as_millis().saturating_add(1)).unwrap_or(PollTimeout::MAX)
    }

    /// Tells whether there is a way to read from the socket.
    fn can_drive(&self) -> bool {
        !self.lanes.is_empty() || self.opening.is_some() || self.anchor.is_some()
    }

    fn take_requests(&mut self) {
        // Only a wake-up; what it counts does not matter, nor that it may be
        // nothing.
        if let Err(errno) = self.wake.read() {
            log::trace!("eventfd: {errno}");
        }
        loop {
            match self.requests.try_recv() {
                Ok(Order::Open(request)) => self.waiting.push_back(request),
                Ok(Order::Close(number)) => {
                    let mut lanes = self.lanes.iter_mut();
                    if let Some(lane) = lanes.find(|lane| lane.id() == number) {
                        lane.abandon();
                        self.restless = true;
                    }
                }
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Disconnected) => {
                    self.stop();
                    break;
                }
            }
        }
    }

    /// Begins to end: every channel is closed as if its user had done so.
    fn stop(&mut self) {
        if self.stop_at.is_none() {
            self.stop_at = Some(Instant::now() + FAREWELL);
            self.waiting.clear();
            for lane in &mut self.lanes {
                lane.abandon();
            }
        }
    }

    /// Moves everything that can be moved, in rounds that begin with taking in
    /// what is there.
    ///
    /// Each of them, and not only when the socket says so: a call that waits
    /// for one packet, such as the answer to an opening, leaves those behind
    /// it in a buffer inside libssh2, where poll(2) does not see them.
    fn work(&mut self, events: PollFlags) -> Result<(), Refusal> {
        let mut drive =
            self.restless || self.wire.owner().is_some() || events.contains(PollFlags::POLLIN);
        self.retry_owner()?;
        self.restless = true;
        for _ in 0..MAX_ROUNDS {
            if drive {
                self.drive()?;
            }
            let mut moved = self.open()?;
            for lane in &mut self.lanes {
                moved |= lane.advance(&mut self.wire)?;
            }
            self.bury();
            if !moved {
                self.restless = false;
                return Ok(());
            }
            drive = true;
        }
        // There is more to do, of which no socket may tell: do not sleep.
        ring(&self.wake);
        Ok(())
    }

    /// Goes on with the packet that is half sent before anything else.
    fn retry_owner(&mut self) -> Result<(), Refusal> {
        let Some(owner) = self.wire.owner() else {
            return Ok(());
        };
        for _ in 0..OWNER_TRIES {
            match owner {
                Operation::Open => {
                    self.open()?;
                }
                Operation::Drive => self.drive()?,
                Operation::Write(id) | Operation::Read(id) | Operation::Close(id) => {
                    match self.lanes.iter_mut().find(|lane| lane.id() == id) {
                        Some(lane) => {
                            lane.advance(&mut self.wire)?;
                        }
                        None => self.wire.disown(),
                    }
                }
            }
            if self.wire.owner() != Some(owner) || self.wire.link.wants_to_send() {
                return Ok(());
            }
        }
        self.wire.disown();
        Ok(())
    }

    /// Takes in what the socket has, on behalf of any channel.
    fn drive(&mut self) -> Result<(), Refusal> {
        match (self.lanes.first_mut(), &mut self.anchor) {
            (Some(lane), _) => lane.drive()?,
            (None, Some(anchor)) => anchor.drive()?,
            (None, None) => return Ok(()),
        }
        // Whether an answer to the other side is half sent shows only in the
        // flag.
        let answer = if self.wire.link.wants_to_send() {
            Poll::Pending
        } else {
            Poll::Ready(Ok(()))
        };
        drop(self.wire.note(Operation::Drive, answer));
        Ok(())
    }

    /// Goes on with the channel that is being opened, and with the next ones.
    ///
    /// One at a time, its command included: libssh2 keeps the state of an
    /// opening in the session, and takes an answer to one channel's request
    /// for a failure of another's. The answer says whether one is over.
    fn open(&mut self) -> Result<bool, Refusal> {
        let mut moved = false;
        loop {
            if self.opening.is_none() {
                let Some(request) = self.waiting.pop_front() else {
                    return Ok(moved);
                };
                self.wire
                    .link
                    .begin_open(request.open.clone(), self.lanes.len());
                self.opening = Some(Opening {
                    request,
                    channel: None,
                });
            }
            if !self.continue_opening()? {
                return Ok(moved);
            }
            moved = true;
        }
    }

    /// Tells whether the opening is over.
    fn continue_opening(&mut self) -> Result<bool, Refusal> {
        let Some(opening) = &mut self.opening else {
            return Ok(false);
        };
        if opening.channel.is_none() {
            let answer = self.wire.link.poll_open();
            match self.wire.note(Operation::Open, answer) {
                Poll::Pending => return Ok(false),
                Poll::Ready(Ok(channel)) => opening.channel = Some(channel),
                Poll::Ready(Err(refusal)) if refusal.is_of_channel() => {
                    self.conclude(Err(NotOpened::Channel(refusal)));
                    return Ok(true);
                }
                Poll::Ready(Err(refusal)) => return Err(refusal),
            }
        }
        if let (Some(channel), Some(command)) = (&mut opening.channel, &opening.request.command) {
            let answer = channel.poll_exec(command);
            match self.wire.note(Operation::Open, answer) {
                Poll::Pending => return Ok(false),
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(refusal)) if refusal.is_of_channel() => {
                    self.conclude(Err(NotOpened::Command(refusal)));
                    return Ok(true);
                }
                Poll::Ready(Err(refusal)) => return Err(refusal),
            }
        }
        self.conclude(Ok(()));
        Ok(true)
    }

    /// Hands the opened channel, or the reason why there is none, to whoever
    /// asked.
    fn conclude(&mut self, result: Result<(), NotOpened>) {
        let Some(Opening { request, channel }) = self.opening.take() else {
            return;
        };
        let id = self.next_id;
        self.next_id += 1;
        let answer = match (result, channel) {
            (Ok(()), Some(channel)) => match sockets(id, request.command.is_some()) {
                Ok((lane, opened)) => {
                    let lane = Lane::new(id, channel, lane.data, lane.errors, lane.report);
                    self.lanes.push(lane);
                    Ok(opened)
                }
                Err(error) => {
                    self.lanes.push(Lane::closing(id, channel));
                    Err(NotOpened::Local(error))
                }
            },
            (Ok(()), None) => return,
            (Err(reason), channel) => {
                self.lanes
                    .extend(channel.map(|channel| Lane::closing(id, channel)));
                Err(reason)
            }
        };
        if self.stop_at.is_some() {
            self.lanes.iter_mut().for_each(Lane::abandon);
        }
        // If nobody waits, the local socket is closed, and with it the lane.
        drop(request.reply.send(answer));
    }

    /// Removes lanes that are over.
    fn bury(&mut self) {
        while let Some(index) = self.lanes.iter().position(Lane::is_closed) {
            let channel = self.lanes.remove(index).into_channel();
            if self.anchor.is_none() && channel.is_roomy() {
                self.anchor = Some(channel);
            }
        }
    }

    fn keepalive(&mut self) -> Result<(), GatewayError> {
        let now = Instant::now();
        let silence = now.saturating_duration_since(self.life.heard);
        if self.life.asked && silence > self.silent {
            return Err(self.lost_because(&format!(
                "nothing came for {} s, although answers were asked for",
                silence.as_secs()
            )));
        }
        if now < self.life.next_keepalive {
            return Ok(());
        }
        if !self.wire.takes_small() {
            // What is half sent tells the same by TCP's own time limit.
            self.life.next_keepalive = now + PATIENCE;
            return Ok(());
        }
        let next = self
            .wire
            .link
            .keepalive()
            .map_err(|refusal| self.lost(&refusal))?;
        self.life.asked = true;
        self.life.next_keepalive = now + next;
        Ok(())
    }

    fn lost(&self, refusal: &Refusal) -> GatewayError {
        match self.shared.socket.take_error() {
            Ok(Some(error)) => self.lost_because(&error.to_string()),
            _ => self.lost_because(&refusal.text),
        }
    }

    fn socket_error(&self) -> GatewayError {
        match self.shared.socket.take_error() {
            Ok(Some(error)) => self.lost_because(&error.to_string()),
            _ => self.lost_because("the other side closed it"),
        }
    }

    fn lost_because(&self, detail: &str) -> GatewayError {
        let at = self.shared.at.clone();
        if self.shared.is_killed() {
            return GatewayError::Closed { at };
        }
        GatewayError::Lost {
            at,
            detail: printable(detail.as_bytes()),
        }
    }

    /// Ends the connection. The reason is known before the first local socket
    /// is closed, so that whoever sees that can ask.
    fn end(mut self, reason: GatewayError) {
        self.shared.fail(reason);
        if self.stop_at.is_some() && self.wire.takes_small() {
            self.wire.link.say_goodbye();
        }
        // From here on nothing can wait for the other side.
        drop(self.shared.socket.shutdown(Shutdown::Both));
        self.wire.link.sever();
        if let Some(opening) = &mut self.opening {
            match &mut opening.channel {
                None => drop(self.wire.link.poll_open()),
                Some(channel) => {
                    let command = opening.request.command.as_deref().unwrap_or("");
                    drop(channel.poll_exec(command));
                }
            }
        }
        for lane in &mut self.lanes {
            lane.release();
        }
        self.wire.link.deafen();
    }
}

/// Wakes the thread that sleeps on this.
pub fn ring(wake: &EventFd) {
    // It only fails when the counter is full, and then it wakes too.
    if let Err(errno) = wake.write(1) {
        log::trace!("eventfd: {errno}");
    }
}

/// The other side sends no more; nix has no name for it.
fn rdhup() -> PollFlags {
    PollFlags::from_bits_retain(libc::POLLRDHUP)
}
