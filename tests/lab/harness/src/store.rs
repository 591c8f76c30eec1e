//! What is in a host's store, database and slots.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::sync::mpsc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use nix::fcntl::{FcntlArg, fcntl};
use rusqlite::{Connection, OpenFlags, OptionalExtension};

use crate::host::Host;

/// A row of the database, without the time and the number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// `sha256:` and the archive's hash in base 16.
    pub hash: String,
    /// Size of the archive.
    pub size: Option<i64>,
    /// The derivation that made it.
    pub deriver: Option<String>,
    /// What it refers to.
    pub references: BTreeSet<String>,
}

impl Host {
    /// The row of a store item; `None` when it is not valid.
    pub fn row(&self, item: &str) -> Result<Option<Row>> {
        let item = item.to_owned();
        self.query(move |database| row(database, &item))
    }

    /// All valid items.
    pub fn valid_items(&self) -> Result<BTreeSet<String>> {
        self.query(|database| {
            let mut statement = database.prepare("select path from ValidPaths")?;
            statement.query_map([], |r| r.get(0))?.collect()
        })
    }

    /// Tells whether an item is valid.
    pub fn is_valid(&self, item: &str) -> Result<bool> {
        Ok(self.row(item)?.is_some())
    }

    /// Asks the host's database, from among its files: SQLite resolves links,
    /// also the kernel's `/proc/PID/root`.
    ///
    /// SQLite as root leaves the files it makes to the database's owner.
    fn query<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T> {
        let answer = self.in_files(move || ask(&open_database()?))?;
        answer.with_context(|| format!("cannot read the database of {}", self.name()))
    }

    /// Reads the whole store anew as `guix gc --verify=contents` does, and
    /// the database as SQLite's own check does.
    pub fn gc_verify(&self) -> Result<()> {
        if let Some(report) = self.with_daemon(crate::wire::Daemon::verify)? {
            bail!("the store of {} is damaged: {report}", self.name());
        }
        let answer: String =
            self.query(|database| database.query_row("pragma integrity_check", [], |r| r.get(0)))?;
        if answer != "ok" {
            bail!("the database of {} is damaged: {answer}", self.name());
        }
        Ok(())
    }

    /// Entries of the store directory that are no valid items, but for what
    /// the daemon itself leaves (`.links`, locks, files that begin so).
    pub fn strangers(&self) -> Result<BTreeSet<String>> {
        let valid = self.valid_items()?;
        let mut found = BTreeSet::new();
        for entry in fs::read_dir(self.path("/gnu/store"))? {
            let name = entry?.file_name().to_string_lossy().into_owned();
            let path = format!("/gnu/store/{name}");
            if !name.starts_with('.') && !name.ends_with(".lock") && !valid.contains(&path) {
                found.insert(path);
            }
        }
        Ok(found)
    }

    /// Keeps everybody else from writing the database as long as the value
    /// lives.
    pub fn lock_database(&self) -> Result<DatabaseLock> {
        let (release, released) = mpsc::channel::<()>();
        let (tell, told) = mpsc::channel();
        let thread = {
            let pid = self.init();
            std::thread::spawn(move || {
                let held = crate::enter::in_files(pid, move || {
                    let database = open_database()?;
                    database.execute_batch("begin immediate")?;
                    let _ = tell.send(());
                    // Ends when the other end is dropped.
                    let _ = released.recv();
                    database.execute_batch("rollback")
                });
                if let Err(e) = held.and_then(|r| Ok(r?)) {
                    eprintln!("lab: cannot hold the database: {e:#}");
                }
            })
        };
        told.recv().context("the database cannot be locked")?;
        Ok(DatabaseLock {
            release: Some(release),
            thread: Some(thread),
        })
    }

    /// Forgets what the harness has added, and deletes all that nothing needs.
    pub fn collect_garbage(&self) -> Result<()> {
        *self.connection() = None;
        self.with_daemon(|daemon| daemon.collect(&[]))
    }

    /// Lists the slots that some process holds.
    pub fn slots_taken(&self) -> Result<Vec<String>> {
        let mut taken = Vec::new();
        let state = self.path("/var/guix/offload");
        let Ok(machines) = fs::read_dir(&state) else {
            return Ok(taken);
        };
        for machine in machines {
            let machine = machine?;
            let name = machine.file_name().to_string_lossy().into_owned();
            // Our own files lie in a directory without a colon in its name.
            if !machine.file_type()?.is_dir() || !name.contains(':') {
                continue;
            }
            for slot in fs::read_dir(machine.path())? {
                let slot = slot?;
                if is_locked(&File::options().write(true).open(slot.path())?)? {
                    taken.push(format!("{name}/{}", slot.file_name().to_string_lossy()));
                }
            }
        }
        Ok(taken)
    }

    /// Insists that every slot is free, at once or soon; tells when.
    pub fn slots_free(&self, within: Duration) -> Result<Duration> {
        let mut taken = Vec::new();
        crate::sys::wait_until("all slots are free", within, || {
            taken = self.slots_taken()?;
            Ok(taken.is_empty())
        })
        .with_context(|| format!("slots still taken: {taken:?}"))
    }

    /// Takes a slot for as long as the value lives, as stock's hook would.
    pub fn take_slot(&self, machine: &str, number: u32) -> Result<File> {
        let directory = self.path(format!("/var/guix/offload/{machine}"));
        fs::create_dir_all(&directory)?;
        let line =
            format!("chown --reference=/var/guix /var/guix/offload '/var/guix/offload/{machine}'");
        self.shell(&line).ok()?;
        let path = directory.join(number.to_string());
        let file = File::options()
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)?;
        let inside = format!("/var/guix/offload/{machine}/{number}");
        self.shell(&format!("chown --reference=/var/guix '{inside}'"))
            .ok()?;
        fcntl(&file, FcntlArg::F_OFD_SETLK(&whole_file()))
            .with_context(|| format!("slot {inside} is taken"))?;
        Ok(file)
    }
}

/// A locked database; dropping it lets others write again.
pub struct DatabaseLock {
    release: Option<mpsc::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Drop for DatabaseLock {
    fn drop(&mut self) {
        self.release = None;
        if self.thread.take().is_some_and(|t| t.join().is_err()) {
            eprintln!("lab: the thread that held the database panicked");
        }
    }
}

/// To be called among the host's own files.
fn open_database() -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let database = Connection::open_with_flags("/var/guix/db/db.sqlite", flags)?;
    database.busy_timeout(Duration::from_secs(30))?;
    Ok(database)
}

fn row(database: &Connection, item: &str) -> rusqlite::Result<Option<Row>> {
    let row = database
        .query_row(
            "select hash, narSize, deriver from ValidPaths where path = ?",
            [item],
            |r| {
                Ok(Row {
                    hash: r.get(0)?,
                    size: r.get(1)?,
                    deriver: r.get(2)?,
                    references: BTreeSet::new(),
                })
            },
        )
        .optional()?;
    let Some(mut row) = row else { return Ok(None) };
    let mut statement = database.prepare(
        "select r.path from Refs join ValidPaths p on p.id = referrer \
         join ValidPaths r on r.id = reference where p.path = ?",
    )?;
    row.references = statement
        .query_map([item], |r| r.get(0))?
        .collect::<Result<_, _>>()?;
    Ok(Some(row))
}

/// Tells whether some process holds a lock that excludes stock's.
fn is_locked(file: &File) -> Result<bool> {
    match fcntl(file, FcntlArg::F_OFD_SETLK(&whole_file())) {
        // The lock goes with the descriptor, which the caller drops.
        Ok(_) => Ok(false),
        Err(nix::Error::EAGAIN | nix::Error::EACCES) => Ok(true),
        Err(e) => Err(e.into()),
    }
}

/// The range that stock locks: all of the file (hook-protocol of 1.5.0).
pub(crate) fn whole_file() -> libc::flock {
    libc::flock {
        l_type: libc::F_WRLCK as libc::c_short,
        l_whence: libc::SEEK_SET as libc::c_short,
        l_start: 0,
        l_len: 0,
        l_pid: 0,
    }
}
