//! A bundle sent while it is made.
//!
//! The daemon asks for each piece (32 KiB in all versions measured) and works
//! on it before it asks again. The producer fills the next piece meanwhile.

use std::io::{self, Read, Write};

use super::client::{Client, Log, unexpected};
use super::error::DaemonError;
use super::operation::ImportPaths;
use super::wire::{Frame, WireError};
use crate::store::path::StorePath;

/// Most bytes that are sent at once: with their length they fit into one
/// packet of libssh2 (32,700 bytes), and nothing needs padding.
const PIECE: usize = 32_680;

/// Runs one import to its end, whatever `produce` does.
pub(super) fn run<S: Read + Write>(
    client: &mut Client<S>,
    produce: &mut dyn FnMut(&mut dyn Write) -> io::Result<()>,
    log: &mut dyn Log,
) -> Result<Vec<StorePath>, DaemonError> {
    client.begin()?;
    client.encode(&ImportPaths);
    client.push()?;
    let mut import = Import {
        client,
        log,
        buffer: Vec::with_capacity(PIECE),
        failure: None,
    };
    let produced = produce(&mut import);
    if let Some(failure) = import.failure.take() {
        return import.client.conclude(Err(failure));
    }
    let outcome = match produced {
        Ok(()) => import.finish(),
        Err(error) => import.abandon(error),
    };
    import.client.conclude(outcome)
}

struct Import<'a, S> {
    client: &'a mut Client<S>,
    log: &'a mut dyn Log,
    buffer: Vec<u8>,
    failure: Option<DaemonError>,
}

impl<S: Read + Write> Import<'_, S> {
    /// Waits until the daemon wants data, and gives it what there is.
    fn give(&mut self) -> Result<(), DaemonError> {
        match self.client.event(self.log)? {
            Frame::Wants(most) => self.answer(most),
            frame => Err(unexpected(frame, "a request for data")),
        }
    }

    fn answer(&mut self, most: u64) -> Result<(), DaemonError> {
        if most == 0 {
            return Err(DaemonError::Protocol(WireError::Value {
                what: "the length of data wanted",
                value: most,
            }));
        }
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let piece = self.buffer.get(..most).unwrap_or(&self.buffer);
        let given = piece.len();
        self.client.out().string(piece);
        self.client.push()?;
        self.buffer.drain(..given);
        Ok(())
    }

    /// Gives what is left and reads the result.
    fn finish(&mut self) -> Result<Vec<StorePath>, DaemonError> {
        loop {
            match self.client.event(self.log)? {
                // With nothing left this is an end of file: a short bundle.
                Frame::Wants(most) => self.answer(most)?,
                Frame::Last if self.buffer.is_empty() => return self.client.result(&ImportPaths),
                frame => return Err(unexpected(frame, "a request for data")),
            }
        }
    }

    /// Ends the import after its source failed; the connection survives,
    /// since the daemon takes an empty piece for the end of the file.
    fn abandon(&mut self, source: io::Error) -> Result<Vec<StorePath>, DaemonError> {
        self.buffer.clear();
        let outcome = self.finish();
        // Whatever it was, the source's failure is the cause.
        let concluded = self.client.conclude(outcome);
        drop(concluded);
        Err(DaemonError::Source(source))
    }
}

impl<S: Read + Write> Write for Import<'_, S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.failure.is_some() {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        if self.buffer.len() >= PIECE
            && let Err(error) = self.give()
        {
            let shown = io::Error::other(error.to_string());
            self.failure = Some(error);
            return Err(shown);
        }
        let room = PIECE.saturating_sub(self.buffer.len());
        let piece = bytes.get(..room).unwrap_or(bytes);
        self.buffer.extend_from_slice(piece);
        Ok(piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
