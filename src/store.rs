//! The store: names, archives, bundles, signatures, files and the database.
//!
//! Knows nothing of connections, machines or daemons.

pub mod authenticate;
pub mod base32;
pub mod bundle;
pub mod closure;
pub mod database;
pub mod dedup;
pub mod derivation;
pub mod digest;
pub mod gcrypt;
pub mod nar;
pub mod path;
pub mod restore;
pub mod signature;
