//! Vectors and bytevectors. They are not the interpreter's: its collector
//! does not know what our values hold.

use std::cell::RefCell;

use super::drop::bury;
use super::{Value, foreign, with_foreign};

/// A vector.
pub(super) struct Vector(RefCell<Vec<Value>>);

impl Drop for Vector {
    fn drop(&mut self) {
        self.0.get_mut().drain(..).for_each(bury);
    }
}

/// A bytevector.
pub(super) struct Bytes(RefCell<Vec<u8>>);

/// A new vector.
pub fn from_vector(items: Vec<Value>) -> Value {
    foreign(Vector(RefCell::new(items))).unwrap_or_default()
}

/// Looks at the items of a vector; `None` if it is none.
///
/// They must not be changed meanwhile.
pub fn with_vector<R>(value: &Value, look: impl FnOnce(&[Value]) -> R) -> Option<R> {
    with_foreign(value, |vector: &Vector| look(&vector.0.borrow()))
}

/// The items of a vector.
pub fn vector_items(value: &Value) -> Option<Vec<Value>> {
    with_vector(value, <[Value]>::to_vec)
}

/// Changes an item of a vector; `None` if it has none there.
pub fn vector_set(value: &Value, index: usize, item: Value) -> Option<()> {
    let old = with_foreign(value, |vector: &Vector| {
        let mut items = vector.0.borrow_mut();
        Some(std::mem::replace(items.get_mut(index)?, item))
    })??;
    drop(old);
    Some(())
}

/// A new bytevector.
pub fn from_bytes(bytes: Vec<u8>) -> Value {
    foreign(Bytes(RefCell::new(bytes))).unwrap_or_default()
}

/// The bytes of a bytevector.
pub fn bytes(value: &Value) -> Option<Vec<u8>> {
    with_foreign(value, |bytes: &Bytes| bytes.0.borrow().clone())
}

/// Changes a byte of a bytevector; `None` if it has none there.
pub fn bytes_set(value: &Value, index: usize, byte: u8) -> Option<()> {
    with_foreign(value, |bytes: &Bytes| {
        let mut bytes = bytes.0.borrow_mut();
        *bytes.get_mut(index)? = byte;
        Some(())
    })?
}
