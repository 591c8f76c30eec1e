//! From a machine's name to a TCP connection.

use std::io;
use std::net::{IpAddr, SocketAddr, TcpStream, ToSocketAddrs as _};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use nix::sys::socket::{setsockopt, sockopt};

use super::Limits;
use super::error::{GatewayError, printable};

/// Most addresses of one name that are tried.
const MAX_ADDRESSES: usize = 8;

/// Connects to the first address of the machine that answers.
///
/// The time limit counts for each address, and once for finding them.
pub fn dial(
    host: &str,
    port: u16,
    limits: &Limits,
) -> Result<(TcpStream, SocketAddr), GatewayError> {
    let at = format!("{}:{port}", printable(host.as_bytes()));
    let addresses =
        resolve(host, port, limits.connect).map_err(|error| GatewayError::UnknownHost {
            at: at.clone(),
            detail: printable(error.to_string().as_bytes()),
        })?;
    let mut reasons = Vec::new();
    for address in addresses.into_iter().take(MAX_ADDRESSES) {
        match TcpStream::connect_timeout(&address, limits.connect) {
            Ok(socket) => {
                prepare(&socket, limits).map_err(|error| GatewayError::Local {
                    at: at.clone(),
                    detail: format!("setting socket options: {error}"),
                })?;
                return Ok((socket, address));
            }
            Err(error) if is_local(&error) => {
                return Err(GatewayError::Local {
                    at,
                    detail: error.to_string(),
                });
            }
            Err(error) => reasons.push(format!("{address}: {}", reason(&error, limits.connect))),
        }
    }
    Err(GatewayError::Unreachable {
        at,
        detail: reasons.join("; "),
    })
}

/// The addresses of a name.
///
/// getaddrinfo knows no time limit, so it runs in a thread of its own, which
/// is left behind when it takes too long.
fn resolve(host: &str, port: u16, limit: Duration) -> io::Result<Vec<SocketAddr>> {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    if let Ok(address) = bare.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(address, port)]);
    }
    let name = host.to_owned();
    let (sender, receiver) = mpsc::sync_channel(1);
    thread::Builder::new()
        .name("resolve".to_owned())
        .spawn(move || {
            let found = (name.as_str(), port)
                .to_socket_addrs()
                .map(Iterator::collect::<Vec<_>>);
            // The other side may have stopped waiting.
            drop(sender.send(found));
        })?;
    let addresses = receiver.recv_timeout(limit).map_err(|_| {
        io::Error::new(
            io::ErrorKind::TimedOut,
            format!(
                "no answer from the name service within {} s",
                limit.as_secs()
            ),
        )
    })??;
    if addresses.is_empty() {
        return Err(io::Error::other("the name has no address"));
    }
    Ok(addresses)
}

/// Small packets at once, and an error when bytes stay unacknowledged: the
/// only sign of a peer whose kernel is gone, since keepalives that are lost
/// cause no error (measured).
fn prepare(socket: &TcpStream, limits: &Limits) -> io::Result<()> {
    socket.set_nodelay(true)?;
    let limit = u32::try_from(limits.user_timeout.as_millis()).unwrap_or(u32::MAX);
    setsockopt(socket, sockopt::TcpUserTimeout, &limit)?;
    Ok(())
}

/// Tells whether a connection failed for want of something on this side.
fn is_local(error: &io::Error) -> bool {
    use nix::libc::{EADDRNOTAVAIL, EMFILE, ENFILE, ENOBUFS, ENOMEM};
    matches!(
        error.raw_os_error(),
        Some(EADDRNOTAVAIL | EMFILE | ENFILE | ENOBUFS | ENOMEM)
    )
}

fn reason(error: &io::Error, limit: Duration) -> String {
    match error.kind() {
        io::ErrorKind::TimedOut => format!("no answer within {} s", limit.as_secs()),
        io::ErrorKind::ConnectionRefused => "connection refused".to_owned(),
        io::ErrorKind::HostUnreachable => "no route to the host".to_owned(),
        io::ErrorKind::NetworkUnreachable => "network is unreachable".to_owned(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn connects_to_a_literal_address() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (_socket, address) = dial("127.0.0.1", port, &Limits::default()).unwrap();
        assert_eq!(address.port(), port);
    }

    #[test]
    fn says_which_address_refused() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        let error = dial("127.0.0.1", port, &Limits::default()).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("127.0.0.1:{port}: cannot connect: 127.0.0.1:{port}: connection refused")
        );
    }

    #[test]
    fn names_without_address_are_said_so() {
        let error = dial("no-such-host.invalid", 22, &Limits::default()).unwrap_err();
        assert!(matches!(error, GatewayError::UnknownHost { .. }), "{error}");
    }
}
