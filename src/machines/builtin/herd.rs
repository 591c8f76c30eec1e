//! What (gnu services herd) provides: questions to the shepherd.
//!
//! The protocol is that of gnu/services/herd.scm of Guix 1.5.0: one command
//! out, one reply in, both data in UTF-8 on a stream socket.

use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use super::Table;
use super::arguments::Arguments;
use super::print::{displayed, written};
use super::records;
use crate::machines::core::LIBRARY;
use crate::machines::datum::{Datum, Kind, Number};
use crate::machines::dependency;
use crate::machines::engine::{
    Answer, Failure, Fault, Value, View, boolean, fault, from_datum, from_list, list_items, raise,
    text, view,
};
use crate::machines::reader::Reader;

pub const TABLE: Table = &[
    ("%shepherd-socket", socket),
    ("%shepherd-ask", ask),
    ("%shepherd-services", services),
];

/// Where the shepherd listens, for tests.
const SOCKET: &str = "OFFLOAD_SHEPHERD_SOCKET";
/// A shepherd that has not answered by then is not asked any longer.
const PATIENCE: Duration = Duration::from_secs(4);
/// A longer reply is none.
const REPLY_MAX: usize = 4 << 20;
/// Nor is one that is nested deeper.
const NESTING: u32 = 500;

/// `(%shepherd-socket)`: where the shepherd of this user listens.
fn socket(values: &[Value]) -> Answer {
    Arguments::exactly("%shepherd-socket", values, 0)?;
    if let Ok(path) = std::env::var(SOCKET) {
        return Ok(text(path));
    }
    let user = nix::unistd::getuid();
    dependency::note(dependency::Dependency::User(
        nix::unistd::geteuid().as_raw(),
    ));
    Ok(text(if user.is_root() {
        "/var/run/shepherd/socket".to_owned()
    } else {
        format!("/run/user/{user}/shepherd/socket")
    }))
}

/// `(%shepherd-ask SOCKET SERVICE ACTION ARGUMENTS)`: a list of the result; #f
/// if the reply is none. An error in it is raised, its messages are printed.
fn ask(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("shepherd", values, 4)?;
    let path = arguments.text(0)?;
    let folder = std::env::current_dir().unwrap_or_default();
    let command = format!(
        "(shepherd-command (version 0) (action {}) (service {}) (arguments {}) (directory {}))",
        written(arguments.value(2)?),
        written(arguments.value(1)?),
        written(arguments.value(3)?),
        written(&text(folder.to_string_lossy().into_owned())),
    );
    dependency::note_uncacheable("the shepherd was asked");
    let reply = conversation(&path, &command).map_err(|error| system_error(&path, &error))?;
    let Some(reply) = reply.as_ref().and_then(Reply::of) else {
        return Ok(boolean(false));
    };
    for message in reply.messages {
        let message = displayed(&from_datum(message));
        // Nobody can be told if this fails.
        let told = writeln!(io::stderr(), "shepherd: {message}");
        drop(told);
    }
    match reply.error.kind {
        Kind::Boolean(false) => Ok(from_list(vec![from_datum(reply.result)])),
        _ => Err(refusal(reply.error)),
    }
}

fn system_error(path: &str, error: &io::Error) -> Fault {
    match error.raw_os_error() {
        Some(errno) => fault(Failure {
            message: format!(
                "cannot reach the shepherd at {path}: {}",
                nix::errno::Errno::from_raw(errno).desc()
            ),
            ..raise::system_failure("connect", errno, Vec::new())
        }),
        None => fault(Failure::new(
            "system-error",
            format!("the shepherd does not answer: {error}"),
        )),
    }
}

/// Sends a command and reads a datum; `None` if what comes is none.
fn conversation(path: &str, command: &str) -> io::Result<Option<Datum>> {
    let deadline = Instant::now() + PATIENCE;
    let mut stream = UnixStream::connect(path)?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.write_all(command.as_bytes())?;
    let mut reply = Vec::new();
    let mut buffer = [0; 16384];
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(ErrorKind::TimedOut.into());
        }
        stream.set_read_timeout(Some(left))?;
        let count = match stream.read(&mut buffer) {
            Ok(count) => count,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                return Err(ErrorKind::TimedOut.into());
            }
            Err(error) => return Err(error),
        };
        reply.extend_from_slice(buffer.get(..count).unwrap_or_default());
        if reply.len() > REPLY_MAX {
            return Ok(None);
        }
        if count == 0 {
            return Ok(datum(&reply));
        }
        // The shepherd may keep the connection open.
        if reply.trim_ascii_end().ends_with(b")")
            && let Some(datum) = datum(&reply)
        {
            return Ok(Some(datum));
        }
    }
}

fn datum(bytes: &[u8]) -> Option<Datum> {
    let reply = std::str::from_utf8(bytes).ok()?;
    Reader::new(reply, LIBRARY, NESTING).read().ok().flatten()
}

/// `(reply (version 0 …) (result R) (error E) (messages (M …)))`
struct Reply<'d> {
    result: &'d Datum,
    error: &'d Datum,
    messages: &'d [Datum],
}

impl<'d> Reply<'d> {
    fn of(datum: &'d Datum) -> Option<Self> {
        let [head, version, result, error, messages] = datum.list()? else {
            return None;
        };
        let reply = Self {
            result: field(result, "result")?,
            error: field(error, "error")?,
            messages: field(messages, "messages")?.list()?,
        };
        (head.is_symbol("reply") && is_version(version)).then_some(reply)
    }
}

/// The value of `(NAME VALUE)`.
fn field<'d>(datum: &'d Datum, name: &str) -> Option<&'d Datum> {
    match datum.list()? {
        [head, value] if head.is_symbol(name) => Some(value),
        _ => None,
    }
}

/// `(version 0 …)`
fn is_version(datum: &Datum) -> bool {
    matches!(
        datum.list(),
        Some([head, number, ..])
            if head.is_symbol("version") && number.kind == Kind::Number(Number::Integer(0))
    )
}

/// The exception for an error of the shepherd's.
fn refusal(error: &Datum) -> Fault {
    let parts = error.list().unwrap_or_default();
    let value = |datum: &Datum| from_datum(datum);
    let known = match parts {
        [_, version, kind, rest @ ..] if is_version(version) => match (kind.symbol(), rest) {
            (Some(kind), [service]) if &**kind == "service-not-found" => {
                Some(("&service-not-found-error", vec![value(service)]))
            }
            (Some(kind), [action, service]) if &**kind == "action-not-found" => Some((
                "&action-not-found-error",
                vec![value(service), value(action)],
            )),
            (Some(kind), [action, service, key, arguments])
                if &**kind == "action-exception" && arguments.list().is_some() =>
            {
                Some((
                    "&action-exception-error",
                    vec![value(service), value(action), value(key), value(arguments)],
                ))
            }
            _ => None,
        },
        _ => None,
    };
    let (name, fields) = known.unwrap_or_else(|| ("&unknown-shepherd-error", vec![value(error)]));
    raise::raise(records::standard(name, fields))
}

/// `(%shepherd-services RESULTS)`: the live services in the results of
/// `status`, a list where they are several; #f for anything else.
fn services(values: &[Value]) -> Answer {
    let results = Arguments::exactly("current-service", values, 1)?.value(0)?;
    let items = list_items(results).filter(|items| !items.is_empty());
    let Some(first) = items.as_ref().and_then(|items| items.first()) else {
        return Err(raise::throw(
            "match-error",
            vec![text("match"), text("no matching pattern"), results.clone()],
        ));
    };
    if let Some(service) = live_service(first) {
        return Ok(service);
    }
    let all: Option<Vec<Value>> =
        list_items(first).and_then(|items| items.iter().map(live_service).collect());
    Ok(all.map_or_else(|| boolean(false), from_list))
}

/// `(service (version 0 …) (KEY VALUE) …)`
fn live_service(value: &Value) -> Option<Value> {
    let items = list_items(value)?;
    let [head, version, fields @ ..] = items.as_slice() else {
        return None;
    };
    let is_named = |value: &Value, name: &str| matches!(view(value), View::Symbol(s) if s == name);
    let version = list_items(version)?;
    if !is_named(head, "service")
        || !version
            .first()
            .is_some_and(|word| is_named(word, "version"))
        || !matches!(version.get(1).map(view), Some(View::Integer(0)))
    {
        return None;
    }
    let find = |name: &str| {
        fields
            .iter()
            .filter_map(list_items)
            .find(|field| field.first().is_some_and(|key| is_named(key, name)))
            .and_then(|field| field.get(1).cloned())
            .unwrap_or_else(|| boolean(false))
    };
    // Stock asks a shepherd of before 0.9.1 whether a service is transient;
    // nobody wants to know it here.
    Some(records::standard(
        "<live-service>",
        vec![
            find("provides"),
            find("requires"),
            find("transient?"),
            find("running"),
        ],
    ))
}

#[cfg(test)]
mod tests;
