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
use super::shared::speech::End;
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
        let at = status.machine().to_owned();
        let failed = |error: io::Error| match error.kind() {
            io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => GatewayError::Silent {
                at: at.clone(),
                awaited: "the end of a command",
                seconds: limit.as_secs(),
            },
            _ => GatewayError::Local {
                at: at.clone(),
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
    source: Source,
}

/// Who tells it.
enum Source {
    /// The connection's thread.
    Here {
        shared: Arc<Shared>,
        status: Receiver<Option<Status>>,
    },
    /// The process that holds the connection.
    Elsewhere { end: UnixStream, at: String },
}

/// The longest report of an end.
const LONGEST_END: u64 = 64 << 10;

impl Pending {
    pub(super) fn new(shared: Arc<Shared>, status: Receiver<Option<Status>>) -> Self {
        Self {
            source: Source::Here { shared, status },
        }
    }

    /// The end that another process tells.
    pub(super) fn elsewhere(end: UnixStream, at: String) -> Self {
        Self {
            source: Source::Elsewhere { end, at },
        }
    }

    /// The machine as messages name it.
    fn machine(&self) -> &str {
        match &self.source {
            Source::Here { shared, .. } => &shared.at,
            Source::Elsewhere { at, .. } => at,
        }
    }

    /// Waits for the end; everything that the command said is in the sockets
    /// then.
    ///
    /// A command whose channel was closed before it ended has neither status
    /// nor signal. To be asked once.
    pub fn wait(&mut self) -> Result<Status, GatewayError> {
        match &self.source {
            Source::Here { shared, status } => explain(shared, status.recv()),
            Source::Elsewhere { end, at } => {
                told(end, at, None).unwrap_or_else(|| Err(gone(at, &"it told no end")))
            }
        }
    }

    /// The same, with a limit; nothing when that is over.
    pub fn wait_for(&mut self, limit: Duration) -> Option<Result<Status, GatewayError>> {
        match &self.source {
            Source::Here { shared, status } => match status.recv_timeout(limit) {
                Ok(status) => Some(explain(shared, Ok(status))),
                Err(RecvTimeoutError::Disconnected) => Some(explain(shared, Err(RecvError))),
                Err(RecvTimeoutError::Timeout) => None,
            },
            Source::Elsewhere { end, at } => told(end, at, Some(limit)),
        }
    }
}

fn explain(
    shared: &Shared,
    end: Result<Option<Status>, RecvError>,
) -> Result<Status, GatewayError> {
    end.map(|status| {
        status.unwrap_or(Status {
            code: None,
            signal: None,
        })
    })
    .map_err(|_| {
        shared.failure().unwrap_or(GatewayError::Closed {
            at: shared.at.clone(),
        })
    })
}

/// Reads what the process that holds the connection tells of the end; nothing
/// when it does not come in time.
fn told(
    end: &UnixStream,
    at: &str,
    limit: Option<Duration>,
) -> Option<Result<Status, GatewayError>> {
    let limit = limit.map(|limit| limit.max(Duration::from_millis(1)));
    let mut text = Vec::new();
    let read = end
        .set_read_timeout(limit)
        .and_then(|()| end.take(LONGEST_END).read_to_end(&mut text));
    match read {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => None,
        Err(error) => Some(Err(gone(at, &error))),
        Ok(_) => Some(match serde_json::from_slice(&text) {
            Ok(End::Status { code, signal }) => Ok(Status { code, signal }),
            Ok(End::Failed(told)) => Err(told.into()),
            Err(error) => Err(gone(at, &error)),
        }),
    }
}

fn gone(at: &str, detail: &dyn std::fmt::Display) -> GatewayError {
    GatewayError::HolderGone {
        at: at.to_owned(),
        detail: detail.to_string(),
    }
}
