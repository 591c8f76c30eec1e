//! Where a machine's guix-daemon listens.

use std::fmt;

use super::error::printable;

/// guix-daemon's port where a `guix://` address names none (`%default-guix-port`
/// in Guix's `guix/store.scm`).
const DEFAULT_PORT: u16 = 44_146;

/// Longest socket name: `sun_path` has 108 bytes with the final NUL.
const MAX_SOCKET_NAME: usize = 107;

/// Longest host name (RFC 1035).
const MAX_HOST: usize = 255;

/// The end of a channel to a guix-daemon, as the build machine names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A UNIX socket.
    Socket(String),
    /// A TCP port.
    Tcp {
        /// Host name or address.
        host: String,
        /// Port.
        port: u16,
    },
}

impl Target {
    /// Reads a `daemon-socket` field: a file name, `unix://…`, `file://…` or
    /// `guix://HOST:PORT`, as Guix's `open-connection` does.
    pub fn parse(field: &str) -> Result<Self, &'static str> {
        if field.bytes().any(|b| b.is_ascii_control()) {
            return Err("it has a control character in it");
        }
        if let Some(rest) = field.strip_prefix("guix://") {
            return Self::parse_tcp(rest);
        }
        let name = match field.split_once("://") {
            Some(("unix" | "file", rest)) => rest,
            Some((scheme, _)) if scheme.bytes().all(|b| b.is_ascii_alphanumeric()) => {
                return Err("only unix:// and guix:// can be forwarded to");
            }
            _ => field,
        };
        if !name.starts_with('/') {
            return Err("the file name is not absolute");
        }
        if name.len() > MAX_SOCKET_NAME {
            return Err("the file name is longer than a socket's can be");
        }
        Ok(Self::Socket(name.to_owned()))
    }

    fn parse_tcp(address: &str) -> Result<Self, &'static str> {
        let address = address.trim_end_matches('/');
        let (host, port) = match address.strip_prefix('[') {
            Some(rest) => {
                let (host, port) = rest.split_once(']').ok_or("a bracket is not closed")?;
                (host, port.strip_prefix(':'))
            }
            None => match address.split_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (address, None),
            },
        };
        if host.is_empty() || host.len() > MAX_HOST || host.contains(['/', '@', ' ']) {
            return Err("there is no host name in it");
        }
        let port = match port {
            None => DEFAULT_PORT,
            Some(port) => port
                .parse()
                .map_err(|_| "the port is no number up to 65535")?,
        };
        Ok(Self::Tcp {
            host: host.to_owned(),
            port,
        })
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Socket(name) => f.write_str(&printable(name.as_bytes())),
            Self::Tcp { host, port } => {
                write!(f, "guix://{}:{port}", printable(host.as_bytes()))
            }
        }
    }
}

/// Quotes a word for a POSIX shell.
pub fn shell_quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', "'\\''"))
}

/// A command that tells why a socket could not be forwarded to: status 0 if
/// somebody listens there, 1 if there is no socket, [`STALE`] if there is one
/// that nobody listens at.
///
/// guix-daemon leaves its socket behind when it ends. It binds `./socket`
/// from within the directory (measured, 1.5.0), a service manager the full
/// name; where the directory has another name too, its last part is enough.
pub fn listening_command(name: &str) -> String {
    let mut parts = name.rsplitn(3, '/');
    let base = parts.next().unwrap_or_default();
    let near = format!("{}/{base}", parts.next().unwrap_or_default());
    let here = format!(" ./{base}");
    // 00010000 is __SO_ACCEPTCON, the flag of a socket that listens.
    let script = format!(
        "test -S {name} || exit 1; test -r /proc/net/unix || exit 0; \
         grep ' 00010000 ' /proc/net/unix | grep -qF -e {here} -e {near} || exit {STALE}",
        name = shell_quoted(name),
        here = shell_quoted(&here),
        near = shell_quoted(&near),
    );
    format!("sh -c {}", shell_quoted(&script))
}

/// Status of [`listening_command`] for a socket left behind.
pub const STALE: i32 = 3;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_each_form() {
        let socket = |name: &str| Ok(Target::Socket(name.to_owned()));
        let tcp = |host: &str, port| {
            Ok(Target::Tcp {
                host: host.to_owned(),
                port,
            })
        };
        let name = "/var/guix/daemon-socket/socket";
        assert_eq!(Target::parse(name), socket(name));
        assert_eq!(Target::parse(&format!("unix://{name}")), socket(name));
        assert_eq!(Target::parse("guix://localhost"), tcp("localhost", 44_146));
        assert_eq!(Target::parse("guix://h:1234/"), tcp("h", 1234));
        assert_eq!(Target::parse("guix://[::1]:1234"), tcp("::1", 1234));
        assert_eq!(Target::parse("guix://[::1]"), tcp("::1", 44_146));
    }

    #[test]
    fn refuses_the_rest() {
        for field in [
            "",
            "socket",
            "ssh://h",
            "guix://",
            "guix://:1",
            "guix://h:99999",
            "guix://[::1",
            "unix://relative",
            "/a\nb",
            "guix://a b:1",
        ] {
            assert!(Target::parse(field).is_err(), "{field:?}");
        }
        assert!(Target::parse(&format!("/{}", "x".repeat(MAX_SOCKET_NAME))).is_err());
    }

    proptest! {
        #[test]
        fn garbage_does_no_harm(field in ".{0,200}") {
            drop(Target::parse(&field));
        }

        #[test]
        fn what_is_printed_reads_the_same(host in "[a-z0-9.-]{1,40}", port in 0u16.., name in "/[a-z0-9/_-]{0,90}") {
            for target in [Target::Tcp { host, port }, Target::Socket(name)] {
                prop_assert_eq!(Target::parse(&target.to_string()), Ok(target));
            }
        }

        #[test]
        fn quoted_words_can_be_unquoted(word in "[a'\\\\ $]{0,20}") {
            let quoted = shell_quoted(&word);
            let inner = quoted.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\''));
            let parts: Vec<_> = inner.unwrap().split("'\\''").collect();
            prop_assert!(parts.iter().all(|part| !part.contains('\'')));
            prop_assert_eq!(parts.join("'"), word);
        }
    }
}
