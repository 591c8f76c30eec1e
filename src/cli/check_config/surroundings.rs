//! The user who will read the machine file, and what must be there for him.

use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use nix::unistd::{Uid, User};

use super::reason;
use crate::hook::process::become_owner;
use crate::machines::Diagnostic;
use crate::settings::Settings;

/// Homes that stand for none.
const NO_HOMES: [&str; 4] = ["/", "/var/empty", "/nonexistent", "/dev/null"];

/// Who looks, and from where.
pub(in crate::cli) struct Surroundings {
    home: Option<PathBuf>,
    user: String,
    /// The daemon's user, if that is somebody else.
    daemon: Option<String>,
    configuration: PathBuf,
}

impl Surroundings {
    /// Goes where the hook is: as root to the daemon's user, and to `/`.
    pub(super) fn enter(settings: &Settings) -> io::Result<Self> {
        std::env::set_current_dir("/")?;
        become_owner(&settings.state_dir, &settings.database_dir)?;
        let own = Uid::effective();
        let user = User::from_uid(own).ok().flatten();
        let owner = settings.database_dir.metadata();
        let owner = owner.or_else(|_| settings.state_dir.metadata());
        let daemon = match owner {
            Ok(owner) if owner.uid() != own.as_raw() => Some(name_of(Uid::from_raw(owner.uid()))),
            _ => None,
        };
        Ok(Self {
            home: user.as_ref().map(|user| user.dir.clone()),
            user: user.map_or_else(|| own.to_string(), |user| user.name),
            daemon,
            configuration: settings.configuration_dir.clone(),
        })
    }

    /// Somebody with a home.
    #[cfg(test)]
    pub(in crate::cli) fn of_tests() -> Self {
        Self {
            home: Some("/".into()),
            user: "user".into(),
            daemon: None,
            configuration: "/".into(),
        }
    }

    /// The user's home directory.
    pub(super) fn home(&self) -> Option<&Path> {
        self.home.as_deref()
    }

    /// Tells whether the home can hold keys.
    pub(super) fn has_home(&self) -> bool {
        self.home().is_some_and(|home| {
            home.is_dir() && !NO_HOMES.iter().any(|none| home == Path::new(none))
        })
    }

    /// The user's name.
    pub(super) fn user(&self) -> &str {
        &self.user
    }

    /// Tells whether what we may not read is closed to the daemon too.
    pub(super) fn is_daemon(&self) -> bool {
        self.daemon.is_none()
    }

    /// What was not checked.
    pub(super) fn note(&self) -> Option<String> {
        let daemon = self.daemon.as_ref()?;
        Some(format!(
            "this is what user {} would get; guix-daemon is {daemon}'s: run it as root to see \
             whether {daemon} can read the keys",
            self.user
        ))
    }

    /// The installed machine file must be readable for the daemon's user.
    pub(super) fn machine_file(&self, file: &Path) -> Option<Diagnostic> {
        let error = File::open(file).err()?;
        self.is_daemon().then(|| {
            Diagnostic::error(
                "unreadable",
                format!(
                    "user {} cannot read this file: {}",
                    self.user,
                    reason(&error)
                ),
            )
            .with_help(format!("chmod a+r {}", file.display()))
        })
    }

    /// The key that signs what is sent, and its public half.
    pub(super) fn signing_key(&self) -> Vec<Diagnostic> {
        let names = ["signing-key.sec", "signing-key.pub"];
        let mut warnings: Vec<Diagnostic> = names
            .into_iter()
            .filter_map(|name| {
                let file = self.configuration.join(name);
                let error = File::open(&file).err()?;
                self.signing_problem(&file, &error)
            })
            .collect();
        // What makes the one makes both.
        warnings.dedup_by(|a, b| a.code == b.code && a.code.ends_with("no-signing-key"));
        warnings
    }

    fn signing_problem(&self, file: &Path, error: &io::Error) -> Option<Diagnostic> {
        let shown = file.display();
        if error.kind() == io::ErrorKind::NotFound {
            let message = format!("there is no {shown}: machines accept only what is signed");
            let diagnostic = Diagnostic::warning("no-signing-key", message);
            return Some(diagnostic.with_help(
                "run `guix archive --generate-key` as root, and on each machine `guix archive \
                 --authorize` with the new signing-key.pub",
            ));
        }
        self.is_daemon().then(|| {
            let message = format!("user {} cannot read {shown}: {}", self.user, reason(error));
            Diagnostic::warning("unreadable-signing-key", message)
                .with_help(format!("chown {} {shown}", self.user))
        })
    }
}

fn name_of(user: Uid) -> String {
    match User::from_uid(user) {
        Ok(Some(user)) => user.name,
        _ => user.to_string(),
    }
}
