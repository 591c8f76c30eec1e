//! A command on a build machine, as its user sees it.

use std::io::{self, Read as _};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvError, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use super::Shared;
use super::channel::Status;
use super::error::GatewayError;
use crate::clock::Deadline;

/// A command on a build machine.
///
/// Its standard error must be read beside its output, else it fills what both
/// share; dropping `stderr` lets it be thrown away. Closing `stream` (but not
/// its `shutdown` for writing) closes the channel.
pub struct Exec {
    /// Standard input and output.
    pub stream: UnixStream,
    /// Standard error.
    pub stderr: UnixStream,
    /// How it ends.
    pub status: Pending,
}

/// What a command said, and how it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// The beginning of its standard output.
    pub stdout: Vec<u8>,
    /// The beginning of its standard error.
    pub stderr: Vec<u8>,
    /// How it ended.
    pub status: Status,
}

impl Exec {
    /// Gives it no input and collects what it says, the first `most` bytes of
    /// each stream; the rest is thrown away. Its channel is closed when it
    /// takes longer than `limit`.
    pub fn output(self, most: u64, limit: Duration) -> Result<Output, GatewayError> {
        let Self {
            stream,
            stderr,
            mut status,
        } = self;
        let deadline = Deadline::after(limit);
        let shared = Arc::clone(&status.shared);
        let failed = |error: io::Error| match error.kind() {
            io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => GatewayError::Silent {
                at: shared.at.clone(),
                awaited: "the end of a command",
                seconds: limit.as_secs(),
            },
            _ => GatewayError::Local {
                at: shared.at.clone(),
                detail: format!("reading a command's output: {error}"),
            },
        };
        // It fails when the command is over already.
        drop(stream.shutdown(Shutdown::Write));
        let (stdout, stderr) = thread::scope(|scope| {
            let errors = thread::Builder::new()
                .name("stderr".to_owned())
                .spawn_scoped(scope, || collect(&stderr, most, deadline))?;
            let output = collect(&stream, most, deadline);
            let errors = errors
                .join()
                .unwrap_or_else(|_| Err(io::Error::other("the reader failed")));
            Ok::<_, io::Error>((output?, errors?))
        })
        .map_err(&failed)?;
        let left = deadline.remaining().unwrap_or(limit);
        Ok(Output {
            stdout,
            stderr,
            status: status
                .wait_for(left)
                .unwrap_or_else(|| Err(failed(io::ErrorKind::TimedOut.into())))?,
        })
    }
}

/// Reads a stream to its end and keeps the beginning.
fn collect(mut stream: &UnixStream, most: u64, deadline: Deadline) -> io::Result<Vec<u8>> {
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    let mut kept = Vec::new();
    let mut buffer = [0; 16 << 10];
    loop {
        let left = deadline.remaining();
        if left.is_some_and(|left| left.is_zero()) {
            return Err(io::ErrorKind::TimedOut.into());
        }
        stream.set_read_timeout(left)?;
        let count = match stream.read(&mut buffer) {
            Ok(0) => return Ok(kept),
            // The connection is gone; the status will say so.
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => return Ok(kept),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            result => result?,
        };
        let room = most.saturating_sub(kept.len()).min(count);
        kept.extend_from_slice(buffer.get(..room).unwrap_or_default());
    }
}

/// The end of a command that is still to come.
pub struct Pending {
    shared: Arc<Shared>,
    status: Receiver<Option<Status>>,
}

impl Pending {
    pub(super) fn new(shared: Arc<Shared>, status: Receiver<Option<Status>>) -> Self {
        Self { shared, status }
    }

    /// Waits for the end; everything that the command said is in the sockets
    /// then.
    ///
    /// A command whose channel was closed before it ended has neither status
    /// nor signal. To be asked once.
    pub fn wait(&mut self) -> Result<Status, GatewayError> {
        let end = self.status.recv();
        self.explain(end)
    }

    /// The same, with a limit; nothing when that is over.
    pub fn wait_for(&mut self, limit: Duration) -> Option<Result<Status, GatewayError>> {
        match self.status.recv_timeout(limit) {
            Ok(status) => Some(self.explain(Ok(status))),
            Err(RecvTimeoutError::Disconnected) => Some(self.explain(Err(RecvError))),
            Err(RecvTimeoutError::Timeout) => None,
        }
    }

    fn explain(&self, end: Result<Option<Status>, RecvError>) -> Result<Status, GatewayError> {
        end.map(|status| {
            status.unwrap_or(Status {
                code: None,
                signal: None,
            })
        })
        .map_err(|_| {
            self.shared.failure().unwrap_or(GatewayError::Closed {
                at: self.shared.at.clone(),
            })
        })
    }
}
