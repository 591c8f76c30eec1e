//! What the daemon says to the hook: the request line and the two lines of
//! paths that follow an acceptance.

use thiserror::Error;

use crate::store::path::{PathError, StoreDir, StorePath};

/// Longest request line that is taken; the daemon's own lines are some
/// hundred bytes.
pub const MAX_REQUEST: usize = 64 * 1024;

/// Longest line of paths that is taken: about two million store items.
pub const MAX_PATHS: usize = 256 * 1024 * 1024;

/// One question of the daemon: would you take this build?
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The daemon has a free slot of its own at this moment. It says nothing
    /// about whether it could run a builder of that system.
    pub willing: bool,
    /// The derivation's system type.
    pub system: String,
    /// The derivation.
    pub derivation: StorePath,
    /// What the derivation requires of a machine.
    pub features: Vec<String>,
}

impl Request {
    /// Parses a request line without its newline.
    ///
    /// Form: `AMWILLING SYSTEM DRV FEATURES`, single spaces, features joined
    /// by commas and possibly none (measured, all daemons from 2014 on).
    pub fn parse(dir: &StoreDir, line: &[u8]) -> Result<Self, RequestError> {
        let bad = || RequestError::Malformed(printable(line));
        let text = std::str::from_utf8(line).map_err(|_| bad())?;
        let mut words = text.splitn(4, ' ');
        let (Some(willing), Some(system), Some(derivation), Some(features)) =
            (words.next(), words.next(), words.next(), words.next())
        else {
            return Err(bad());
        };
        let willing = match willing {
            "0" => false,
            "1" => true,
            _ => return Err(bad()),
        };
        if system.is_empty() || !system.bytes().all(is_system_byte) {
            return Err(bad());
        }
        let derivation = StorePath::parse(dir, derivation.as_bytes()).map_err(|_| bad())?;
        if !derivation.is_derivation() || !features.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(bad());
        }
        Ok(Self {
            willing,
            system: system.to_owned(),
            derivation,
            features: features
                .split(',')
                .filter(|feature| !feature.is_empty())
                .map(str::to_owned)
                .collect(),
        })
    }
}

/// Parses a line of store paths, each followed by a space.
pub fn parse_paths(dir: &StoreDir, line: &[u8]) -> Result<Vec<StorePath>, RequestError> {
    line.split(|&byte| byte == b' ')
        .filter(|word| !word.is_empty())
        .map(|word| StorePath::parse(dir, word).map_err(RequestError::Path))
        .collect()
}

/// What is wrong with a line of the daemon's.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum RequestError {
    /// No request line; stock's words, for whoever looks for them.
    #[error("invalid request line: \"{0}\"")]
    Malformed(String),
    /// A line is longer than anything a daemon sends.
    #[error("a line of more than {0} bytes came from the daemon")]
    TooLong(usize),
    /// The input ended within a line or before an expected one.
    #[error("the daemon's input ended before {0}")]
    Ended(&'static str),
    /// Something among the paths is none.
    #[error("among the paths of the daemon: {0}")]
    Path(PathError),
}

fn is_system_byte(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_' || byte == b'-'
}

fn printable(line: &[u8]) -> String {
    const SHOWN: usize = 300;
    let mut text = line.get(..SHOWN).unwrap_or(line).escape_ascii().to_string();
    if line.len() > SHOWN {
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const DRV: &str = "/gnu/store/1hqp1kznhm15lxn7h668f9x88i6mzsvc-f1.drv";

    fn parse(line: &str) -> Result<Request, RequestError> {
        Request::parse(&StoreDir::default(), line.as_bytes())
    }

    #[test]
    fn takes_what_daemons_send() {
        let request = parse(&format!("1 x86_64-linux {DRV} kvm,big-parallel,kvm")).unwrap();
        assert!(request.willing);
        assert_eq!(request.system, "x86_64-linux");
        assert_eq!(request.derivation.as_str(), DRV);
        assert_eq!(request.features, ["kvm", "big-parallel", "kvm"]);
        let request = parse(&format!("0 i586-gnu {DRV} ")).unwrap();
        assert!(!request.willing);
        assert!(request.features.is_empty());
    }

    #[test]
    fn refuses_what_is_no_request() {
        for line in [
            String::new(),
            "hello".to_owned(),
            format!("2 x86_64-linux {DRV} "),
            format!("1 X86 {DRV} "),
            format!("1  {DRV} "),
            format!("1 x86_64-linux {DRV}"),
            "1 x86_64-linux /etc/passwd.drv ".to_owned(),
            "1 x86_64-linux /gnu/store/1hqp1kznhm15lxn7h668f9x88i6mzsvc-f1 ".to_owned(),
            format!("1 x86_64-linux {DRV} a b"),
        ] {
            assert!(
                matches!(parse(&line), Err(RequestError::Malformed(_))),
                "{line:?}"
            );
        }
    }

    #[test]
    fn a_foreign_line_is_shown_without_control_characters() {
        let error = parse("\x1b[2J\"# accept").unwrap_err();
        assert_eq!(
            error.to_string(),
            "invalid request line: \"\\x1b[2J\\\"# accept\""
        );
    }

    #[test]
    fn takes_lines_of_paths() {
        let dir = StoreDir::default();
        let line = format!("{DRV} {DRV} ");
        assert_eq!(parse_paths(&dir, line.as_bytes()).unwrap().len(), 2);
        assert!(parse_paths(&dir, b"").unwrap().is_empty());
        assert!(parse_paths(&dir, b"/etc/passwd ").is_err());
    }

    proptest! {
        #[test]
        fn never_panics(line in proptest::collection::vec(any::<u8>(), 0..400)) {
            let dir = StoreDir::default();
            drop(Request::parse(&dir, &line));
            drop(parse_paths(&dir, &line));
        }

        #[test]
        fn gives_back_what_was_put_in(
            willing: bool,
            system in "[a-z0-9_-]{1,20}",
            features in proptest::collection::vec("[a-z+._?=-]{1,8}", 0..4),
        ) {
            let line = format!("{} {system} {DRV} {}", u8::from(willing), features.join(","));
            let request = parse(&line).unwrap();
            prop_assert_eq!(request.willing, willing);
            prop_assert_eq!(request.system, system);
            prop_assert_eq!(request.features, features);
        }
    }
}
