//! One channel and the UNIX socket that stands for it.

use std::io;
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::sync::mpsc::SyncSender;
use std::task::Poll;

use nix::poll::PollFlags;

use super::buffer::Buffer;
use super::channel::{Channel, Refusal, Status, Stream};
use super::wire::{Operation, Wire};

/// Bytes buffered each way.
///
/// One size for everything that receives on a channel: libssh2 computes a
/// window adjustment anew from the buffer's length when it repeats one that
/// is half sent, and a different length would make its count wrong.
const BUFFER: usize = 64 << 10;

/// What flows between a channel and its sockets, and how it ends.
pub struct Lane {
    id: u64,
    channel: Channel,
    stage: Stage,
    local: Option<UnixStream>,
    input: Input,
    outbound: Buffer,
    output: Outlet,
    errors: Option<Errors>,
    eof_sent: bool,
    report: Option<SyncSender<Option<Status>>>,
}

/// Where the channel stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Bytes flow.
    Running,
    /// It is to be closed, once bytes that are half sent have gone.
    Closing,
    /// The server has closed it too.
    Closed,
}

/// What comes from the local socket.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Input {
    /// Bytes may be there.
    Ready,
    /// Nothing for now.
    Idle,
    /// The other end sends no more.
    Ended,
}

/// One stream from the channel to a local socket.
struct Outlet {
    buffer: Buffer,
    /// The server sends no more of it.
    ended: bool,
    /// The local socket has been told so.
    shut: bool,
    /// A receive must be repeated: its window adjustment may wait to be sent.
    pending: bool,
}

/// Where a command's standard error goes.
struct Errors {
    /// `None` once nobody reads it.
    local: Option<UnixStream>,
    outlet: Outlet,
}

impl Outlet {
    fn new() -> Self {
        Self {
            buffer: Buffer::new(BUFFER),
            ended: false,
            shut: false,
            pending: false,
        }
    }

    /// Moves bytes towards the socket; without one they are dropped.
    ///
    /// The answer says whether the socket is gone.
    fn deliver(&mut self, local: Option<&UnixStream>) -> Delivery {
        let Some(local) = local else {
            self.buffer.clear();
            self.shut |= self.ended;
            return Delivery::Done;
        };
        match self.buffer.drain_into(local) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Delivery::Blocked,
            Err(_) => return Delivery::Gone,
        }
        if self.ended && !self.shut {
            self.shut = true;
            if local.shutdown(Shutdown::Write).is_err() {
                return Delivery::Gone;
            }
        }
        Delivery::Done
    }

    /// Receives into the empty buffer.
    fn receive(
        &mut self,
        wire: &mut Wire,
        id: u64,
        channel: &mut Channel,
        stream: Stream,
    ) -> Result<bool, Refusal> {
        if !self.buffer.is_empty() || self.ended {
            return Ok(false);
        }
        if !self.pending && channel.unread() == 0 && !channel.is_at_end() {
            return Ok(false);
        }
        let answer = channel.read(stream, self.buffer.room());
        match wire.note(Operation::Read(id), answer) {
            Poll::Ready(Ok(count)) => {
                self.buffer.filled(count);
                self.ended = count == 0;
                self.pending = false;
                Ok(true)
            }
            Poll::Ready(Err(refusal)) => Err(refusal),
            Poll::Pending => {
                self.pending = true;
                Ok(false)
            }
        }
    }

    fn is_done(&self) -> bool {
        self.shut
    }
}

#[derive(PartialEq, Eq)]
enum Delivery {
    Done,
    Blocked,
    Gone,
}

impl Lane {
    /// A lane between a channel and sockets that do not block; `errors` and
    /// `report` for a command.
    pub fn new(
        id: u64,
        channel: Channel,
        local: UnixStream,
        errors: Option<UnixStream>,
        report: Option<SyncSender<Option<Status>>>,
    ) -> Self {
        Self {
            id,
            channel,
            stage: Stage::Running,
            local: Some(local),
            input: Input::Idle,
            outbound: Buffer::new(BUFFER),
            output: Outlet::new(),
            errors: errors.map(|local| Errors {
                local: Some(local),
                outlet: Outlet::new(),
            }),
            eof_sent: false,
            report,
        }
    }

    /// A lane for a channel that only has to be closed.
    pub fn closing(id: u64, channel: Channel) -> Self {
        Self {
            id,
            channel,
            stage: Stage::Closing,
            local: None,
            input: Input::Ended,
            outbound: Buffer::new(BUFFER),
            output: Outlet::new(),
            errors: None,
            eof_sent: false,
            report: None,
        }
    }

    /// Its number, of which there is only one in the life of a connection.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// Tells whether it is over.
    pub fn is_closed(&self) -> bool {
        self.stage == Stage::Closed
    }

    /// Tells whether libssh2 must be asked again for something.
    pub fn is_pending(&self) -> bool {
        self.stage == Stage::Closing
            || self.output.pending
            || self.channel.is_pinned()
            || self
                .errors
                .as_ref()
                .is_some_and(|errors| errors.outlet.pending)
    }

    /// Takes the channel out of a closed lane.
    pub fn into_channel(self) -> Channel {
        self.channel
    }

    /// Takes in what the session's socket has.
    pub fn drive(&mut self) -> Result<(), Refusal> {
        self.channel.drive()
    }

    /// Ends the lane as if its local socket had been closed.
    pub fn abandon(&mut self) {
        if self.stage == Stage::Running {
            self.close(None);
        }
    }

    /// The local sockets with the events to wake up for.
    pub fn interest(&self) -> impl Iterator<Item = (&UnixStream, PollFlags, Which)> {
        let mut wanted = PollFlags::empty();
        if self.input != Input::Ended && self.outbound.is_empty() {
            wanted |= PollFlags::POLLIN;
        }
        if !self.output.buffer.is_empty() {
            wanted |= PollFlags::POLLOUT;
        }
        // A socket that has ended both ways reports a hang-up for ever, so it
        // is watched only while there is something to take from it.
        let watched = !self.output.shut || wanted.contains(PollFlags::POLLIN);
        let local = self.local.as_ref().filter(|_| watched);
        let errors = self.errors.as_ref().and_then(|errors| {
            let wanted = if errors.outlet.buffer.is_empty() {
                PollFlags::empty()
            } else {
                PollFlags::POLLOUT
            };
            let local = errors.local.as_ref().filter(|_| !errors.outlet.shut)?;
            Some((local, wanted, Which::Errors))
        });
        local
            .map(|local| (local, wanted, Which::Data))
            .into_iter()
            .chain(errors)
    }

    /// Notes what poll(2) said of a local socket.
    pub fn observe(&mut self, which: Which, events: PollFlags) {
        let gone = events.intersects(PollFlags::POLLHUP | PollFlags::POLLERR | PollFlags::POLLNVAL);
        match which {
            Which::Data if gone && !self.output.shut => {
                // The other end is closed, not only for sending: nobody waits
                // for anything any more, and what runs over there must end.
                self.abandon();
            }
            Which::Data if gone || events.contains(PollFlags::POLLIN) => {
                if self.input == Input::Idle {
                    self.input = Input::Ready;
                }
            }
            Which::Errors if gone => {
                if let Some(errors) = &mut self.errors {
                    errors.local = None;
                }
            }
            Which::Data | Which::Errors => {}
        }
    }

    /// Moves what can be moved, once each way; tells whether anything was.
    ///
    /// A refusal that concerns only the channel ends the lane; another one is
    /// handed on, since the connection is gone.
    pub fn advance(&mut self, wire: &mut Wire) -> Result<bool, Refusal> {
        let result = match self.stage {
            Stage::Running => self.run(wire),
            Stage::Closing => self.finish(wire),
            Stage::Closed => Ok(false),
        };
        match result {
            Err(refusal) if refusal.is_of_channel() => {
                log::debug!("channel {}: {}", self.id, refusal.text);
                match self.stage {
                    Stage::Running => self.close(None),
                    // Closing it did not work either.
                    Stage::Closing | Stage::Closed => self.stage = Stage::Closed,
                }
                Ok(true)
            }
            other => other,
        }
    }

    fn run(&mut self, wire: &mut Wire) -> Result<bool, Refusal> {
        let mut moved = self.receive(wire)?;
        if self.stage != Stage::Running {
            return Ok(true);
        }
        moved |= self.take_input();
        moved |= self.send(wire)?;
        if self.input == Input::Ended && self.outbound.is_empty() {
            moved |= self.send_eof(wire)?;
        }
        let drained = self.output.is_done()
            && self
                .errors
                .as_ref()
                .is_none_or(|errors| errors.outlet.is_done());
        // A command that is over does not wait for the end of its input.
        if drained && self.channel.is_closed_by_peer() {
            let status = self.channel.status();
            self.close(status);
            moved = true;
        }
        Ok(moved)
    }

    /// From the channel to the local sockets.
    fn receive(&mut self, wire: &mut Wire) -> Result<bool, Refusal> {
        let mut moved = false;
        if self.output.deliver(self.local.as_ref()) == Delivery::Gone {
            self.close(None);
            return Ok(true);
        }
        moved |= self
            .output
            .receive(wire, self.id, &mut self.channel, Stream::Output)?;
        if moved && self.output.deliver(self.local.as_ref()) == Delivery::Gone {
            self.close(None);
            return Ok(true);
        }
        if let Some(errors) = &mut self.errors {
            for _ in 0..2 {
                if errors.outlet.deliver(errors.local.as_ref()) == Delivery::Gone {
                    errors.local = None;
                }
                moved |= errors
                    .outlet
                    .receive(wire, self.id, &mut self.channel, Stream::Errors)?;
            }
        }
        Ok(moved)
    }

    /// From the local socket into the buffer.
    fn take_input(&mut self) -> bool {
        if self.input != Input::Ready || !self.outbound.is_empty() {
            return false;
        }
        let Some(local) = &self.local else {
            return false;
        };
        match self.outbound.fill_from(local) {
            Ok(0) => self.input = Input::Ended,
            Ok(_) => self.input = Input::Idle,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                self.input = Input::Idle;
                return false;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            // Closed with bytes of ours unread.
            Err(_) => self.close(None),
        }
        true
    }

    /// From the buffer into the channel.
    fn send(&mut self, wire: &mut Wire) -> Result<bool, Refusal> {
        let mut moved = false;
        while !self.outbound.is_empty() {
            let answer = self.channel.write(self.outbound.pending());
            match wire.note(Operation::Write(self.id), answer) {
                Poll::Ready(Ok(0)) | Poll::Pending => break,
                Poll::Ready(Ok(count)) => {
                    self.outbound.consume(count);
                    moved = true;
                }
                Poll::Ready(Err(refusal)) => return Err(refusal),
            }
        }
        Ok(moved)
    }

    fn send_eof(&mut self, wire: &mut Wire) -> Result<bool, Refusal> {
        if self.eof_sent || !wire.takes_small() {
            return Ok(false);
        }
        match self.channel.send_eof() {
            Poll::Pending => Ok(false),
            Poll::Ready(result) => {
                self.eof_sent = true;
                result.map(|()| true)
            }
        }
    }

    /// Begins to close: the local sockets at once, the channel when its
    /// half-sent bytes have gone.
    fn close(&mut self, status: Option<Status>) {
        self.stage = Stage::Closing;
        self.local = None;
        self.output.buffer.clear();
        if let Some(errors) = self.errors.take() {
            self.output.pending |= errors.outlet.pending;
        }
        self.input = Input::Ended;
        if !self.channel.is_pinned() {
            self.outbound.clear();
        }
        if let Some(report) = self.report.take() {
            // Nobody need wait for it.
            drop(report.try_send(status));
        }
    }

    fn finish(&mut self, wire: &mut Wire) -> Result<bool, Refusal> {
        // Only the packet that is half sent, not what stands behind it.
        if self.channel.is_pinned() {
            let answer = self.channel.write(self.outbound.pending());
            match wire.note(Operation::Write(self.id), answer) {
                Poll::Pending => return Ok(false),
                Poll::Ready(result) => {
                    self.outbound.clear();
                    result?;
                }
            }
        }
        if self.output.pending {
            self.settle(wire)?;
        }
        if !self.eof_sent && !self.send_eof(wire)? {
            return Ok(false);
        }
        let answer = self.channel.poll_close();
        match wire.note(Operation::Close(self.id), answer) {
            Poll::Pending => Ok(false),
            Poll::Ready(result) => {
                self.stage = Stage::Closed;
                result.map(|()| true)
            }
        }
    }

    /// Repeats a receive for the sake of its window adjustment.
    fn settle(&mut self, wire: &mut Wire) -> Result<(), Refusal> {
        let answer = self.channel.read(Stream::Output, self.output.buffer.room());
        match wire.note(Operation::Read(self.id), answer) {
            Poll::Pending => {}
            Poll::Ready(result) => {
                self.output.pending = false;
                result?;
            }
        }
        Ok(())
    }

    /// Lets libssh2 be done with what is half sent, on a severed link.
    pub fn release(&mut self) {
        if self.channel.is_pinned() {
            drop(self.channel.write(self.outbound.pending()));
        }
        if self.channel.is_reading() {
            self.output.buffer.clear();
            let room = self.output.buffer.room();
            drop(self.channel.read(Stream::Output, room));
        }
        drop(self.channel.drive());
    }
}

/// Which of a lane's local sockets.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// The data.
    Data,
    /// A command's standard error.
    Errors,
}
