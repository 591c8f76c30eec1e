//! What surrounds the evaluation: environment, host, files' names.

use std::path::Path;

use super::Table;
use super::arguments::Arguments;
use crate::machines::dependency::{self, Dependency};
use crate::machines::engine::{Answer, Value, View, boolean, integer, text, view};

pub const TABLE: Table = &[
    ("getenv", getenv),
    ("gethostname", gethostname),
    ("getuid", getuid),
    ("getpid", getpid),
    ("current-time", current_time),
    ("file-exists?", file_exists),
    ("dirname", dirname),
    ("basename", basename),
    ("canonicalize-path", canonicalize_path),
    ("->bool", to_bool),
];

fn getenv(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("getenv", values, 1)?;
    let name = &*arguments.text(0)?;
    // Names with `=` or NUL cannot be there, and the library panics on them.
    if name.is_empty() || name.contains(['=', '\0']) {
        return Ok(boolean(false));
    }
    let value = std::env::var_os(name);
    let value = value.as_ref().map(|value| value.to_string_lossy());
    dependency::note_environment(name, value.as_deref());
    Ok(value.map_or(boolean(false), text))
}

fn gethostname(values: &[Value]) -> Answer {
    Arguments::exactly("gethostname", values, 0)?;
    let name = dependency::host_name().unwrap_or_default();
    dependency::note(Dependency::HostName(name.clone()));
    Ok(text(name))
}

fn getuid(values: &[Value]) -> Answer {
    Arguments::exactly("getuid", values, 0)?;
    let user = nix::unistd::getuid().as_raw();
    dependency::note(Dependency::User(user));
    Ok(integer(i64::from(user)))
}

fn getpid(values: &[Value]) -> Answer {
    Arguments::exactly("getpid", values, 0)?;
    dependency::note_uncacheable("the number of the process");
    Ok(integer(i64::from(nix::unistd::getpid().as_raw())))
}

fn current_time(values: &[Value]) -> Answer {
    Arguments::exactly("current-time", values, 0)?;
    dependency::note_uncacheable("the clock");
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let seconds = since.map(|since| since.as_secs()).unwrap_or_default();
    Ok(integer(i64::try_from(seconds).unwrap_or(i64::MAX)))
}

fn file_exists(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("file-exists?", values, 1)?;
    let name = arguments.text(0)?;
    let path = Path::new(&*name);
    let exists = path.exists();
    dependency::note_existence(path, exists);
    Ok(boolean(exists))
}

fn dirname(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("dirname", values, 1)?;
    let content = arguments.text(0)?;
    let name = content.trim_end_matches('/');
    let directory = match name.rsplit_once('/') {
        Some((directory, _)) => match directory.trim_end_matches('/') {
            "" => "/",
            directory => directory,
        },
        None if name.is_empty() && !content.is_empty() => "/",
        None => ".",
    };
    Ok(text(directory))
}

fn basename(values: &[Value]) -> Answer {
    let arguments = Arguments::between("basename", values, 1, 2)?;
    let content = arguments.text(0)?;
    let name = content.trim_end_matches('/');
    let base = name.rsplit('/').next().unwrap_or(name);
    let suffix = match arguments.optional(1) {
        Some(_) => &*arguments.text(1)?,
        None => "",
    };
    let stripped = base.strip_suffix(suffix).filter(|rest| !rest.is_empty());
    Ok(text(stripped.unwrap_or(base)))
}

fn canonicalize_path(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("canonicalize-path", values, 1)?;
    let name = &*arguments.text(0)?;
    dependency::note_uncacheable("a name without its links");
    match std::fs::canonicalize(name) {
        Ok(path) => Ok(text(path.to_string_lossy())),
        Err(error) => Err(super::ports::file_fault(name, &error)),
    }
}

fn to_bool(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("->bool", values, 1)?;
    Ok(boolean(!matches!(
        view(arguments.value(0)?),
        View::Boolean(false)
    )))
}
