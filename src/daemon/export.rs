//! One exported item, read while the daemon sends it.

use std::io::{self, Read, Write};

use super::client::{Client, Log, unexpected};
use super::error::DaemonError;
use super::operation::ExportPath;
use super::wire::{Frame, read_padding};
use crate::store::path::StorePath;

/// The bytes of one item, without the 1 that precedes it in a bundle.
///
/// Nothing is kept but what the reader has not taken yet of the stream's own
/// buffer. A read that fails says so as an I/O error; [`Export::finish`] has
/// it in its own type. An export that is not finished spends the connection.
pub struct Export<'a, S> {
    client: &'a mut Client<S>,
    log: &'a mut dyn Log,
    path: StorePath,
    /// Bytes of the present piece that are still to come.
    left: u64,
    /// Its whole length, which its padding depends on.
    piece: u64,
    outcome: Option<Result<(), DaemonError>>,
}

impl<'a, S: Read + Write> Export<'a, S> {
    pub(super) fn begin(
        client: &'a mut Client<S>,
        path: &StorePath,
        sign: bool,
        log: &'a mut dyn Log,
    ) -> Result<Self, DaemonError> {
        client.begin()?;
        client.encode(&ExportPath { path, sign });
        client.push()?;
        Ok(Self {
            client,
            log,
            path: path.clone(),
            left: 0,
            piece: 0,
            outcome: None,
        })
    }

    /// Waits for the daemon's word that this was all.
    ///
    /// What went wrong while reading is told here, too: the daemon's refusal,
    /// or the loss of the connection.
    pub fn finish(mut self) -> Result<(), DaemonError> {
        loop {
            if let Some(outcome) = self.outcome.take() {
                return outcome;
            }
            if self.left > 0 {
                return Err(unexpected(Frame::Data(self.left), "the end of the item"));
            }
            self.advance();
        }
    }

    /// Reads messages until there is data, or an end of one kind or another.
    fn advance(&mut self) {
        while self.left == 0 && self.outcome.is_none() {
            match self.client.event(self.log) {
                Ok(Frame::Data(length)) => {
                    self.piece = length;
                    self.left = length;
                }
                Ok(Frame::Last) => {
                    let path = &self.path;
                    let result = self.client.result(&ExportPath { path, sign: true });
                    self.outcome = Some(self.client.conclude(result));
                }
                Ok(frame) => self.outcome = Some(Err(unexpected(frame, "exported data"))),
                Err(error) => self.outcome = Some(self.client.conclude(Err(error))),
            }
        }
    }

    fn take(&mut self, buffer: &mut [u8]) -> Result<usize, DaemonError> {
        let most = usize::try_from(self.left).unwrap_or(usize::MAX);
        let length = buffer.len().min(most);
        let (into, _) = buffer.split_at_mut(length);
        let reader = self.client.reader();
        let read = loop {
            match reader.read(into) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(DaemonError::Lost(error)),
                Ok(0) => return Err(DaemonError::Lost(io::ErrorKind::UnexpectedEof.into())),
                Ok(read) => break read,
            }
        };
        self.left = self.left.saturating_sub(read as u64);
        if self.left == 0 {
            read_padding(reader, self.piece)?;
        }
        Ok(read)
    }
}

impl<S: Read + Write> Read for Export<'_, S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        self.advance();
        match &self.outcome {
            Some(Ok(())) => return Ok(0),
            Some(Err(error)) => return Err(shown(error)),
            None => {}
        }
        self.take(buffer).map_err(|error| {
            let shown = shown(&error);
            self.left = 0;
            self.outcome = Some(Err(error));
            shown
        })
    }
}

fn shown(error: &DaemonError) -> io::Error {
    io::Error::other(error.to_string())
}
