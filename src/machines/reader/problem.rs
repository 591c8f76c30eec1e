//! Why a text cannot be read.

use crate::machines::source::Span;

/// Why a text cannot be read, and where.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{problem}")]
pub struct ReadError {
    /// What is wrong.
    pub problem: Problem,
    /// The characters that are wrong; for what is not closed, where it opens.
    pub span: Span,
    /// What to write instead.
    pub help: Option<String>,
}

/// What can be wrong with a text.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Problem {
    /// A parenthesis, bracket or vector without end.
    #[error("this `{0}` is never closed")]
    Unclosed(char),
    /// A closing parenthesis too many.
    #[error("unexpected `{0}`: nothing is open here")]
    Unexpected(char),
    /// The same, where the indentation shows which one it is.
    #[error("one `{0}` too many")]
    TooMany(char),
    /// `(` closed by `]` or the other way round.
    #[error("`{found}` closes what `{opened}` opened")]
    Mismatched {
        /// What was opened.
        opened: char,
        /// What closes it.
        found: char,
    },
    /// A string without end.
    #[error("this string is never closed")]
    UnclosedText,
    /// A block comment without end.
    #[error("this `{0}` comment is never closed")]
    UnclosedComment(&'static str),
    /// `#{` without `}#`, or `|` without another.
    #[error("this `{0}` symbol is never closed")]
    UnclosedSymbol(&'static str),
    /// A backslash in a string with something that Guile does not know.
    #[error("invalid escape `\\{0}` in a string")]
    BadEscape(String),
    /// A backslash in a `#{…}#` symbol with something that Guile does not
    /// know.
    #[error("invalid escape in a symbol")]
    BadSymbolEscape,
    /// `#\` with a name that Guile does not know.
    #[error("unknown character name `#\\{0}`")]
    BadCharacter(String),
    /// `#` with something that Guile does not know.
    #[error("unknown syntax `#{0}`")]
    BadHash(String),
    /// `#:` with something that is no symbol.
    #[error("`{0}` needs a symbol after it")]
    BadKeyword(&'static str),
    /// A dot that stands where no tail can.
    #[error("a lone `.` may only stand before the last item of a list")]
    BadDot,
    /// `'`, `#;` and the like at the end of a list or file.
    #[error("`{0}` needs something after it")]
    NothingAfter(&'static str),
    /// Something in a bytevector that is no byte.
    #[error("a bytevector holds integers from 0 to 255")]
    BadByte,
    /// A number of a kind that is not supported.
    #[error("numbers like `{0}` are not supported here")]
    UnsupportedNumber(String),
    /// An array, a bit vector or a vector of numbers of one kind.
    #[error("arrays like `#{0}` are not supported here")]
    UnsupportedArray(String),
    /// Nested deeper than allowed.
    #[error("nested deeper than {0} levels")]
    TooDeep(u32),
}

impl Problem {
    /// Tells whether what follows can be read nevertheless.
    pub(super) fn is_local(&self) -> bool {
        matches!(
            self,
            Self::BadEscape(_)
                | Self::BadCharacter(_)
                | Self::BadHash(_)
                | Self::BadKeyword(_)
                | Self::BadByte
                | Self::UnsupportedNumber(_)
                | Self::UnsupportedArray(_)
        )
    }
}

impl ReadError {
    pub(super) fn new(problem: Problem, span: Span) -> Self {
        let help = help(&problem);
        Self {
            problem,
            span,
            help: help.map(str::to_owned),
        }
    }
}

/// What to write, as far as that does not depend on the text around.
fn help(problem: &Problem) -> Option<&'static str> {
    Some(match problem {
        Problem::UnclosedText => "end it with `\"`; a `\"` in a string is written `\\\"`",
        Problem::UnclosedComment("#|") => "end it with `|#`; each `#|` in it needs one too",
        Problem::UnclosedComment(_) => "`#!` begins a comment that ends with `!#`",
        Problem::UnclosedSymbol("|") => "end it with `|`",
        Problem::UnclosedSymbol(_) => "end it with `}#`",
        Problem::BadEscape(escape) => match escape.as_str() {
            "x" => "write two hexadecimal digits: `\\x41`",
            "u" => "write four hexadecimal digits: `\\u03bb`",
            "U" => "write six hexadecimal digits: `\\U01f980`",
            _ => "a backslash is written `\\\\`",
        },
        Problem::BadHash(what) if what.starts_with('<') => {
            "this is how a value is shown that cannot be read back"
        }
        Problem::BadKeyword(_) => "a keyword is written `#:name`",
        Problem::UnsupportedArray(_) => "a vector is written `#(…)`, bytes are `#vu8(…)`",
        _ => return None,
    })
}
