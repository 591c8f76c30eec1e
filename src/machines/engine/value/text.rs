//! Strings that can be changed.

use std::cell::RefCell;
use std::rc::Rc;

use steel::SteelVal;
use steel::rvals::{AsRefSteelVal, Custom, IntoSteelVal};

use super::Value;
use crate::machines::datum::written_text;

/// A string. Changes are rare, so a change copies.
pub(super) struct Text(RefCell<Rc<str>>);

impl Custom for Text {
    // For the interpreter's own messages.
    fn fmt(&self) -> Option<Result<String, std::fmt::Error>> {
        Some(Ok(written_text(&self.0.borrow())))
    }
}

/// A new string.
pub fn text(value: impl Into<Rc<str>>) -> Value {
    Text(RefCell::new(value.into()))
        .into_steelval()
        .unwrap_or(SteelVal::Void)
}

/// The content of a string.
pub(super) fn content(value: &Value) -> Option<Rc<str>> {
    let SteelVal::Custom(_) = value else {
        return None;
    };
    let text = <Text as AsRefSteelVal>::as_ref(value).ok()?;
    let content = Rc::clone(&text.0.borrow());
    Some(content)
}

/// Changes the content of a string; `None` if it is none.
pub fn set_text(value: &Value, content: impl Into<Rc<str>>) -> Option<()> {
    let SteelVal::Custom(_) = value else {
        return None;
    };
    let text = <Text as AsRefSteelVal>::as_ref(value).ok()?;
    text.0.replace(content.into());
    Some(())
}
