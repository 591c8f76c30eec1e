//! The local store as this process can see it: its database, else its daemon.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::net::UnixStream;

use super::attempts::{Failure, Fault};
use super::context::Context;
use crate::daemon::operation::QueryPathInfo;
use crate::daemon::{Client, DaemonError, Log, Opening};
use crate::store::database::{Database, DatabaseError, ItemInfo};
use crate::store::path::StorePath;

/// Where the local store is looked up, and outputs become valid.
pub enum LocalStore {
    /// This process reads and writes the database.
    Database(Database),
    /// It cannot: the daemon is asked, and registers what the hook leaves at
    /// the outputs' paths when it ends with 0 (measured).
    Daemon(Box<Client<UnixStream>>),
}

impl LocalStore {
    /// Opens the database; where that is not for this process, a conversation
    /// with the daemon.
    pub fn open(context: &Context) -> Result<Self, Failure> {
        let settings = &context.settings;
        let opened = Database::open(&settings.database_dir, &context.dir).and_then(|mut it| {
            it.set_busy_limit(settings.database_busy)?;
            Ok(it)
        });
        match opened {
            Ok(database) => Ok(Self::Database(database)),
            Err(error) if error.is_for_the_daemon() => {
                log::info!("{error}; the daemon is asked and registers what is brought");
                match connect(context, &mut quiet) {
                    Ok(client) => Ok(Self::Daemon(Box::new(client))),
                    Err(daemon) => Err(local(format!("{error}; the local daemon: {daemon}"))),
                }
            }
            Err(error) => Err(of_database(&error)),
        }
    }

    /// Those of the paths that are valid.
    pub fn valid(&mut self, paths: &[StorePath]) -> Result<BTreeSet<StorePath>, Failure> {
        match self {
            Self::Database(database) => database.valid(paths).map_err(|error| of_database(&error)),
            Self::Daemon(client) => client
                .valid_paths(paths, &mut quiet)
                .map_err(|error| of_daemon(&error)),
        }
    }

    /// The items and all that they refer to, directly or not. What is not
    /// valid is not in the result.
    pub fn closure(
        &mut self,
        roots: &[StorePath],
    ) -> Result<BTreeMap<StorePath, ItemInfo>, Failure> {
        match self {
            Self::Database(database) => {
                database.closure(roots).map_err(|error| of_database(&error))
            }
            Self::Daemon(client) => closure(client, roots).map_err(|error| of_daemon(&error)),
        }
    }
}

/// Opens a conversation with the local daemon.
pub fn connect(context: &Context, log: &mut dyn Log) -> Result<Client<UnixStream>, DaemonError> {
    let socket = context.settings.state_dir.join("daemon-socket/socket");
    let connect = || UnixStream::connect(&socket).map_err(DaemonError::Lost);
    let (opening, dir) = (Opening::default(), &context.dir);
    let (client, _) = match Client::open(connect()?, dir, &opening, log) {
        Err(DaemonError::Old { .. }) => Client::open_old(connect()?, dir, &opening, log),
        other => other,
    }?;
    Ok(client)
}

/// One round trip for each step away from the roots.
fn closure(
    client: &mut Client<UnixStream>,
    roots: &[StorePath],
) -> Result<BTreeMap<StorePath, ItemInfo>, DaemonError> {
    let mut items = BTreeMap::new();
    let mut next = client.valid_paths(roots, &mut quiet)?;
    while !next.is_empty() {
        let asked: Vec<StorePath> = std::mem::take(&mut next).into_iter().collect();
        let calls: Vec<_> = asked.iter().map(QueryPathInfo).collect();
        let infos = client.call_all(&calls, &mut quiet)?;
        for (path, info) in asked.into_iter().zip(infos) {
            let mut references = info.references;
            references.sort_unstable();
            next.extend(references.iter().cloned());
            let info = ItemInfo {
                nar_hash: info.nar_hash,
                nar_size: info.nar_size,
                deriver: info.deriver,
                references,
            };
            items.insert(path, info);
        }
        next.retain(|path| !items.contains_key(path));
    }
    Ok(items)
}

/// What the local daemon says while it looks things up is nobody's business.
#[expect(clippy::unnecessary_wraps, reason = "a log may fail")]
fn quiet(_: &[u8]) -> std::io::Result<()> {
    Ok(())
}

fn local(text: String) -> Failure {
    Failure::new(Fault::Local, text)
}

fn of_database(error: &DatabaseError) -> Failure {
    local(error.to_string())
}

fn of_daemon(error: &DaemonError) -> Failure {
    local(format!("the local daemon: {error}"))
}
