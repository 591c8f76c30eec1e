//! What the connection's thread is asked for, and what comes back.

use std::os::unix::net::UnixStream;
use std::sync::mpsc::{self, Receiver, SyncSender};

use super::channel::{Refusal, Status};
use super::target::Target;

/// What the thread is told.
pub enum Order {
    /// Open a channel.
    Open(Request),
    /// Close the channel with this number, as if its user had done so.
    Close(u64),
}

/// A channel that is asked for.
pub struct Request {
    /// What to open.
    pub open: OpenRequest,
    /// The command to start on it.
    pub command: Option<String>,
    /// Where the answer goes.
    pub reply: SyncSender<Result<Opened, NotOpened>>,
}

/// A channel that was opened.
pub struct Opened {
    /// Its number on this connection.
    pub number: u64,
    /// Its data.
    pub stream: UnixStream,
    /// A command's standard error, and how it ends.
    pub command: Option<(UnixStream, Receiver<Option<Status>>)>,
}

/// Why a channel was not opened, while the connection lives.
pub enum NotOpened {
    /// The server does not open it.
    Channel(Refusal),
    /// The server does not start the command.
    Command(Refusal),
    /// No sockets to be had here.
    Local(std::io::Error),
}

/// A channel to be opened.
#[derive(Clone, Debug)]
pub struct OpenRequest {
    /// Its type.
    pub kind: &'static str,
    /// What the type demands further.
    pub message: Vec<u8>,
}

impl OpenRequest {
    /// A channel for a command.
    pub fn session() -> Self {
        Self {
            kind: "session",
            message: Vec::new(),
        }
    }

    /// A channel to a socket that the server connects to.
    ///
    /// Layouts: OpenSSH's PROTOCOL, 2.4, and RFC 4254, 7.2.
    pub fn forward(target: &Target) -> Self {
        let mut message = Vec::new();
        let mut string = |text: &str| {
            // Targets are shorter than 256 bytes.
            let length = u32::try_from(text.len()).unwrap_or(0);
            message.extend_from_slice(&length.to_be_bytes());
            message.extend_from_slice(text.as_bytes());
        };
        match target {
            Target::Socket(name) => {
                string(name);
                string("");
                message.extend_from_slice(&0u32.to_be_bytes());
                Self {
                    kind: "direct-streamlocal@openssh.com",
                    message,
                }
            }
            Target::Tcp { host, port } => {
                string(host);
                message.extend_from_slice(&u32::from(*port).to_be_bytes());
                let mut originator = Self::originator();
                message.append(&mut originator);
                Self {
                    kind: "direct-tcpip",
                    message,
                }
            }
        }
    }

    /// Where a forwarded connection is said to come from; servers only log
    /// it.
    fn originator() -> Vec<u8> {
        let address = b"127.0.0.1";
        let mut message = Vec::from(9u32.to_be_bytes());
        message.extend_from_slice(address);
        message.extend_from_slice(&0u32.to_be_bytes());
        message
    }
}

/// Our ends of a channel's sockets.
pub struct Ends {
    /// Its data.
    pub data: UnixStream,
    /// A command's standard error.
    pub errors: Option<UnixStream>,
    /// Where it is said how a command ends.
    pub report: Option<SyncSender<Option<Status>>>,
}

/// Makes a channel's sockets: our ends, which do not block, and the user's.
pub fn sockets(number: u64, is_command: bool) -> std::io::Result<(Ends, Opened)> {
    let (data, stream) = UnixStream::pair()?;
    data.set_nonblocking(true)?;
    let mut ends = Ends {
        data,
        errors: None,
        report: None,
    };
    let mut opened = Opened {
        number,
        stream,
        command: None,
    };
    if is_command {
        let (errors, stream) = UnixStream::pair()?;
        errors.set_nonblocking(true)?;
        let (report, status) = mpsc::sync_channel(1);
        ends.errors = Some(errors);
        ends.report = Some(report);
        opened.command = Some((stream, status));
    }
    Ok((ends, opened))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_have_the_layouts_of_the_protocol() {
        let socket = OpenRequest::forward(&Target::Socket("/s".to_owned()));
        assert_eq!(socket.kind, "direct-streamlocal@openssh.com");
        assert_eq!(socket.message, b"\0\0\0\x02/s\0\0\0\0\0\0\0\0");
        let tcp = OpenRequest::forward(&Target::Tcp {
            host: "h".to_owned(),
            port: 258,
        });
        assert_eq!(
            tcp.message,
            b"\0\0\0\x01h\0\0\x01\x02\0\0\0\x09127.0.0.1\0\0\0\0"
        );
    }
}
