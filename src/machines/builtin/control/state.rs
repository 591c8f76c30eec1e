//! The dynamic state: handlers, winds and fluids in force.
//!
//! The interpreter knows none of them. A continuation keeps the state it was
//! made in, and going there runs the thunks of `dynamic-wind` in between.

use std::cell::RefCell;
use std::mem::ManuallyDrop;
use std::rc::Rc;

use super::super::Table;
use super::super::arguments::Arguments;
use crate::machines::engine::{
    Answer, Failure, Fault, Value, boolean, fault, foreign, unspecified, with_foreign,
};

pub const TABLE: Table = &[
    ("%state", state),
    ("%set-state!", set_state),
    ("%push-wind!", push_wind),
    ("%rewind-step", rewind_step),
    ("%wind-thunk", wind_thunk),
    ("%wind-done!", wind_done),
];

/// One thing that is in force.
pub struct Link<T> {
    /// The thing.
    pub item: T,
    /// What was in force before.
    pub next: Chain<T>,
}

/// What is in force, innermost first; lists share their ends.
pub struct Chain<T>(Option<Rc<Link<T>>>);

impl<T> Default for Chain<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T> Clone for Chain<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> Chain<T> {
    /// Puts one more in front.
    pub fn push(&mut self, item: T) {
        let next = std::mem::take(self);
        self.0 = Some(Rc::new(Link { item, next }));
    }

    /// The links.
    pub fn links(&self) -> impl Iterator<Item = &Rc<Link<T>>> {
        std::iter::successors(self.0.as_ref(), |link| link.next.0.as_ref())
    }

    /// Tells whether it is the very same list.
    pub fn is(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (None, None) => true,
            (Some(a), Some(b)) => Rc::ptr_eq(a, b),
            _ => false,
        }
    }
}

// Chains can be as long as a recursion is deep, so not one inside the other.
impl<T> Drop for Link<T> {
    fn drop(&mut self) {
        let mut next = self.next.0.take();
        while let Some(link) = next {
            next = Rc::try_unwrap(link)
                .ok()
                .and_then(|mut link| link.next.0.take());
        }
    }
}

/// The thunks of a `dynamic-wind`, and the state outside it; the winds there
/// are those that follow in the list.
pub struct Wind {
    before: Value,
    after: Value,
    handlers: Chain<Handler>,
    fluids: Chain<Bound>,
}

impl Link<Wind> {
    /// The state outside.
    fn outside(&self) -> State {
        State {
            handlers: self.item.handlers.clone(),
            winds: self.next.clone(),
            fluids: self.item.fluids.clone(),
        }
    }
}

/// A handler of exceptions.
pub struct Handler {
    /// For which exceptions the stack is unwound first; `None`: for none, the
    /// handler runs where it was raised.
    pub unwind: Option<Value>,
    /// What is called.
    pub procedure: Value,
}

/// The value of a fluid.
pub struct Bound {
    /// The fluid.
    pub fluid: Value,
    /// Its value.
    pub value: RefCell<Value>,
}

/// All of it.
#[derive(Clone, Default)]
pub struct State {
    pub handlers: Chain<Handler>,
    pub winds: Chain<Wind>,
    pub fluids: Chain<Bound>,
}

thread_local! {
    static STATE: RefCell<ManuallyDrop<State>> = RefCell::default();
}

/// Nothing in force, for a new program.
pub fn reset() {
    with_state(|state| *state = State::default());
}

/// Looks at the state in force.
pub fn with_state<R>(look: impl FnOnce(&mut State) -> R) -> R {
    STATE.with_borrow_mut(|state| look(state))
}

/// `(%state)`
fn state(values: &[Value]) -> Answer {
    Arguments::exactly("%state", values, 0)?;
    foreign(with_state(|state| state.clone()))
}

fn internal() -> Fault {
    fault(Failure::new("internal", "a state of control is damaged"))
}

/// The state that a value is.
pub fn state_in(value: &Value) -> Result<State, Fault> {
    with_foreign(value, State::clone).ok_or_else(internal)
}

/// `(%set-state! STATE)`: without running anything.
fn set_state(values: &[Value]) -> Answer {
    let state = state_in(Arguments::exactly("%set-state!", values, 1)?.value(0)?)?;
    with_state(|now| *now = state);
    Ok(unspecified())
}

/// `(%push-wind! BEFORE AFTER)`
fn push_wind(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("%push-wind!", values, 2)?;
    let (before, after) = (arguments.value(0)?.clone(), arguments.value(1)?.clone());
    with_state(|state| {
        let wind = Wind {
            before,
            after,
            handlers: state.handlers.clone(),
            fluids: state.fluids.clone(),
        };
        state.winds.push(wind);
    });
    Ok(unspecified())
}

/// A thunk on the way to another state, and where its run leads.
struct Step {
    thunk: Value,
    entered: Option<Rc<Link<Wind>>>,
}

/// `(%rewind-step STATE)`: the next thunk to run on the way to a state; #f
/// once it is in force.
fn rewind_step(values: &[Value]) -> Answer {
    let target = state_in(Arguments::exactly("%rewind-step", values, 1)?.value(0)?)?;
    let winds = with_state(|state| state.winds.clone());
    if winds.is(&target.winds) {
        with_state(|state| *state = target);
        return Ok(boolean(false));
    }
    // Those of the target that stand right above what is in force.
    let above = target.winds.links().find(|link| link.next.is(&winds));
    if let Some(link) = above {
        with_state(|state| *state = link.outside());
        return foreign(Step {
            thunk: link.item.before.clone(),
            entered: Some(Rc::clone(link)),
        });
    }
    let Some(left) = winds.0 else {
        return Err(internal());
    };
    with_state(|state| *state = left.outside());
    foreign(Step {
        thunk: left.item.after.clone(),
        entered: None,
    })
}

/// `(%wind-thunk STEP)`
fn wind_thunk(values: &[Value]) -> Answer {
    let step = Arguments::exactly("%wind-thunk", values, 1)?;
    with_foreign(step.value(0)?, |step: &Step| step.thunk.clone()).ok_or_else(internal)
}

/// `(%wind-done! STEP)`: its thunk has returned.
fn wind_done(values: &[Value]) -> Answer {
    let step = Arguments::exactly("%wind-done!", values, 1)?;
    with_foreign(step.value(0)?, |step: &Step| {
        if let Some(entered) = &step.entered {
            with_state(|state| state.winds = Chain(Some(Rc::clone(entered))));
        }
    })
    .ok_or_else(internal)?;
    Ok(unspecified())
}
