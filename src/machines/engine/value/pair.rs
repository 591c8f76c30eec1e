//! Pairs that can be changed, and the lists that they make.

use std::cell::RefCell;

use steel::SteelVal;
use steel::gc::Gc;
use steel::rvals::{AsRefSteelVal, Custom, IntoSteelVal};

use super::drop::bury;
use super::{Answer, Value};

/// A pair.
pub(super) struct Pair {
    car: RefCell<Value>,
    cdr: RefCell<Value>,
}

impl Custom for Pair {}

impl Drop for Pair {
    fn drop(&mut self) {
        bury(std::mem::take(self.car.get_mut()));
        bury(std::mem::take(self.cdr.get_mut()));
    }
}

/// A new pair.
pub fn pair(car: Value, cdr: Value) -> Value {
    Pair {
        car: RefCell::new(car),
        cdr: RefCell::new(cdr),
    }
    .into_steelval()
    .unwrap_or(SteelVal::Void)
}

/// A new pair, where an answer is wanted.
pub fn cons(first: Value, rest: Value) -> Answer {
    Ok(pair(first, rest))
}

/// Looks into a pair; `None` for what is none.
fn with_pair<R>(value: &Value, look: impl FnOnce(&Pair) -> R) -> Option<R> {
    let SteelVal::Custom(_) = value else {
        return None;
    };
    <Pair as AsRefSteelVal>::as_ref(value)
        .ok()
        .map(|pair| look(&pair))
}

/// Tells whether a value is a pair.
pub fn is_pair(value: &Value) -> bool {
    with_pair(value, |_| ()).is_some()
}

/// The first of a pair.
pub fn car(value: &Value) -> Option<Value> {
    with_pair(value, |pair| pair.car.borrow().clone())
}

/// The rest of a pair.
pub fn cdr(value: &Value) -> Option<Value> {
    with_pair(value, |pair| pair.cdr.borrow().clone())
}

/// The first and the rest of a pair.
pub fn uncons(value: &Value) -> Option<(Value, Value)> {
    with_pair(value, |pair| {
        (pair.car.borrow().clone(), pair.cdr.borrow().clone())
    })
}

/// Changes the first of a pair; `None` if it is none.
pub fn set_car(value: &Value, car: Value) -> Option<()> {
    // The old value is dropped when the pair is no longer borrowed.
    with_pair(value, |pair| pair.car.replace(car)).map(drop)
}

/// Changes the rest of a pair; `None` if it is none.
pub fn set_cdr(value: &Value, cdr: Value) -> Option<()> {
    with_pair(value, |pair| pair.cdr.replace(cdr)).map(drop)
}

/// The empty list.
pub fn empty() -> Value {
    SteelVal::ListV(Vec::new().into())
}

/// Tells whether a value is the empty list.
pub fn is_empty(value: &Value) -> bool {
    matches!(value, SteelVal::ListV(list) if list.is_empty())
}

/// A proper list.
pub fn from_list(items: Vec<Value>) -> Value {
    from_list_with(items, empty())
}

/// A list with this after the last of the items.
pub fn from_list_with(items: Vec<Value>, tail: Value) -> Value {
    items
        .into_iter()
        .rev()
        .fold(tail, |rest, item| pair(item, rest))
}

/// The items of a proper list; `None` for an improper or circular one.
pub fn list_items(value: &Value) -> Option<Vec<Value>> {
    let mut items = Vec::new();
    match walk(value, |item| items.push(item)) {
        End::Proper => Some(items),
        End::Improper(_) | End::Circle => None,
    }
}

/// How a list ends.
pub enum End {
    /// With the empty list.
    Proper,
    /// With something else.
    Improper(Value),
    /// Never.
    Circle,
}

/// Visits the items of a list, those of a circle once or twice.
pub fn walk(value: &Value, mut visit: impl FnMut(Value)) -> End {
    let mut rest = value.clone();
    // Brent's way to find circles: a mark that jumps forward.
    let mut mark = rest.clone();
    let (mut steps, mut limit) = (0_u64, 8_u64);
    loop {
        let Some((item, next)) = uncons(&rest) else {
            return if is_empty(&rest) {
                End::Proper
            } else {
                End::Improper(rest)
            };
        };
        visit(item);
        if is_same_object(&next, &mark) {
            return End::Circle;
        }
        steps = steps.saturating_add(1);
        if steps == limit {
            steps = 0;
            limit = limit.saturating_mul(2);
            mark = next.clone();
        }
        rest = next;
    }
}

/// Where an object of ours is in memory.
pub fn address(value: &Value) -> Option<usize> {
    match value {
        SteelVal::Custom(object) => Some(object.as_ptr().addr()),
        _ => None,
    }
}

/// Tells whether two values are one object in memory.
pub(super) fn is_same_object(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (SteelVal::Custom(a), SteelVal::Custom(b)) => Gc::ptr_eq(a, b),
        _ => false,
    }
}

/// A list out of the interpreter's own kind, which rest arguments are.
pub fn from_rest(value: &Value) -> Value {
    match value {
        SteelVal::ListV(list) if !list.is_empty() => from_list(list.iter().cloned().collect()),
        _ => value.clone(),
    }
}

/// The interpreter's own kind of list, which `apply` takes.
pub fn to_rest(items: Vec<Value>) -> Value {
    SteelVal::ListV(items.into())
}
