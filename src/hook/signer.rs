//! The daemon connection of a machine that signs.
//!
//! A daemon's worker starts `guix authenticate` for its first signature, which
//! costs it 70 to 110 ms (measured); for the next ones it asks the same
//! process. So builds leave such connections to each other, and while there is
//! none the first build makes one beside its builder, by an export that is
//! thrown away.

use std::io::{self, Read};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use super::attempt::limit_waits;
use super::context::Context;
use crate::daemon::client::Log;
use crate::daemon::{Client, DaemonError, Opening, Options};
use crate::gateway::Route;
use crate::gateway::shared::guest::{Guest, Lease};
use crate::store::path::{StoreDir, StorePath};

/// Where a machine's signing daemon connections come from.
pub struct Signer<'a> {
    context: &'a Context,
    route: Arc<Route>,
}

/// A daemon connection that has signed before.
pub struct SignedIn<'a> {
    guest: &'a Guest,
    lease: Lease,
    client: Client<UnixStream>,
}

impl<'a> Signer<'a> {
    /// For one machine.
    pub fn new(context: &'a Context, route: &Arc<Route>) -> Self {
        Self {
            context,
            route: Arc::clone(route),
        }
    }

    /// Sees to it, beside the build, that a connection will be there; the item
    /// is one that the machine has.
    pub fn prepare(&self, item: &StorePath) {
        if self.route.as_shared().is_none() {
            return;
        }
        let (route, item) = (Arc::clone(&self.route), item.clone());
        let dir = self.context.dir.clone();
        let limit = self.context.settings.handshake;
        let spawned = thread::Builder::new()
            .name("signer".to_owned())
            .spawn(move || {
                if let Some(guest) = route.as_shared()
                    && let Err(error) = make(guest, &dir, &item, limit)
                {
                    log::debug!("no signing connection was made: {error:#}");
                }
            });
        if let Err(error) = spawned {
            log::debug!("no signing connection is made: {error}");
        }
    }

    /// A connection that has signed before, if there is one.
    pub fn take(&self, log: &mut dyn Log) -> Option<SignedIn<'_>> {
        let guest = self.route.as_shared()?;
        let lease = match guest.take_lease() {
            Ok(lease) => lease?,
            Err(error) => {
                log::debug!("{error}");
                return None;
            }
        };
        let settings = &self.context.settings;
        let resumed = lease.stream.try_clone().map_err(DaemonError::Lost);
        limit_waits(&lease.stream, settings.handshake);
        let resumed =
            resumed.and_then(|it| Client::resume(it, &self.context.dir, &Options::default(), log));
        match resumed {
            Ok(client) => {
                limit_waits(&lease.stream, settings.silence);
                Some(SignedIn {
                    guest,
                    lease,
                    client,
                })
            }
            Err(error) => {
                log::debug!("a connection that was left does not do: {error}");
                None
            }
        }
    }
}

impl SignedIn<'_> {
    /// The conversation.
    pub fn client(&mut self) -> &mut Client<UnixStream> {
        &mut self.client
    }

    /// Leaves it for the next build.
    pub fn leave(self) {
        if self.client.is_reusable() {
            limit_waits(&self.lease.stream, Duration::ZERO);
            self.guest.leave(&self.lease, self.client.temp_roots());
        }
    }
}

/// Makes a connection that has signed, and leaves it.
fn make(guest: &Guest, dir: &StoreDir, item: &StorePath, limit: Duration) -> anyhow::Result<()> {
    if !guest.should_make()? {
        return Ok(());
    }
    let lease = guest.open_lease()?;
    let stream = lease.stream.try_clone()?;
    limit_waits(&stream, limit);
    let mut quiet = |_: &[u8]| Ok(());
    let (mut client, _) = Client::open(stream, dir, &Opening::default(), &mut quiet)?;
    let mut export = client.export_path(item, true, &mut quiet)?;
    io::copy(&mut (&mut export as &mut dyn Read), &mut io::sink())?;
    export.finish()?;
    limit_waits(client.stream(), Duration::ZERO);
    if client.is_reusable() {
        guest.leave(&lease, client.temp_roots());
    }
    Ok(())
}
