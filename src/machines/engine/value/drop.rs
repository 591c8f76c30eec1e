//! How values that hold values go: without recursion, since data may be
//! nested deeper than the stack is.

use std::cell::RefCell;

use steel::SteelVal;
use steel::gc::Gc;

use super::Value;

thread_local! {
    /// What is still to be dropped by the outermost call.
    static DOOMED: RefCell<Option<Vec<Value>>> = const { RefCell::new(None) };
}

/// Drops a value that was part of another one.
pub(super) fn bury(value: Value) {
    if !may_be_deep(&value) {
        return;
    }
    // While the thread ends there is no list any more: then by recursion.
    let first = DOOMED.try_with(|doomed| {
        let mut doomed = doomed.borrow_mut();
        if let Some(doomed) = &mut *doomed {
            doomed.push(value);
            return false;
        }
        *doomed = Some(vec![value]);
        true
    });
    if !matches!(first, Ok(true)) {
        return;
    }
    while let Ok(Some(value)) =
        DOOMED.try_with(|doomed| doomed.borrow_mut().as_mut().and_then(Vec::pop))
    {
        drop(value);
    }
    if DOOMED.try_with(|doomed| doomed.replace(None)).is_err() {
        log::trace!("values dropped at the end of the thread");
    }
}

/// Tells whether dropping this drops others.
fn may_be_deep(value: &Value) -> bool {
    match value {
        SteelVal::Custom(object) => Gc::strong_count(object) == 1,
        SteelVal::Closure(_)
        | SteelVal::Boxed(_)
        | SteelVal::ListV(_)
        | SteelVal::Pair(_)
        | SteelVal::VectorV(_)
        | SteelVal::ContinuationFunction(_) => true,
        _ => false,
    }
}
