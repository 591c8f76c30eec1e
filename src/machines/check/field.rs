//! The types of single fields.

use crate::machines::raw::Plain;

/// What a field must be.
pub struct Wrong {
    expected: &'static str,
    code: &'static str,
    help: Option<&'static str>,
}

/// The value of a field, or what it must be.
pub type Checked<T> = Result<T, Wrong>;

impl Wrong {
    fn wrong_type(expected: &'static str) -> Self {
        Self {
            expected,
            code: "wrong-type",
            help: None,
        }
    }

    fn out_of_range(expected: &'static str) -> Self {
        Self {
            code: "out-of-range",
            ..Self::wrong_type(expected)
        }
    }

    /// What it must be.
    pub fn expected(&self) -> &'static str {
        self.expected
    }

    /// The last part of the diagnostic's code.
    pub fn code(&self) -> &'static str {
        self.code
    }

    /// Tells whether no value of this type could be right.
    pub fn is_type(&self) -> bool {
        self.code == "wrong-type"
    }

    /// What to write.
    pub fn help(&self) -> Option<&'static str> {
        self.help
    }
}

/// A string without NUL, which no file name, socket or key has.
pub fn text(value: &Plain) -> Checked<String> {
    match value {
        Plain::Text(text) if text.contains('\0') => {
            Err(Wrong::out_of_range("a string without NUL"))
        }
        Plain::Text(text) => Ok(text.clone()),
        _ => Err(Wrong::wrong_type("a string")),
    }
}

/// A string that is not empty.
pub fn word(value: &Plain) -> Checked<String> {
    match text(value) {
        Ok(text) if text.is_empty() => Err(Wrong::out_of_range("a string that is not empty")),
        other => other,
    }
}

/// A host name or address; it becomes part of a file name.
pub fn host_name(value: &Plain) -> Checked<String> {
    match word(value) {
        Ok(name)
            if name.contains('/')
                || name.starts_with('.')
                || name.chars().any(char::is_control)
                || name.len() > 255 =>
        {
            Err(Wrong::out_of_range("a host name or address"))
        }
        other => other,
    }
}

/// A port number.
pub fn port(value: &Plain) -> Checked<u16> {
    match value {
        Plain::Integer(n) => u16::try_from(*n)
            .ok()
            .filter(|port| *port > 0)
            .ok_or_else(|| Wrong::out_of_range("an integer from 1 to 65535")),
        Plain::Text(_) => Err(Wrong {
            help: Some("write the number without quotes"),
            ..Wrong::wrong_type("an integer")
        }),
        _ => Err(Wrong::wrong_type("an integer")),
    }
}

/// System types.
pub fn systems(value: &Plain) -> Checked<Vec<String>> {
    match value {
        Plain::Text(_) => Err(Wrong {
            help: Some("write (list \"x86_64-linux\")"),
            ..Wrong::wrong_type("a list of strings")
        }),
        _ => texts(value),
    }
}

/// A list of strings.
pub fn texts(value: &Plain) -> Checked<Vec<String>> {
    match value {
        Plain::List(items) => items
            .iter()
            .map(|item| text(item).map_err(|_| Wrong::wrong_type("a list of strings")))
            .collect(),
        _ => Err(Wrong::wrong_type("a list of strings")),
    }
}

/// A compression level.
pub fn level(value: &Plain) -> Checked<u8> {
    match value {
        Plain::Integer(n) => u8::try_from(*n)
            .ok()
            .filter(|level| *level <= 9)
            .ok_or_else(|| Wrong::out_of_range("an integer from 0 to 9")),
        _ => Err(Wrong::wrong_type("an integer")),
    }
}

/// A number of builds at once.
pub fn count(value: &Plain) -> Checked<u32> {
    match value {
        // Stock takes any; a warning of `advice` tells of those below 1.
        Plain::Integer(n) => {
            let most = i64::from(u32::MAX);
            Ok(u32::try_from((*n).clamp(0, most)).unwrap_or(u32::MAX))
        }
        _ => Err(Wrong::wrong_type("an integer")),
    }
}

/// A speed.
pub fn speed(value: &Plain) -> Checked<f64> {
    let speed = number(value)?;
    if speed.is_nan() {
        Err(Wrong::out_of_range("a number"))
    } else {
        Ok(speed)
    }
}

/// A load threshold, or none.
pub fn threshold(value: &Plain) -> Checked<Option<f64>> {
    match value {
        Plain::Boolean(false) => Ok(None),
        Plain::Integer(_) | Plain::Real(_) => {
            let threshold = number(value)?;
            if threshold.is_nan() {
                return Err(Wrong::out_of_range("a number or #f"));
            }
            Ok(Some(threshold))
        }
        _ => Err(Wrong::wrong_type("a number or #f")),
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "speeds are compared, not counted"
)]
fn number(value: &Plain) -> Checked<f64> {
    match value {
        Plain::Integer(n) => Ok(*n as f64),
        Plain::Real(x) => Ok(*x),
        _ => Err(Wrong::wrong_type("a number")),
    }
}
