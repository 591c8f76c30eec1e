//! What surrounds the evaluation: environment, host, users.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use nix::unistd::{Gid, Group, Uid, User};

use super::arguments::Arguments;
use super::{Constants, Table};
use crate::machines::dependency::{self, Dependency};
use crate::machines::engine::{
    Answer, Fault, Number, Value, View, boolean, from_list, from_number, from_vector, integer,
    raise, symbol, text, unspecified, vector_items, view,
};

/// A procedure that gives an item of a vector.
macro_rules! item {
    ($name:literal, $index:literal) => {
        ($name, |values: &[Value]| {
            super::system::item_of($name, values, $index)
        })
    };
}
pub(super) use item;

pub const TABLE: Table = &[
    ("getenv", getenv),
    ("setenv", setenv),
    ("unsetenv", |values| {
        let name = Arguments::exactly("unsetenv", values, 1)?.text(0)?;
        Ok(change(&name, None))
    }),
    ("putenv", putenv),
    ("environ", environ),
    ("gethostname", gethostname),
    ("uname", uname),
    item!("utsname:sysname", 0),
    item!("utsname:nodename", 1),
    item!("utsname:release", 2),
    item!("utsname:version", 3),
    item!("utsname:machine", 4),
    ("getuid", |values| {
        id("getuid", values, Uid::current().as_raw())
    }),
    ("geteuid", |values| {
        id("geteuid", values, Uid::effective().as_raw())
    }),
    ("getgid", |values| {
        id("getgid", values, Gid::current().as_raw())
    }),
    ("getegid", |values| {
        id("getegid", values, Gid::effective().as_raw())
    }),
    ("getpid", |values| {
        dependency::note_uncacheable("the number of a process");
        id("getpid", values, std::process::id())
    }),
    ("getppid", |values| {
        dependency::note_uncacheable("the number of a process");
        id("getppid", values, std::os::unix::process::parent_id())
    }),
    ("getlogin", |values| {
        Arguments::exactly("getlogin", values, 0)?;
        Ok(boolean(false))
    }),
    ("getpw", |values| getpw("getpw", values)),
    ("getpwnam", |values| getpw("getpwnam", values)),
    ("getpwuid", |values| getpw("getpwuid", values)),
    item!("passwd:name", 0),
    item!("passwd:passwd", 1),
    item!("passwd:uid", 2),
    item!("passwd:gid", 3),
    item!("passwd:gecos", 4),
    item!("passwd:dir", 5),
    item!("passwd:shell", 6),
    ("getgr", |values| getgr("getgr", values)),
    ("getgrnam", |values| getgr("getgrnam", values)),
    ("getgrgid", |values| getgr("getgrgid", values)),
    item!("group:name", 0),
    item!("group:passwd", 1),
    item!("group:gid", 2),
    item!("group:mem", 3),
    ("current-processor-count", |values| {
        processors("current-processor-count", values)
    }),
    ("total-processor-count", |values| {
        processors("total-processor-count", values)
    }),
    ("strerror", |values| {
        let arguments = Arguments::exactly("strerror", values, 1)?;
        let number = i32::try_from(arguments.integer(0)?).unwrap_or_default();
        Ok(text(nix::errno::Errno::from_raw(number).desc()))
    }),
    ("command-line", |values| {
        Arguments::exactly("command-line", values, 0)?;
        Ok(from_list(vec![text("guix")]))
    }),
    ("program-arguments", |values| {
        Arguments::exactly("program-arguments", values, 0)?;
        Ok(from_list(vec![text("guix")]))
    }),
    ("setlocale", |values| {
        Arguments::between("setlocale", values, 1, 2)?;
        Ok(text("C.UTF-8"))
    }),
    ("gettext", |values| {
        Arguments::between("gettext", values, 1, 3)?
            .value(0)
            .cloned()
    }),
    ("ngettext", |values| {
        let arguments = Arguments::between("ngettext", values, 3, 5)?;
        let one = arguments.integer(2)? == 1;
        arguments.value(usize::from(!one)).cloned()
    }),
    ("version", |_| Ok(text("3.0.11"))),
    ("effective-version", |_| Ok(text("3.0"))),
    ("major-version", |_| Ok(text("3"))),
    ("minor-version", |_| Ok(text("0"))),
    ("micro-version", |_| Ok(text("11"))),
    ("random", random),
    ("random:uniform", |_| {
        dependency::note_uncacheable("chance");
        Ok(from_number(Number::Real(fastrand::f64())))
    }),
    ("random-state-from-platform", |_| Ok(unspecified())),
    ("->bool", to_bool),
    ("unspecified?", |values| {
        let value = Arguments::exactly("unspecified?", values, 1)?.value(0)?;
        Ok(boolean(matches!(view(value), View::Unspecified)))
    }),
    ("nil?", |values| {
        let value = Arguments::exactly("nil?", values, 1)?.value(0)?;
        Ok(boolean(matches!(
            view(value),
            View::Empty | View::Boolean(false)
        )))
    }),
];

/// The values that are no procedures.
pub const VALUES: Constants = &[
    ("*unspecified*", unspecified),
    ("*random-state*", || symbol("random-state")),
    ("most-positive-fixnum", || integer((1 << 61) - 1)),
    ("most-negative-fixnum", || integer(-(1 << 61))),
    ("EXIT_SUCCESS", || integer(0)),
    ("EXIT_FAILURE", || integer(1)),
    ("ENOENT", || integer(2)),
    ("EACCES", || integer(13)),
    ("EEXIST", || integer(17)),
    ("ENOTDIR", || integer(20)),
    ("EISDIR", || integer(21)),
    ("EINVAL", || integer(22)),
    ("EPERM", || integer(1)),
    ("ECONNREFUSED", || integer(111)),
    ("EAGAIN", || integer(11)),
    ("EIO", || integer(5)),
    ("LC_ALL", || integer(6)),
    ("LC_CTYPE", || integer(0)),
    ("LC_MESSAGES", || integer(5)),
    ("%host-type", || text("x86_64-pc-linux-gnu")),
];

thread_local! {
    /// What the file has changed in the environment. The real one stays as it
    /// is; child processes get the changes.
    static CHANGED: RefCell<BTreeMap<String, Option<String>>> =
        const { RefCell::new(BTreeMap::new()) };
}

/// No changes, for a new program.
pub fn reset() {
    CHANGED.take();
}

/// The changes of the environment.
pub fn changed_environment() -> BTreeMap<String, Option<String>> {
    CHANGED.with_borrow(BTreeMap::clone)
}

fn change(name: &str, value: Option<String>) -> Value {
    CHANGED.with_borrow_mut(|changed| changed.insert(name.to_owned(), value));
    unspecified()
}

/// A string that is a name to the system.
pub fn name_of(arguments: &Arguments<'_>, index: usize) -> Result<Rc<str>, Fault> {
    let value = arguments.value(index)?;
    match view(value) {
        View::Text(name) => Ok(name),
        _ => Err(raise::wrong_type_expecting("", "string", value)),
    }
}

fn getenv(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("getenv", values, 1)?;
    let name = name_of(&arguments, 0)?;
    let changed = CHANGED.with_borrow(|changed| changed.get(&*name).cloned());
    // Names with `=` or NUL cannot be there, and the library panics on them.
    let value = match changed {
        Some(value) => value,
        None if name.is_empty() || name.contains(['=', '\0']) => None,
        None => {
            let value = std::env::var_os(&*name).map(|value| value.to_string_lossy().into_owned());
            dependency::note_environment(&name, value.as_deref());
            value
        }
    };
    Ok(value.map_or_else(|| boolean(false), text))
}

/// `(setenv NAME VALUE)`: of `#f` removes it.
fn setenv(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("setenv", values, 2)?;
    let name = name_of(&arguments, 0)?;
    let value = match view(arguments.value(1)?) {
        View::Boolean(false) => None,
        _ => Some(name_of(&arguments, 1)?.to_string()),
    };
    Ok(change(&name, value))
}

/// `(putenv "NAME=VALUE")`, or `"NAME"` to remove it.
fn putenv(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("putenv", values, 1)?;
    let all = name_of(&arguments, 0)?;
    Ok(match all.split_once('=') {
        Some((name, value)) => change(name, Some(value.to_owned())),
        None => change(&all, None),
    })
}

fn environ(values: &[Value]) -> Answer {
    Arguments::between("environ", values, 0, 1)?;
    dependency::note_uncacheable("the whole environment");
    let mut all: BTreeMap<String, String> = std::env::vars_os()
        .map(|(name, value)| {
            (
                name.to_string_lossy().into_owned(),
                value.to_string_lossy().into_owned(),
            )
        })
        .collect();
    for (name, value) in changed_environment() {
        match value {
            Some(value) => all.insert(name, value),
            None => all.remove(&name),
        };
    }
    Ok(from_list(
        all.iter()
            .map(|(name, value)| text(format!("{name}={value}")))
            .collect(),
    ))
}

fn names_of_host() -> Result<[String; 5], Fault> {
    let names = nix::sys::utsname::uname()
        .map_err(|error| raise::system_error("uname", error as i32, Vec::new()))?;
    let all = [
        names.sysname(),
        names.nodename(),
        names.release(),
        names.version(),
        names.machine(),
    ]
    .map(|name| name.to_string_lossy().into_owned());
    let [_, host, ..] = &all;
    dependency::note(Dependency::HostName(host.clone()));
    Ok(all)
}

fn gethostname(values: &[Value]) -> Answer {
    Arguments::exactly("gethostname", values, 0)?;
    let [_, host, ..] = names_of_host()?;
    Ok(text(host))
}

fn uname(values: &[Value]) -> Answer {
    Arguments::exactly("uname", values, 0)?;
    Ok(from_vector(names_of_host()?.map(text).into()))
}

/// An item of a vector that stands for a record of the system's.
pub(super) fn item_of(name: &'static str, values: &[Value], index: usize) -> Answer {
    let arguments = Arguments::exactly(name, values, 1)?;
    vector_items(arguments.value(0)?)
        .and_then(|items| items.get(index).cloned())
        .ok_or_else(|| {
            raise::wrong_type_of(
                "vector-ref",
                1,
                "vector",
                arguments.all().first().unwrap_or(&unspecified()),
            )
        })
}

fn id(name: &'static str, values: &[Value], id: u32) -> Answer {
    Arguments::exactly(name, values, 0)?;
    if name.ends_with("uid") {
        dependency::note(Dependency::User(Uid::effective().as_raw()));
    }
    Ok(integer(i64::from(id)))
}

/// A user or group by name or number.
enum Key {
    Name(Rc<str>),
    Number(u32),
}

fn key(arguments: &Arguments<'_>) -> Result<Key, Fault> {
    let value = arguments.value(0)?;
    match view(value) {
        View::Text(name) => Ok(Key::Name(name)),
        View::Integer(n) => Ok(Key::Number(u32::try_from(n).unwrap_or(u32::MAX))),
        _ => Err(raise::wrong_type_expecting("", "string", value)),
    }
}

fn getpw(name: &'static str, values: &[Value]) -> Answer {
    let arguments = Arguments::between(name, values, 0, 1)?;
    if arguments.optional(0).is_none() {
        return Err(super::unsupported("going through all users"));
    }
    dependency::note_uncacheable("the data of a user");
    let found = match key(&arguments)? {
        Key::Name(name) if name.contains('\0') => Ok(None),
        Key::Name(name) => User::from_name(&name),
        Key::Number(uid) => User::from_uid(Uid::from_raw(uid)),
    };
    let Ok(Some(user)) = found else {
        return Err(raise::misc_error("getpw", "entry not found", Vec::new()));
    };
    Ok(from_vector(vec![
        text(user.name),
        text(user.passwd.to_string_lossy()),
        integer(i64::from(user.uid.as_raw())),
        integer(i64::from(user.gid.as_raw())),
        text(user.gecos.to_string_lossy()),
        text(user.dir.to_string_lossy()),
        text(user.shell.to_string_lossy()),
    ]))
}

fn getgr(name: &'static str, values: &[Value]) -> Answer {
    let arguments = Arguments::between(name, values, 0, 1)?;
    if arguments.optional(0).is_none() {
        return Err(super::unsupported("going through all groups"));
    }
    dependency::note_uncacheable("the data of a group");
    let found = match key(&arguments)? {
        Key::Name(name) if name.contains('\0') => Ok(None),
        Key::Name(name) => Group::from_name(&name),
        Key::Number(gid) => Group::from_gid(Gid::from_raw(gid)),
    };
    let Ok(Some(group)) = found else {
        return Err(raise::scm_error(
            "system-error",
            "getgr",
            "~A",
            from_list(vec![text("Success")]),
            from_list(vec![integer(0)]),
        ));
    };
    Ok(from_vector(vec![
        text(group.name),
        text(group.passwd.to_string_lossy()),
        integer(i64::from(group.gid.as_raw())),
        from_list(group.mem.into_iter().map(text).collect()),
    ]))
}

fn processors(name: &'static str, values: &[Value]) -> Answer {
    Arguments::exactly(name, values, 0)?;
    let count = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let count = u32::try_from(count).unwrap_or(u32::MAX);
    dependency::note(Dependency::Processors(count));
    Ok(integer(i64::from(count)))
}

/// `(random N STATE)`
fn random(values: &[Value]) -> Answer {
    let arguments = Arguments::between("random", values, 1, 2)?;
    dependency::note_uncacheable("chance");
    Ok(match arguments.number(0)? {
        Number::Real(x) if x > 0.0 => from_number(Number::Real(fastrand::f64() * x)),
        Number::Int(n) if n > 0 => integer(fastrand::i64(0..n)),
        Number::Int(_) | Number::Real(_) => return Err(arguments.out_of_range(0)),
        Number::Big(_) | Number::Ratio(_) => return Err(arguments.wrong_plain(0)),
    })
}

fn to_bool(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("->bool", values, 1)?;
    Ok(boolean(!matches!(
        view(arguments.value(0)?),
        View::Boolean(false)
    )))
}
