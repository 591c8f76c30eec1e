//! Files and directories, and their names.

use std::cell::{Cell, RefCell};
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::Path;

use super::arguments::Arguments;
use super::ports::{EndOfFile, file_fault};
use super::system::{item, name_of};
use super::{Constants, Table};
use crate::machines::dependency;
use crate::machines::engine::{
    Answer, Fault, Value, View, boolean, foreign, from_list, from_vector, integer, list_items,
    raise, symbol, text, unspecified, view, with_foreign,
};

pub const TABLE: Table = &[
    ("file-exists?", file_exists),
    ("file-is-directory?", |values| {
        let arguments = Arguments::exactly("file-is-directory?", values, 1)?;
        let name = name_of(&arguments, 0)?;
        Ok(boolean(looked_at(&name).is_ok_and(|found| found.is_dir())))
    }),
    ("access?", access),
    ("stat", |values| {
        status("stat", values, |name| fs::metadata(name))
    }),
    ("lstat", |values| {
        status("lstat", values, |name| fs::symlink_metadata(name))
    }),
    item!("stat:dev", 0),
    item!("stat:ino", 1),
    item!("stat:mode", 2),
    item!("stat:nlink", 3),
    item!("stat:uid", 4),
    item!("stat:gid", 5),
    item!("stat:rdev", 6),
    item!("stat:size", 7),
    item!("stat:atime", 8),
    item!("stat:mtime", 9),
    item!("stat:ctime", 10),
    item!("stat:blksize", 11),
    item!("stat:blocks", 12),
    item!("stat:type", 13),
    item!("stat:perms", 14),
    item!("stat:atimensec", 15),
    item!("stat:mtimensec", 16),
    item!("stat:ctimensec", 17),
    ("readlink", readlink),
    ("opendir", opendir),
    ("readdir", readdir),
    ("rewinddir", |values| {
        let arguments = Arguments::exactly("rewinddir", values, 1)?;
        with_directory(&arguments, |directory| {
            directory.at.set(0);
            unspecified()
        })
    }),
    ("closedir", |values| {
        let arguments = Arguments::exactly("closedir", values, 1)?;
        with_directory(&arguments, |directory| {
            directory.at.set(usize::MAX);
            unspecified()
        })
    }),
    ("directory-stream?", |values| {
        let value = Arguments::exactly("directory-stream?", values, 1)?.value(0)?;
        Ok(boolean(with_foreign(value, |_: &Directory| ()).is_some()))
    }),
    ("%directory-entries", entries),
    ("getcwd", |values| {
        Arguments::exactly("getcwd", values, 0)?;
        dependency::note_uncacheable("the working directory");
        std::env::current_dir()
            .map(|path| text(path.to_string_lossy()))
            .map_err(|error| system_fault("getcwd", &error))
    }),
    ("canonicalize-path", canonicalize_path),
    ("dirname", dirname),
    ("basename", basename),
    ("absolute-file-name?", |values| {
        let arguments = Arguments::exactly("absolute-file-name?", values, 1)?;
        Ok(boolean(arguments.text(0)?.starts_with('/')))
    }),
    ("file-name-separator?", |values| {
        let arguments = Arguments::exactly("file-name-separator?", values, 1)?;
        Ok(boolean(arguments.character(0)? == '/'))
    }),
    ("in-vicinity", in_vicinity),
    ("parse-path", parse_path),
    ("search-path", search_path),
];

/// The values that are no procedures.
pub const VALUES: Constants = &[
    ("file-name-separator-string", || text("/")),
    ("R_OK", || integer(4)),
    ("W_OK", || integer(2)),
    ("X_OK", || integer(1)),
    ("F_OK", || integer(0)),
    ("AF_UNSPEC", || integer(0)),
    ("AF_UNIX", || integer(1)),
    ("AF_INET", || integer(2)),
    ("AF_INET6", || integer(10)),
    ("OPEN_READ", || text("r")),
    ("OPEN_WRITE", || text("w")),
    ("OPEN_BOTH", || text("r+")),
    ("SEEK_SET", || integer(0)),
    ("SEEK_CUR", || integer(1)),
    ("SEEK_END", || integer(2)),
];

/// The error of the system without a name.
fn system_fault(subr: &str, error: &io::Error) -> Fault {
    raise::system_error(subr, error.raw_os_error().unwrap_or(5), Vec::new())
}

/// What is known of a file; noted as what the file depends on.
fn looked_at(name: &str) -> io::Result<Metadata> {
    let found = fs::metadata(name);
    dependency::note_existence(Path::new(name), found.is_ok());
    found
}

fn file_exists(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("file-exists?", values, 1)?;
    let name = name_of(&arguments, 0)?;
    Ok(boolean(looked_at(&name).is_ok()))
}

/// `(access? FILE HOW)`
fn access(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("access?", values, 2)?;
    let name = name_of(&arguments, 0)?;
    let how = i32::try_from(arguments.integer(1)?).unwrap_or_default();
    if how != 0 {
        dependency::note_uncacheable("the permissions of a file");
    }
    let flags = nix::unistd::AccessFlags::from_bits_truncate(how);
    let found = looked_at(&name).is_ok() && nix::unistd::access(&*name, flags).is_ok();
    Ok(boolean(found))
}

/// `(stat FILE)`, or `(stat FILE #f)` for `#f` where there is none.
fn status(subr: &'static str, values: &[Value], look: fn(&str) -> io::Result<Metadata>) -> Answer {
    let arguments = Arguments::between(subr, values, 1, 2)?;
    let name = name_of(&arguments, 0)?;
    let quiet = arguments
        .optional(1)
        .is_some_and(|value| matches!(view(value), View::Boolean(false)));
    match look(&name) {
        Ok(found) => {
            dependency::note_uncacheable("the status of a file");
            Ok(status_vector(&found))
        }
        Err(error) => {
            dependency::note_existence(Path::new(&*name), false);
            if quiet {
                return Ok(boolean(false));
            }
            Err(file_fault(subr, &name, &error))
        }
    }
}

fn status_vector(found: &Metadata) -> Value {
    let kind = found.file_type();
    let kind = match () {
        () if kind.is_file() => "regular",
        () if kind.is_dir() => "directory",
        () if kind.is_symlink() => "symlink",
        () if kind.is_block_device() => "block-special",
        () if kind.is_char_device() => "char-special",
        () if kind.is_fifo() => "fifo",
        () if kind.is_socket() => "socket",
        () => "unknown",
    };
    let unsigned = |n: u64| integer(i64::try_from(n).unwrap_or(i64::MAX));
    from_vector(vec![
        unsigned(found.dev()),
        unsigned(found.ino()),
        unsigned(u64::from(found.mode())),
        unsigned(found.nlink()),
        unsigned(u64::from(found.uid())),
        unsigned(u64::from(found.gid())),
        unsigned(found.rdev()),
        unsigned(found.size()),
        integer(found.atime()),
        integer(found.mtime()),
        integer(found.ctime()),
        unsigned(found.blksize()),
        unsigned(found.blocks()),
        symbol(kind),
        unsigned(u64::from(found.mode() & 0o7777)),
        integer(found.atime_nsec()),
        integer(found.mtime_nsec()),
        integer(found.ctime_nsec()),
    ])
}

fn readlink(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("readlink", values, 1)?;
    let name = name_of(&arguments, 0)?;
    dependency::note_uncacheable("a symbolic link");
    fs::read_link(&*name)
        .map(|target| text(target.to_string_lossy()))
        .map_err(|error| system_fault("readlink", &error))
}

/// A directory whose entries are read one after the other.
struct Directory {
    entries: RefCell<Vec<String>>,
    at: Cell<usize>,
}

/// The names in a directory, `.` and `..` first.
fn names_in(name: &str) -> io::Result<Vec<String>> {
    dependency::note_uncacheable("a directory");
    let mut names = vec![".".to_owned(), "..".to_owned()];
    for entry in fs::read_dir(name)? {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    Ok(names)
}

fn opendir(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("opendir", values, 1)?;
    let name = name_of(&arguments, 0)?;
    let entries = names_in(&name).map_err(|error| system_fault("opendir", &error))?;
    foreign(Directory {
        entries: RefCell::new(entries),
        at: Cell::new(0),
    })
}

fn with_directory(arguments: &Arguments<'_>, look: impl FnOnce(&Directory) -> Value) -> Answer {
    with_foreign(arguments.value(0)?, look)
        .ok_or_else(|| arguments.wrong(0, "open directory stream"))
}

fn readdir(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("readdir", values, 1)?;
    let next = with_foreign(arguments.value(0)?, |directory: &Directory| {
        let at = directory.at.get();
        directory.at.set(at.saturating_add(1));
        directory.entries.borrow().get(at).cloned()
    })
    .ok_or_else(|| arguments.wrong(0, "open directory stream"))?;
    next.map_or_else(|| foreign(EndOfFile), |name| Ok(text(name)))
}

/// `(%directory-entries NAME)`: sorted, `#f` for what is no directory.
fn entries(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("scandir", values, 1)?;
    let name = name_of(&arguments, 0)?;
    Ok(match names_in(&name) {
        Ok(mut names) => {
            names.sort();
            from_list(names.into_iter().map(text).collect())
        }
        Err(_) => boolean(false),
    })
}

fn canonicalize_path(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("canonicalize-path", values, 1)?;
    let name = name_of(&arguments, 0)?;
    let found = fs::canonicalize(&*name);
    match found {
        Ok(path) => {
            dependency::note_uncacheable("a symbolic link");
            Ok(text(path.to_string_lossy()))
        }
        Err(error) => {
            dependency::note_existence(Path::new(&*name), false);
            Err(file_fault("canonicalize-path", &name, &error))
        }
    }
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

/// `(basename NAME SUFFIX)`
fn basename(values: &[Value]) -> Answer {
    let arguments = Arguments::between("basename", values, 1, 2)?;
    let content = arguments.text(0)?;
    let name = content.trim_end_matches('/');
    if name.is_empty() {
        return Ok(text(if content.is_empty() { "" } else { "/" }));
    }
    // Slashes at the end stay.
    let start = name.rfind('/').map_or(0, |at| at.saturating_add(1));
    let base = content.get(start..).unwrap_or_default();
    let suffix = match arguments.optional(1) {
        Some(_) => arguments.text(1)?,
        None => "".into(),
    };
    let stripped = base.strip_suffix(&*suffix).filter(|rest| !rest.is_empty());
    Ok(text(stripped.unwrap_or(base)))
}

/// A directory and a name in it.
fn in_vicinity(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("in-vicinity", values, 2)?;
    let (directory, name) = (arguments.text(0)?, arguments.text(1)?);
    let slash = !directory.is_empty() && !directory.ends_with('/');
    Ok(text(format!(
        "{directory}{}{name}",
        if slash { "/" } else { "" }
    )))
}

/// `(parse-path PATH TAIL)`
fn parse_path(values: &[Value]) -> Answer {
    let arguments = Arguments::between("parse-path", values, 1, 2)?;
    let mut items = match view(arguments.value(0)?) {
        View::Boolean(false) => Vec::new(),
        _ => arguments.text(0)?.split(':').map(text).collect(),
    };
    if arguments.optional(1).is_some() {
        items.extend(arguments.list(1)?);
    }
    Ok(from_list(items))
}

/// `(search-path DIRECTORIES NAME EXTENSIONS)`
fn search_path(values: &[Value]) -> Answer {
    let arguments = Arguments::between("search-path", values, 2, 4)?;
    let name = arguments.text(1)?;
    let extensions = match arguments.optional(2).map(list_items) {
        Some(Some(items)) => items,
        _ => vec![text("")],
    };
    for directory in arguments.list(0)? {
        let View::Text(directory) = view(&directory) else {
            return Err(arguments.wrong_plain(0));
        };
        for extension in &extensions {
            if let View::Text(extension) = view(extension) {
                let file = format!("{}/{name}{extension}", directory.trim_end_matches('/'));
                if looked_at(&file).is_ok_and(|found| found.is_file()) {
                    return Ok(text(file));
                }
            }
        }
    }
    Ok(boolean(false))
}
