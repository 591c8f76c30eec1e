//! A folder of its own and an empty environment for each call.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// The binary under test.
const OFFLOAD: &str = env!("CARGO_BIN_EXE_offload");

/// A place for links and scripts that goes away with the value.
pub struct Environment {
    dir: tempfile::TempDir,
}

impl Environment {
    /// Makes the folder, with links `offload` and `guix` to the binary.
    pub fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        for name in ["offload", "guix"] {
            symlink(OFFLOAD, dir.path().join(name)).unwrap();
        }
        Self { dir }
    }

    /// A file name in the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Writes a file.
    pub fn file(&self, name: &str, text: &str) {
        let file = self.path(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }

    /// Makes an executable shell script.
    pub fn script(&self, name: &str, text: &str) -> PathBuf {
        self.executable(name, &format!("#!/bin/sh\n{text}\n"))
    }

    /// Makes an executable file.
    pub fn executable(&self, name: &str, text: &str) -> PathBuf {
        let file = self.path(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        // Written by another process: a descriptor of ours, open for writing,
        // could be in a child that another test has just forked, and then the
        // kernel refuses to execute the file.
        let status = Command::new("sh")
            .args(["-c", "printf %s \"$1\" > \"$2\" && chmod 755 \"$2\"", "sh"])
            .arg(text)
            .arg(&file)
            .status();
        assert!(status.unwrap().success());
        file
    }

    /// The binary by one of its names, with an empty environment.
    pub fn command(&self, name: &str) -> Command {
        let program = self.path(name);
        let mut command = Command::new(OFFLOAD);
        command
            .arg0(&program)
            .env_clear()
            .current_dir(self.dir.path())
            .stdin(Stdio::null());
        command
    }

    /// Called as `guix` with a real guix of the test's choice.
    pub fn front(&self, real: impl AsRef<OsStr>) -> Command {
        let mut command = self.command("guix");
        command.env("OFFLOAD_GUIX", real);
        command
    }

    /// The binary with the folder's state and configuration.
    pub fn hook(&self, name: &str) -> Command {
        let mut command = self.command(name);
        command
            .env("GUIX_STATE_DIRECTORY", self.path("state"))
            .env("GUIX_CONFIGURATION_DIRECTORY", self.path("configuration"));
        command
    }

    /// Exit status, standard output and standard error as one text, with the
    /// folder's name replaced.
    pub fn show(&self, output: &Output) -> String {
        let text = format!(
            "status {}\n--- stdout\n{}--- stderr\n{}",
            output.status.code().map_or(-1, |code| code),
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr),
        );
        text.replace(&*self.dir.path().to_string_lossy(), "DIR")
    }

    /// Runs `name` with arguments and shows all that came of it. What a hook
    /// reads and writes is in the folder.
    pub fn run<S: AsRef<OsStr>>(&self, name: &str, arguments: &[S]) -> String {
        let mut command = self.hook(name);
        self.show(&command.args(arguments).output().unwrap())
    }
}

/// A program that every system has, under its full name.
pub fn program(name: &str) -> PathBuf {
    std::env::split_paths(&std::env::var_os("PATH").unwrap())
        .map(|dir| dir.join(name))
        .find(|file| Path::new(file).is_file())
        .unwrap()
}
