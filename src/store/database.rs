//! The store's database.
use super::path::{StoreDir, StorePath};
use std::collections::{BTreeMap, BTreeSet};
/// Error.
#[derive(Debug, thiserror::Error)]
#[error("no database")]
pub struct DatabaseError;
/// Item.
pub struct ItemInfo {
    /// Hash.
    pub nar_hash: [u8; 32],
    /// Size.
    pub nar_size: u64,
    /// Deriver.
    pub deriver: Option<StorePath>,
    /// Refs.
    pub references: Vec<StorePath>,
}
/// Row.
pub struct Registration {
    /// Path.
    pub path: StorePath,
    /// Hash.
    pub nar_hash: [u8; 32],
    /// Size.
    pub nar_size: u64,
    /// Deriver.
    pub deriver: Option<StorePath>,
    /// Refs.
    pub references: Vec<StorePath>,
}
/// Database.
pub struct Database;
impl Database {
    /// Opens.
    pub fn open(_: &std::path::Path, _: &StoreDir) -> Result<Self, DatabaseError> {
        Err(DatabaseError)
    }
    /// Valid.
    pub fn valid(&self, _: &[StorePath]) -> Result<BTreeSet<StorePath>, DatabaseError> {
        Err(DatabaseError)
    }
    /// Closure.
    pub fn closure(&self, _: &[StorePath]) -> Result<BTreeMap<StorePath, ItemInfo>, DatabaseError> {
        Err(DatabaseError)
    }
    /// Registers.
    pub fn register(
        &self,
        _: &[Registration],
        _: &mut dyn FnMut() -> std::io::Result<()>,
    ) -> Result<(), DatabaseError> {
        Err(DatabaseError)
    }
}
