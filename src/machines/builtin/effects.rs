//! What a file may do to files: as the user that evaluates it, and never kept
//! in the cache.

use std::fs;
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};

use super::Table;
use super::arguments::Arguments;
use super::ports::file_fault;
use super::system::name_of;
use crate::machines::dependency;
use crate::machines::engine::{Answer, Value, integer, raise, set_text, text, unspecified};

pub const TABLE: Table = &[
    ("delete-file", |values| {
        one("delete-file", values, |name| fs::remove_file(name))
    }),
    ("rmdir", |values| {
        one("rmdir", values, |name| fs::remove_dir(name))
    }),
    ("mkdir", mkdir),
    ("chdir", |values| {
        one("chdir", values, |name| std::env::set_current_dir(name))
    }),
    ("rename-file", |values| {
        two("rename-file", values, |from, to| fs::rename(from, to))
    }),
    ("copy-file", copy_file),
    ("link", |values| {
        two("link", values, |from, to| fs::hard_link(from, to))
    }),
    ("symlink", |values| {
        two("symlink", values, |from, to| {
            std::os::unix::fs::symlink(from, to)
        })
    }),
    ("chmod", chmod),
    ("umask", umask),
    ("tmpnam", |values| {
        Arguments::exactly("tmpnam", values, 0)?;
        Ok(text(format!("/tmp/file{}", suffix())))
    }),
    ("%make-temporary-name!", temporary),
    ("mkdtemp", |values| {
        let arguments = Arguments::exactly("mkdtemp", values, 1)?;
        let name = filled_in(&arguments)?;
        made_directory(&name, 0o700).map_err(|error| plain("mkdtemp", &error))?;
        Ok(text(name))
    }),
    ("sync", |_| Ok(unspecified())),
];

fn plain(subr: &str, error: &io::Error) -> crate::machines::engine::Fault {
    raise::system_error(subr, error.raw_os_error().unwrap_or(5), Vec::new())
}

fn one(subr: &'static str, values: &[Value], act: fn(&str) -> io::Result<()>) -> Answer {
    let arguments = Arguments::exactly(subr, values, 1)?;
    dependency::note_uncacheable("a change of files");
    act(&name_of(&arguments, 0)?).map_err(|error| plain(subr, &error))?;
    Ok(unspecified())
}

fn two(subr: &'static str, values: &[Value], act: fn(&str, &str) -> io::Result<()>) -> Answer {
    let arguments = Arguments::exactly(subr, values, 2)?;
    dependency::note_uncacheable("a change of files");
    let (from, to) = (name_of(&arguments, 0)?, name_of(&arguments, 1)?);
    act(&from, &to).map_err(|error| plain(subr, &error))?;
    Ok(unspecified())
}

/// The error names what is missing: the old file, else the new one.
fn copy_file(values: &[Value]) -> Answer {
    let arguments = Arguments::at_least("copy-file", values, 2)?;
    dependency::note_uncacheable("a change of files");
    let (from, to) = (name_of(&arguments, 0)?, name_of(&arguments, 1)?);
    fs::copy(&*from, &*to).map_err(|error| plain("copy-file", &error))?;
    Ok(unspecified())
}

fn made_directory(name: &str, mode: u32) -> io::Result<()> {
    dependency::note_uncacheable("a change of files");
    fs::DirBuilder::new().mode(mode).create(name)
}

/// `(mkdir NAME MODE)`
fn mkdir(values: &[Value]) -> Answer {
    let arguments = Arguments::between("mkdir", values, 1, 2)?;
    let mode = match arguments.optional(1) {
        Some(_) => u32::try_from(arguments.integer(1)?).unwrap_or(0o777),
        None => 0o777,
    };
    made_directory(&name_of(&arguments, 0)?, mode).map_err(|error| plain("mkdir", &error))?;
    Ok(unspecified())
}

fn chmod(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("chmod", values, 2)?;
    dependency::note_uncacheable("a change of files");
    let mode = u32::try_from(arguments.integer(1)?).map_err(|_| arguments.out_of_range(1))?;
    let name = name_of(&arguments, 0)?;
    fs::set_permissions(&*name, fs::Permissions::from_mode(mode))
        .map_err(|error| plain("chmod", &error))?;
    Ok(unspecified())
}

/// `(umask MODE)`: the one before.
fn umask(values: &[Value]) -> Answer {
    use nix::sys::stat::{Mode, umask};
    let arguments = Arguments::between("umask", values, 0, 1)?;
    let wanted = match arguments.optional(0) {
        Some(_) => u32::try_from(arguments.integer(0)?).ok(),
        None => None,
    };
    let before = umask(Mode::from_bits_truncate(wanted.unwrap_or(0)));
    if wanted.is_none() {
        umask(before);
    }
    Ok(integer(i64::from(before.bits())))
}

fn suffix() -> String {
    dependency::note_uncacheable("chance");
    std::iter::repeat_with(fastrand::alphanumeric)
        .take(6)
        .collect()
}

/// A name that ends in `XXXXXX` with other letters there.
fn filled_in(arguments: &Arguments<'_>) -> Result<String, crate::machines::engine::Fault> {
    let name = name_of(arguments, 0)?;
    match name.strip_suffix("XXXXXX") {
        Some(stem) => Ok(format!("{stem}{}", suffix())),
        // EINVAL
        None => Err(raise::system_error("mkstemp!", 22, Vec::new())),
    }
}

/// `(%make-temporary-name! TEMPLATE)`: creates the file and changes the
/// template to its name.
fn temporary(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("mkstemp!", values, 1)?;
    let name = filled_in(&arguments)?;
    fs::File::create_new(&name).map_err(|error| file_fault("mkstemp!", &name, &error))?;
    set_text(arguments.value(0)?, name.as_str());
    Ok(text(name))
}
