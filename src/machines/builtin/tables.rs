//! Hash tables, in Guile's order.
//!
//! A file that makes its machines out of a table gets them in the order that
//! the table has, so numbers of buckets, growth and hashes of strings,
//! symbols, integers and characters are those of Guile 3.0 (measured). Other
//! keys have an order of their own, as addresses give them in Guile.

pub mod hash;

use std::cell::{Cell, RefCell};
use std::cmp::Ordering;

use super::Table as Procedures;
use super::arguments::Arguments;
use super::equality::{alike, same};
use crate::machines::engine::{
    Answer, Fault, Value, View, boolean, car, cdr, foreign, from_list, integer, pair, raise,
    set_cdr, unspecified, view, with_foreign,
};

pub const TABLE: Procedures = &[
    ("make-hash-table", |values| make("make-hash-table", values)),
    ("make-weak-key-hash-table", |values| {
        make("make-weak-key-hash-table", values)
    }),
    ("make-weak-value-hash-table", |values| {
        make("make-weak-value-hash-table", values)
    }),
    ("make-doubly-weak-hash-table", |values| {
        make("make-doubly-weak-hash-table", values)
    }),
    ("%make-table", make_with),
    ("hash-table?", is_table),
    ("hash-ref", |values| {
        get("hash-ref", values, Some(Kind::Equal))
    }),
    ("hashv-ref", |values| {
        get("hashv-ref", values, Some(Kind::Eqv))
    }),
    ("hashq-ref", |values| {
        get("hashq-ref", values, Some(Kind::Eqv))
    }),
    ("%table-ref", |values| get("hash-table-ref", values, None)),
    ("hash-set!", |values| {
        put("hash-set!", values, Some(Kind::Equal))
    }),
    ("hashv-set!", |values| {
        put("hashv-set!", values, Some(Kind::Eqv))
    }),
    ("hashq-set!", |values| {
        put("hashq-set!", values, Some(Kind::Eqv))
    }),
    ("%table-set!", |values| put("hash-table-set!", values, None)),
    ("hash-remove!", |values| {
        remove("hash-remove!", values, Some(Kind::Equal))
    }),
    ("hashv-remove!", |values| {
        remove("hashv-remove!", values, Some(Kind::Eqv))
    }),
    ("hashq-remove!", |values| {
        remove("hashq-remove!", values, Some(Kind::Eqv))
    }),
    ("%table-remove!", |values| {
        remove("hash-table-delete!", values, None)
    }),
    ("hash-get-handle", |values| {
        handle("hash-get-handle", values, Kind::Equal)
    }),
    ("hashv-get-handle", |values| {
        handle("hashv-get-handle", values, Kind::Eqv)
    }),
    ("hashq-get-handle", |values| {
        handle("hashq-get-handle", values, Kind::Eqv)
    }),
    ("hash-create-handle!", |values| {
        create("hash-create-handle!", values, Kind::Equal)
    }),
    ("hashv-create-handle!", |values| {
        create("hashv-create-handle!", values, Kind::Eqv)
    }),
    ("hashq-create-handle!", |values| {
        create("hashq-create-handle!", values, Kind::Eqv)
    }),
    ("hash-clear!", clear),
    ("%table-handles", handles),
    ("%table-size", size),
    ("%table-by-content?", |values| {
        let arguments = Arguments::exactly("hash-table-equivalence-function", values, 1)?;
        with_table(&arguments, "hash-table-equivalence-function", |table| {
            boolean(table.kind == Kind::Equal)
        })
    }),
    ("%hash", |values| hashed("hash", values, Kind::Equal)),
    ("hash", |values| hashed("hash", values, Kind::Equal)),
    ("hashv", |values| hashed("hashv", values, Kind::Eqv)),
    ("hashq", |values| hashed("hashq", values, Kind::Eqv)),
];

/// How keys are compared.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// `eqv?`, and `eq?`, which is nearly the same.
    Eqv,
    /// `equal?`
    Equal,
}

impl Kind {
    fn same(self, a: &Value, b: &Value) -> bool {
        match self {
            Self::Eqv => same(a, b),
            Self::Equal => alike(a, b),
        }
    }
}

/// The numbers of buckets that a table may have.
const SIZES: &[usize] = &[
    31, 61, 113, 223, 443, 883, 1759, 3517, 7027, 14051, 28099, 56197, 112_363, 224_717, 449_419,
    898_823, 1_797_641, 3_595_271, 7_190_537, 14_381_041,
];

/// A hash table. An entry is a pair, which a file may get and change.
pub struct HashTable {
    buckets: RefCell<Vec<Vec<Value>>>,
    count: Cell<usize>,
    /// The place of the number of buckets in `SIZES`, and the least one.
    size: Cell<usize>,
    least: usize,
    kind: Kind,
}

impl HashTable {
    fn new(wanted: usize, kind: Kind) -> Self {
        let least = SIZES.partition_point(|size| *size < wanted);
        let least = least.min(SIZES.len().saturating_sub(1));
        Self {
            buckets: RefCell::new(vec![Vec::new(); size_at(least)]),
            count: Cell::new(0),
            size: Cell::new(least),
            least,
            kind,
        }
    }

    /// How it is written: address left out.
    pub fn written(&self) -> String {
        format!("{}/{}", self.count.get(), self.buckets.borrow().len())
    }

    fn place(&self, key: &Value, kind: Kind) -> usize {
        let buckets = self.buckets.borrow().len();
        hash::hash(key, kind == Kind::Equal)
            .checked_rem(buckets as u64)
            .and_then(|place| usize::try_from(place).ok())
            .unwrap_or_default()
    }

    /// The entry of a key.
    fn find(&self, key: &Value, kind: Kind) -> Option<Value> {
        let place = self.place(key, kind);
        let buckets = self.buckets.borrow();
        // The newest entry is at the front of its bucket, the end here.
        buckets
            .get(place)?
            .iter()
            .rev()
            .find(|entry| car(entry).is_some_and(|other| kind.same(&other, key)))
            .cloned()
    }

    fn insert(&self, key: &Value, value: Value, kind: Kind) -> Value {
        let entry = pair(key.clone(), value);
        let place = self.place(key, kind);
        if let Some(bucket) = self.buckets.borrow_mut().get_mut(place) {
            bucket.push(entry.clone());
        }
        self.count.set(self.count.get().saturating_add(1));
        let upper = size_at(self.size.get()).saturating_mul(9) / 10;
        if self.count.get() > upper {
            self.resize(kind);
        }
        entry
    }

    fn take(&self, key: &Value, kind: Kind) -> Option<Value> {
        let place = self.place(key, kind);
        let entry = {
            let mut buckets = self.buckets.borrow_mut();
            let bucket = buckets.get_mut(place)?;
            let at = bucket
                .iter()
                .rposition(|entry| car(entry).is_some_and(|other| kind.same(&other, key)))?;
            bucket.remove(at)
        };
        self.count.set(self.count.get().saturating_sub(1));
        if self.size.get() > self.least && self.count.get() < size_at(self.size.get()) / 4 {
            self.resize(kind);
        }
        Some(entry)
    }

    /// Grows or shrinks.
    fn resize(&self, kind: Kind) {
        let count = self.count.get();
        let mut size = self.size.get();
        let last = SIZES.len().saturating_sub(1);
        match count.cmp(&(size_at(size) / 2)) {
            Ordering::Greater => {
                size = size.saturating_add(1);
                while size < last && count > size_at(size) {
                    size = size.saturating_add(1);
                }
            }
            Ordering::Less | Ordering::Equal => {
                size = size.saturating_sub(1);
                while size > self.least && count < size_at(size) / 4 {
                    size = size.saturating_sub(1);
                }
            }
        }
        self.size.set(size.min(last));
        let fresh = vec![Vec::new(); size_at(self.size.get())];
        // Each goes to the front of its new bucket.
        let old = self.buckets.replace(fresh);
        for entry in old.into_iter().flat_map(|bucket| bucket.into_iter().rev()) {
            let place = car(&entry).map_or(0, |key| self.place(&key, kind));
            if let Some(bucket) = self.buckets.borrow_mut().get_mut(place) {
                bucket.push(entry);
            }
        }
    }

    /// The entries in the order of `hash-fold`.
    fn entries(&self) -> Vec<Value> {
        let buckets = self.buckets.borrow();
        buckets
            .iter()
            .flat_map(|bucket| bucket.iter().rev().cloned())
            .collect()
    }
}

fn size_at(place: usize) -> usize {
    SIZES.get(place).copied().unwrap_or(31)
}

/// More buckets than this are not made at once.
const WANTED_MAX: usize = 1 << 20;

fn make(name: &'static str, values: &[Value]) -> Answer {
    let arguments = Arguments::between(name, values, 0, 1)?;
    let wanted = match arguments.optional(0) {
        Some(_) => arguments.index(0)?.min(WANTED_MAX),
        None => 0,
    };
    foreign(HashTable::new(wanted, Kind::Equal))
}

/// `(%make-table EQUAL?)`: a table that knows how it compares.
fn make_with(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("make-hash-table", values, 1)?;
    let equal = !matches!(view(arguments.value(0)?), View::Boolean(false));
    let kind = if equal { Kind::Equal } else { Kind::Eqv };
    foreign(HashTable::new(0, kind))
}

fn is_table(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("hash-table?", values, 1)?;
    Ok(boolean(
        with_foreign(arguments.value(0)?, |_: &HashTable| ()).is_some(),
    ))
}

fn with_table<R>(
    arguments: &Arguments<'_>,
    name: &str,
    look: impl FnOnce(&HashTable) -> R,
) -> Result<R, Fault> {
    let value = arguments.value(0)?;
    with_foreign(value, look).ok_or_else(|| raise::wrong_type_at(name, 1, "hash-table", value))
}

/// The names of Guile's insides that its errors speak of.
const GET: &str = "scm_hash_fn_get_handle";
const CREATE: &str = "scm_hash_fn_create_handle_x";
const REMOVE: &str = "scm_hash_fn_remove_x";

fn get(name: &'static str, values: &[Value], kind: Option<Kind>) -> Answer {
    let arguments = Arguments::between(name, values, 2, 3)?;
    let key = arguments.value(1)?;
    let found = with_table(&arguments, GET, |table| {
        table.find(key, kind.unwrap_or(table.kind))
    })?;
    Ok(match found.and_then(|entry| cdr(&entry)) {
        Some(value) => value,
        None => arguments
            .optional(2)
            .cloned()
            .unwrap_or_else(|| boolean(false)),
    })
}

fn put(name: &'static str, values: &[Value], kind: Option<Kind>) -> Answer {
    let arguments = Arguments::exactly(name, values, 3)?;
    let (key, value) = (arguments.value(1)?, arguments.value(2)?);
    with_table(&arguments, CREATE, |table| {
        let kind = kind.unwrap_or(table.kind);
        match table.find(key, kind) {
            Some(entry) => {
                set_cdr(&entry, value.clone());
            }
            None => {
                table.insert(key, value.clone(), kind);
            }
        }
    })?;
    Ok(value.clone())
}

/// Gives the entry, or `#f`.
fn remove(name: &'static str, values: &[Value], kind: Option<Kind>) -> Answer {
    let arguments = Arguments::exactly(name, values, 2)?;
    let key = arguments.value(1)?;
    let found = with_table(&arguments, REMOVE, |table| {
        table.take(key, kind.unwrap_or(table.kind))
    })?;
    Ok(found.unwrap_or_else(|| boolean(false)))
}

fn handle(name: &'static str, values: &[Value], kind: Kind) -> Answer {
    let arguments = Arguments::exactly(name, values, 2)?;
    let key = arguments.value(1)?;
    let found = with_table(&arguments, GET, |table| table.find(key, kind))?;
    Ok(found.unwrap_or_else(|| boolean(false)))
}

fn create(name: &'static str, values: &[Value], kind: Kind) -> Answer {
    let arguments = Arguments::exactly(name, values, 3)?;
    let (key, value) = (arguments.value(1)?, arguments.value(2)?);
    with_table(&arguments, CREATE, |table| {
        table
            .find(key, kind)
            .unwrap_or_else(|| table.insert(key, value.clone(), kind))
    })
}

fn clear(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("hash-clear!", values, 1)?;
    let old = with_table(&arguments, "hash-clear!", |table| {
        table.count.set(0);
        let fresh = vec![Vec::new(); table.buckets.borrow().len()];
        table.buckets.replace(fresh)
    })?;
    drop(old);
    Ok(unspecified())
}

/// `(%table-handles TABLE NAME POSITION)`: the entries, for procedures in
/// Scheme.
fn handles(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("%table-handles", values, 3)?;
    let value = arguments.value(0)?;
    let entries = with_foreign(value, HashTable::entries);
    let (name, position) = (arguments.text(1)?, arguments.index(2)?);
    entries
        .map(from_list)
        .ok_or_else(|| raise::wrong_type_at(&name, position, "hash-table", value))
}

fn size(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("hash-table-size", values, 1)?;
    let count = with_table(&arguments, "hash-table-size", |table| table.count.get())?;
    Ok(integer(i64::try_from(count).unwrap_or(i64::MAX)))
}

fn hashed(name: &'static str, values: &[Value], kind: Kind) -> Answer {
    let arguments = Arguments::exactly(name, values, 2)?;
    let size = arguments.integer(1)?;
    let hash = hash::hash(arguments.value(0)?, kind == Kind::Equal);
    u64::try_from(size)
        .ok()
        .and_then(|size| hash.checked_rem(size))
        .and_then(|hash| i64::try_from(hash).ok())
        .map(integer)
        .ok_or_else(|| arguments.out_of_range(1))
}
