//! The daemon's database: what is valid, what it refers to, and new items.
//!
//! Facts of the daemon's protocol, section 6.3. This and its submodules are
//! the only ones that name rusqlite. A connection must not cross a fork, and
//! nothing else in the process may open the database's file: closing it would
//! end SQLite's locks.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, Row};
use thiserror::Error;

use super::closure::Cycle;
use super::digest::{Sha256, hex, unhex};
use super::path::{StoreDir, StorePath};
use super::restore::is_disk_full;

mod register;

pub use register::Registration;

/// How long a database that others write to is waited for. The daemon itself
/// waits an hour, while a client of ours looks at nothing happening.
pub const BUSY_LIMIT: Duration = Duration::from_secs(60);

/// The layout that is known, of Guix from 2014 to today.
const SCHEMA: &str = "7";

/// Pages of the write-ahead log after which a commit also copies them into the
/// database, with fsync: as the daemon has it (local-store.cc, openDB). The
/// default of 1000 would make us pay for what the daemon puts off.
const CHECKPOINT_PAGES: u32 = 40_000;

/// What the database knows of a valid item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ItemInfo {
    /// Hash of its archive.
    pub nar_hash: Sha256,
    /// Bytes of its archive; 0 when nobody has noted them.
    pub nar_size: u64,
    /// The derivation it was built by.
    pub deriver: Option<StorePath>,
    /// What it refers to, itself included, sorted.
    pub references: Vec<StorePath>,
}

/// The database of a local store.
pub struct Database {
    connection: Connection,
    store: StoreDir,
    file: PathBuf,
    busy_limit: Duration,
}

impl Database {
    /// Opens the database in `dir` (`STATE/db`), whose items lie in `store`.
    ///
    /// Only for its owner: files that another user makes beside it would lock
    /// the daemon out.
    pub fn open(dir: &Path, store: &StoreDir) -> Result<Self, DatabaseError> {
        let file = dir.join("db.sqlite");
        let unreadable = |file: &Path| {
            let file = file.to_owned();
            move |source| DatabaseError::Unreadable { file, source }
        };
        let owner = fs::metadata(&file).map_err(unreadable(&file))?.uid();
        let user = nix::unistd::geteuid().as_raw();
        if owner != user {
            return Err(DatabaseError::NotOwner { file, owner, user });
        }
        let schema_file = dir.join("schema");
        let schema = fs::read_to_string(&schema_file).map_err(unreadable(&schema_file))?;
        if schema.trim() != SCHEMA {
            let found = schema.trim().chars().take(20).collect();
            return Err(DatabaseError::Schema { found });
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&file, flags)
            .map_err(|source| DatabaseError::of(source, BUSY_LIMIT, &file))?;
        let mut database = Self {
            connection,
            store: store.clone(),
            file,
            busy_limit: BUSY_LIMIT,
        };
        database.set_busy_limit(BUSY_LIMIT)?;
        // Settings of the connection, which touch no file.
        database.with(|connection| {
            connection.pragma_update(None, "foreign_keys", true)?;
            connection.pragma_update(None, "synchronous", "NORMAL")?;
            connection.pragma_update(None, "temp_store", "MEMORY")?;
            connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)
        })?;
        Ok(database)
    }

    /// Changes how long others are waited for.
    pub fn set_busy_limit(&mut self, limit: Duration) -> Result<(), DatabaseError> {
        self.busy_limit = limit;
        self.with(|connection| connection.busy_timeout(limit))
    }

    /// Those of the paths that are valid.
    pub fn valid(&self, paths: &[StorePath]) -> Result<BTreeSet<StorePath>, DatabaseError> {
        let mut valid = BTreeSet::new();
        for path in paths {
            if self.id(path)?.is_some() {
                valid.insert(path.clone());
            }
        }
        Ok(valid)
    }

    /// The items and all that they refer to, directly or not. What is not
    /// valid is not in the result.
    pub fn closure(
        &self,
        roots: &[StorePath],
    ) -> Result<BTreeMap<StorePath, ItemInfo>, DatabaseError> {
        let mut ids = BTreeSet::new();
        for root in roots {
            ids.extend(self.id(root)?);
        }
        let ids: Vec<_> = ids.iter().map(i64::to_string).collect();
        let rows = self.with(|connection| {
            // One statement, so one snapshot: no item is deleted half-way.
            connection
                .prepare_cached(
                    "with recursive closure(id) as (
                         select value from json_each(?1)
                         union
                         select reference from Refs join closure on Refs.referrer = closure.id)
                     select id, path, hash, narSize, deriver,
                            (select group_concat(reference) from Refs where referrer = id)
                     from closure join ValidPaths using (id)",
                )?
                .query_map([format!("[{}]", ids.join(","))], ItemRow::read)?
                .collect::<Result<Vec<_>, _>>()
        })?;
        self.items(&rows)
    }

    fn items(&self, rows: &[ItemRow]) -> Result<BTreeMap<StorePath, ItemInfo>, DatabaseError> {
        let mut paths = BTreeMap::new();
        for row in rows {
            paths.insert(row.id, self.path(&row.path)?);
        }
        let mut items = BTreeMap::new();
        for row in rows {
            let damaged = || DatabaseError::Damaged(row.path.clone());
            let mut references = Vec::new();
            for id in row.references.iter().flat_map(|list| list.split(',')) {
                let id: i64 = id.parse().map_err(|_| damaged())?;
                references.push(paths.get(&id).ok_or_else(damaged)?.clone());
            }
            references.sort_unstable();
            let info = ItemInfo {
                nar_hash: parse_hash(&row.hash).ok_or_else(damaged)?,
                nar_size: row
                    .nar_size
                    .unwrap_or(0)
                    .try_into()
                    .map_err(|_| damaged())?,
                // Absent or strange, it makes no difference to a build.
                deriver: row
                    .deriver
                    .as_ref()
                    .and_then(|deriver| StorePath::parse(&self.store, deriver.as_bytes()).ok()),
                references,
            };
            items.insert(self.path(&row.path)?, info);
        }
        Ok(items)
    }

    fn path(&self, text: &str) -> Result<StorePath, DatabaseError> {
        StorePath::parse(&self.store, text.as_bytes())
            .map_err(|_| DatabaseError::Damaged(text.to_owned()))
    }

    fn id(&self, path: &StorePath) -> Result<Option<i64>, DatabaseError> {
        self.with(|connection| id(connection, path))
    }

    /// Runs a piece of SQL; errors are sorted by what is to be done.
    fn with<T>(
        &self,
        run: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, DatabaseError> {
        run(&self.connection).map_err(|error| self.error(error))
    }

    fn error(&self, source: rusqlite::Error) -> DatabaseError {
        DatabaseError::of(source, self.busy_limit, &self.file)
    }
}

fn id(connection: &Connection, path: &StorePath) -> rusqlite::Result<Option<i64>> {
    connection
        .prepare_cached("select id from ValidPaths where path = ?1")?
        .query_row([path.as_str()], |row| row.get(0))
        .optional()
}

struct ItemRow {
    id: i64,
    path: String,
    hash: String,
    nar_size: Option<i64>,
    deriver: Option<String>,
    references: Option<String>,
}

impl ItemRow {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            path: row.get(1)?,
            hash: row.get(2)?,
            nar_size: row.get(3)?,
            deriver: row.get(4)?,
            references: row.get(5)?,
        })
    }
}

fn print_hash(hash: &Sha256) -> String {
    format!("sha256:{}", hex(hash))
}

fn parse_hash(text: &str) -> Option<Sha256> {
    let digits = text.strip_prefix("sha256:")?;
    unhex(digits.as_bytes())?.try_into().ok()
}

/// Why the database could not be read or written.
#[derive(Debug, Error)]
pub enum DatabaseError {
    /// A file of it is not there or not for this user.
    #[error("{}: {source}", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It belongs to somebody else.
    #[error("{} belongs to user {owner}, and this is user {user}", file.display())]
    NotOwner {
        /// The database.
        file: PathBuf,
        /// Whose it is.
        owner: u32,
        /// Who we are.
        user: u32,
    },
    /// Its layout is not known; the daemon registers what is brought.
    #[error("the database has schema {found}, and not {SCHEMA}")]
    Schema {
        /// What its file `schema` says.
        found: String,
    },
    /// Others have kept it locked all the time.
    #[error("{} is locked by others, for {} s now", file.display(), waited.as_secs())]
    Busy {
        /// The database.
        file: PathBuf,
        /// How long it was waited for.
        waited: Duration,
    },
    /// There is no room to write.
    #[error("{}: no space left", path.display())]
    DiskFull {
        /// What was being written.
        path: PathBuf,
    },
    /// An item refers to what is not valid here.
    #[error("{path} refers to {reference}, which is not valid")]
    MissingReference {
        /// The item.
        path: StorePath,
        /// What it refers to.
        reference: StorePath,
    },
    /// Items refer to each other.
    #[error(transparent)]
    Cycle(#[from] Cycle),
    /// An item could not be moved to its place.
    #[error("{path}: {source}")]
    Place {
        /// The item.
        path: StorePath,
        /// Why.
        source: io::Error,
    },
    /// A row says what no daemon writes.
    #[error("the row of {0} is damaged")]
    Damaged(String),
    /// Anything else.
    #[error("{}: {source}", file.display())]
    Sql {
        /// The database.
        file: PathBuf,
        /// What SQLite says.
        source: rusqlite::Error,
    },
}

impl DatabaseError {
    fn of(source: rusqlite::Error, waited: Duration, file: &Path) -> Self {
        let file = file.to_owned();
        match source.sqlite_error() {
            Some(error) => match error.code {
                ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => Self::Busy { file, waited },
                ErrorCode::DiskFull => Self::DiskFull { path: file },
                // The index of the write-ahead log could not grow.
                _ if error.extended_code == rusqlite::ffi::SQLITE_IOERR_SHMSIZE => {
                    Self::DiskFull { path: file }
                }
                _ => Self::Sql { file, source },
            },
            None => Self::Sql { file, source },
        }
    }

    fn place(path: &StorePath, source: io::Error) -> Self {
        let path = path.clone();
        if is_disk_full(&source) {
            Self::DiskFull {
                path: path.as_path().to_owned(),
            }
        } else {
            Self::Place { path, source }
        }
    }

    /// Tells whether this process cannot write the database at all, so that
    /// the daemon, which registers whatever a hook leaves at the outputs'
    /// paths, has to.
    pub fn is_for_the_daemon(&self) -> bool {
        matches!(
            self,
            Self::Unreadable { .. } | Self::NotOwner { .. } | Self::Schema { .. }
        )
    }

    /// Tells whether the same may succeed later.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Busy { .. } | Self::DiskFull { .. })
    }
}

#[cfg(test)]
mod tests;
