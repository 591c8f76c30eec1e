//! New items: files into their places and rows into the database, as one.
//!
//! Rows come first, so that everything that can be wrong with them is known
//! before a file is moved; then the files, then the commit. Killed before the
//! commit we leave at most complete files that are not valid, which the next
//! build replaces and the collector removes; a row without its file there is
//! never.

use std::collections::BTreeMap;
use std::io;
use std::time::{SystemTime, UNIX_EPOCH};

use rusqlite::{Connection, params};

use super::{Database, DatabaseError, print_hash};
use crate::store::closure::topological_order;
use crate::store::digest::Sha256;
use crate::store::path::StorePath;
use crate::store::restore::remove;

/// What becomes of an item's row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
    /// The item.
    pub path: StorePath,
    /// Hash of its archive.
    pub nar_hash: Sha256,
    /// Bytes of its archive.
    pub nar_size: u64,
    /// The derivation it was built by.
    pub deriver: Option<StorePath>,
    /// What it refers to, itself included if it does; valid, or registered
    /// with it.
    pub references: Vec<StorePath>,
}

impl Database {
    /// Makes items valid, all or none.
    ///
    /// `place` is called once for each item that is not valid already, and
    /// must move it to its path; it is called with the database locked for
    /// writing, so it must be quick. What is valid already stays as it is,
    /// file and row. If anything fails, everything that was placed and is not
    /// valid is removed.
    pub fn register(
        &mut self,
        items: &[Registration],
        place: &mut dyn FnMut(&StorePath) -> io::Result<()>,
    ) -> Result<(), DatabaseError> {
        // As the daemon refuses it (local-store.cc, registerValidPaths).
        let references = items
            .iter()
            .map(|item| (item.path.clone(), item.references.clone()))
            .collect::<BTreeMap<_, _>>();
        topological_order(&references)?;
        self.with(|connection| connection.execute_batch("begin immediate"))?;
        let mut placed = Vec::new();
        let done = self
            .fill(items, &mut placed, place)
            .and_then(|()| self.with(|connection| connection.execute_batch("commit")));
        if done.is_err() {
            self.undo(&placed);
        }
        done
    }

    /// Everything between begin and commit.
    fn fill<'a>(
        &self,
        items: &'a [Registration],
        placed: &mut Vec<&'a StorePath>,
        place: &mut dyn FnMut(&StorePath) -> io::Result<()>,
    ) -> Result<(), DatabaseError> {
        let mut new = BTreeMap::new();
        for item in items {
            if !new.contains_key(&item.path) && self.id(&item.path)?.is_none() {
                let id = self.with(|connection| insert(connection, item))?;
                new.insert(&item.path, (id, item));
            }
        }
        for (id, item) in new.values() {
            self.add_references(*id, item)?;
        }
        for path in new.into_keys() {
            // Noted before: it may fail when it has half succeeded.
            placed.push(path);
            place(path).map_err(|source| DatabaseError::place(path, source))?;
        }
        Ok(())
    }

    fn add_references(&self, referrer: i64, item: &Registration) -> Result<(), DatabaseError> {
        for reference in &item.references {
            let Some(id) = self.id(reference)? else {
                return Err(DatabaseError::MissingReference {
                    path: item.path.clone(),
                    reference: reference.clone(),
                });
            };
            self.with(|connection| {
                connection
                    .prepare_cached("insert or replace into Refs values (?1, ?2)")?
                    .execute([referrer, id])
            })?;
        }
        Ok(())
    }

    /// Removes what was placed in vain. A commit that reports an error may
    /// have happened, so the rows are read back; where they cannot be, the
    /// file stays: better one that is not valid than a row without it.
    fn undo(&self, placed: &[&StorePath]) {
        if !self.connection.is_autocommit()
            && let Err(error) = self.with(|connection| connection.execute_batch("rollback"))
        {
            log::warn!("rolling back: {error}");
            return;
        }
        for path in placed {
            match self.id(path) {
                Ok(None) => {
                    if let Err(error) = remove(path.as_path()) {
                        log::warn!("{path} is left, not valid: {error}");
                    }
                }
                Ok(Some(_)) => {}
                Err(error) => log::warn!("{path} may be left, not valid: {error}"),
            }
        }
    }
}

/// Inserts the row as the daemon writes it (measured).
fn insert(connection: &Connection, item: &Registration) -> rusqlite::Result<i64> {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs());
    connection
        .prepare_cached(
            "insert into ValidPaths (path, hash, registrationTime, deriver, narSize)
             values (?1, ?2, ?3, ?4, ?5)",
        )?
        .insert(params![
            item.path.as_str(),
            print_hash(&item.nar_hash),
            i64::try_from(now).unwrap_or(i64::MAX),
            item.deriver.as_ref().map(StorePath::as_str),
            i64::try_from(item.nar_size).unwrap_or(i64::MAX),
        ])
}
