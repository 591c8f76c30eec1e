//! The guix-daemon at the other end of a stream, near or far.
//!
//! [`wire`] is the encoding, [`operation`] what can be asked, both without
//! any connection; [`client`] holds the conversation. Which stream it is
//! (a forwarded socket, the local one) is not known here.

use std::io::{self, Read, Write};

use crate::store::path::StoreDir;

pub mod client;
pub mod error;
pub mod export;
pub mod import;
pub mod opening;
pub mod operation;
pub mod wire;

pub use client::{Client, Log};
pub use error::DaemonError;
pub use export::Export;
pub use opening::{Opened, Opening};
pub use operation::Options;

#[cfg(test)]
pub(crate) mod mock;
#[cfg(test)]
mod tests;

/// Holds a conversation in which the daemon says `data`, whatever it is
/// asked: the body of a fuzz target.
pub fn fuzz_conversation(data: &[u8]) {
    struct Fuzz<'a>(&'a [u8]);
    impl Read for Fuzz<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            // In small pieces: what came too early would end it at once.
            (&mut self.0).take(8).read(buffer)
        }
    }
    impl Write for Fuzz<'_> {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let dir = StoreDir::default();
    let Ok(path) = dir.join("1hqp1kznhm15lxn7h668f9x88i6mzsvc-worked-text") else {
        return;
    };
    let asked = [path];
    let [path] = &asked;
    let log: &mut dyn Log = &mut |_: &[u8]| Ok(());
    let opening = Opening::default();
    let Ok((mut client, _)) = Client::open(Fuzz(data), &dir, &opening, log) else {
        return;
    };
    let mut going = client.valid_paths(&asked, log).is_ok();
    going = going
        && client
            .import_paths(&mut io::repeat(0).take(100_000), log)
            .is_ok();
    going = going && client.build_paths(&asked, log).is_ok();
    if let (true, Ok(mut export)) = (going, client.export_path(path, true, log)) {
        let copied = io::copy(&mut export, &mut io::sink()).is_ok();
        std::hint::black_box((copied, export.finish().is_ok()));
    }
}
