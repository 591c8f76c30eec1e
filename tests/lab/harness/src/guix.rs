//! A host's guix-daemon and its clients.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use nix::sys::signal::Signal;

use crate::exec::{Exec, Running};
use crate::host::Host;
use crate::processes::{self, Process};
use crate::sys::wait_until;
use crate::wire::{Daemon, Refused};

/// Where a daemon listens unless told otherwise.
pub const SOCKET: &str = "/var/guix/daemon-socket/socket";

/// Where the program under test is put.
const INSTALLED: &str = "/usr/local/libexec/offload/offload";

/// The group of a root daemon's build users.
const BUILDERS: &str = "_guixbuild";

/// Which hook a daemon starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hook {
    /// Guix's own.
    Stock,
    /// This program, put in front of `guix` by the variable `GUIX`.
    Front(PathBuf),
    /// This program, called by an extension of `guix`.
    Extension(PathBuf),
}

/// How a daemon runs.
#[derive(Clone, Debug)]
pub struct DaemonOptions {
    /// Which hook it starts.
    pub hook: Hook,
    /// It runs as root rather than as Debian's unit runs it.
    pub privileged: bool,
    /// Variables of its environment, which its hooks inherit.
    pub variables: Vec<(String, String)>,
    /// Further arguments.
    pub arguments: Vec<String>,
    /// Where it listens.
    pub socket: String,
}

impl Default for DaemonOptions {
    fn default() -> Self {
        DaemonOptions {
            hook: Hook::Stock,
            privileged: false,
            variables: Vec::new(),
            arguments: Vec::new(),
            socket: SOCKET.to_owned(),
        }
    }
}

/// What a daemon made of a request to build.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Its refusal, when the build failed.
    pub refused: Option<Refused>,
    /// All text that came: the hook's and the builder's.
    pub text: String,
    /// How long it took.
    pub elapsed: Duration,
}

impl Answer {
    /// The daemon's status: 0, 1, 100 or 101.
    pub fn status(&self) -> u64 {
        self.refused.as_ref().map_or(0, |r| r.status)
    }

    /// Insists on a status.
    pub fn ended(self, status: u64) -> Result<Answer> {
        if self.status() != status {
            bail!(
                "status is {}, not {status}: {:?} {}",
                self.status(),
                self.refused,
                self.text
            );
        }
        Ok(self)
    }

    /// Insists that the daemon's refusal says this.
    pub fn refused_with(self, text: &str) -> Result<Answer> {
        let message = self.refused.as_ref().map(|it| it.message.as_str());
        if !message.is_some_and(|it| it.contains(text)) {
            bail!("the daemon says {message:?}, and not {text:?}");
        }
        Ok(self)
    }

    /// Insists that a text was written.
    pub fn says(self, text: &str) -> Result<Answer> {
        if !self.text.contains(text) {
            bail!("nobody wrote {text:?}, but: {}", self.text);
        }
        Ok(self)
    }
}

impl DaemonOptions {
    /// Those of a daemon with this hook.
    pub fn with_hook(hook: Hook) -> DaemonOptions {
        DaemonOptions {
            hook,
            ..DaemonOptions::default()
        }
    }

    /// Lets it run as root.
    #[must_use]
    pub fn privileged(mut self) -> DaemonOptions {
        self.privileged = true;
        self
    }

    /// Sets a variable of its environment.
    #[must_use]
    pub fn variable(mut self, name: &str, value: &str) -> DaemonOptions {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Adds an argument.
    #[must_use]
    pub fn argument(mut self, argument: &str) -> DaemonOptions {
        self.arguments.push(argument.to_owned());
        self
    }

    /// Lets it listen elsewhere: a second daemon on the same store.
    #[must_use]
    pub fn socket(mut self, socket: &str) -> DaemonOptions {
        socket.clone_into(&mut self.socket);
        self
    }
}

impl Host {
    /// Starts a daemon; one that listens at the same place is ended first.
    pub fn start_daemon(&self, options: &DaemonOptions) -> Result<()> {
        self.stop_daemon_at(&options.socket)?;
        let own = self.prepare_daemon(options)?;
        let mut variables = vec![("LC_ALL".to_owned(), "C.UTF-8".to_owned())];
        variables.extend(self.hook_variables(&options.hook)?);
        variables.extend(options.variables.iter().cloned());
        let mut line: Vec<String> = Vec::new();
        if let Some((uid, gid)) = own {
            variables.push(("HOME".into(), "/var/empty".into()));
            // As Debian's unit does: CAP_CHOWN alone.
            let caps =
                ["inh-caps", "ambient-caps", "bounding-set"].map(|s| format!("--{s}=-all,+chown"));
            line.extend(
                [
                    "setpriv",
                    "--reuid",
                    &uid,
                    "--regid",
                    &gid,
                    "--clear-groups",
                ]
                .map(str::to_owned),
            );
            line.extend(caps);
        }
        line.push("guix-daemon".into());
        line.push("--no-substitutes".into());
        if own_user(options) != "guix-daemon" {
            line.push(format!("--build-users-group={BUILDERS}"));
        }
        if options.socket != SOCKET {
            line.push(format!("--listen={}", options.socket));
        }
        line.extend(options.arguments.iter().cloned());
        let service = service(&options.socket);
        let socket = self.path(&options.socket);
        if let Err(e) = std::fs::remove_file(&socket)
            && e.kind() != std::io::ErrorKind::NotFound
        {
            return Err(e).context("cannot remove an old socket");
        }
        self.start_service(&service, self.exec_with(&variables, &line))?;
        wait_until(
            &format!("the daemon of {} listens", self.name()),
            Duration::from_secs(20),
            || {
                if self.service(&service).is_none() {
                    bail!("it ended: {}", self.service_log(&service));
                }
                Ok(Daemon::connect(&socket).is_ok())
            },
        )?;
        Ok(())
    }

    /// Makes users, keys and owners fit; gives the user that is not root.
    fn prepare_daemon(&self, options: &DaemonOptions) -> Result<Option<(String, String)>> {
        let user = own_user(options);
        if !self.path("/etc/guix/signing-key.sec").exists() {
            self.exec(&["guix", "archive", "--generate-key"]).ok()?;
        }
        if user == "root" {
            // By hand: not every root has groupadd and useradd.
            let line = format!(
                "grep -q '^{BUILDERS}:' /etc/group || {{
                   members=
                   for i in 1 2 3 4 5 6 7 8; do
                     echo \"{BUILDERS}$i:x:$((880 + i)):880::/var/empty:/usr/sbin/nologin\" >> /etc/passwd
                     members=$members${{members:+,}}{BUILDERS}$i
                   done
                   echo \"{BUILDERS}:x:880:$members\" >> /etc/group
                 }}"
            );
            self.shell(&line).ok()?;
        }
        let marker = self.path("/var/guix/.lab-owner");
        if std::fs::read_to_string(&marker).is_ok_and(|u| u == user) {
            return self.ids(user);
        }
        let group = if user == "root" { "root" } else { user };
        let line = format!(
            "mkdir -p /gnu/store /var/guix/offload /var/log/guix /etc/guix/ssh
             chown -R {user}:{group} /gnu /var/guix /var/log/guix /etc/guix/ssh /etc/guix/signing-key.sec"
        );
        self.shell(&line).ok()?;
        std::fs::write(marker, user)?;
        self.ids(user)
    }

    fn ids(&self, user: &str) -> Result<Option<(String, String)>> {
        if user == "root" {
            return Ok(None);
        }
        let passwd = self.read_text("/etc/passwd")?;
        let line = passwd.lines().find(|l| l.starts_with(&format!("{user}:")));
        let mut fields = line
            .with_context(|| format!("no user {user}"))?
            .split(':')
            .skip(2);
        let uid = fields.next().context("no uid")?.to_owned();
        Ok(Some((uid, fields.next().context("no gid")?.to_owned())))
    }

    /// Puts a hook in place; gives the variables that make it the daemon's.
    fn hook_variables(&self, hook: &Hook) -> Result<Vec<(String, String)>> {
        match hook {
            Hook::Stock => Ok(Vec::new()),
            Hook::Front(program) => {
                self.install_hook(program)?;
                let front = Path::new(INSTALLED).with_file_name("guix");
                Ok(vec![("GUIX".into(), front.display().to_string())])
            }
            Hook::Extension(program) => {
                self.install_hook(program)?;
                let directory = "/usr/local/share/offload/guix/extensions";
                let text = format!(
                    "(define-module (guix extensions offload) #:export (guix-offload))\n\
                     (define (guix-offload . args)\n  (apply execl \"{INSTALLED}\" \"offload\" args))\n"
                );
                self.write(format!("{directory}/offload.scm"), text)?;
                Ok(vec![("GUIX_EXTENSIONS_PATH".into(), directory.into())])
            }
        }
    }

    /// Installs the program under test and a link `guix` beside it; gives
    /// where it lies.
    pub fn install_hook(&self, program: &Path) -> Result<&'static str> {
        self.install(program, INSTALLED)?;
        let link = self.path(Path::new(INSTALLED).with_file_name("guix"));
        if !link.is_symlink() {
            std::os::unix::fs::symlink("offload", link)?;
        }
        Ok(INSTALLED)
    }

    /// Ends the daemon and all its workers.
    pub fn stop_daemon(&self) -> Result<()> {
        self.stop_daemon_at(SOCKET)
    }

    /// Ends the daemon that listens there, and all its workers.
    pub fn stop_daemon_at(&self, socket: &str) -> Result<()> {
        let service = service(socket);
        let Some(main) = self.service(&service) else {
            return self.end_service(&service);
        };
        *self.connection() = None;
        let family = descendants(&self.processes()?, main);
        for process in &family {
            process.signal(Signal::SIGCONT)?;
            process.signal(Signal::SIGTERM)?;
        }
        self.end_service(&service)?;
        for process in &family {
            // The number may by now be another's.
            if Process::read(process.pid).is_some_and(|p| p.name == process.name) {
                process.signal(Signal::SIGKILL)?;
            }
        }
        Ok(())
    }

    /// The end of what the daemon, and hooks run by hand, have written.
    pub fn daemon_log(&self) -> String {
        self.service_log(&service(SOCKET))
    }

    /// Stops the daemon and its workers where they stand, or lets them go on.
    pub fn pause_daemon(&self, pause: bool) -> Result<()> {
        let signal = if pause {
            Signal::SIGSTOP
        } else {
            Signal::SIGCONT
        };
        for process in self
            .processes()?
            .iter()
            .filter(|p| p.name.starts_with("guix-daemon"))
        {
            process.signal(signal)?;
        }
        if !pause {
            // nsenter stops with its child, and does not go on with it.
            for child in self.services().values() {
                processes::send(i32::try_from(child.id())?, signal)?;
            }
        }
        Ok(())
    }

    /// Does something over the harness's own connection to the daemon.
    ///
    /// The connection stays, so that what was added is safe from the
    /// collector; a broken one is made anew.
    pub fn with_daemon<T>(&self, mut work: impl FnMut(&mut Daemon) -> Result<T>) -> Result<T> {
        let mut connection = self.connection();
        if let Some(daemon) = connection.as_mut() {
            match work(daemon) {
                Ok(value) => return Ok(value),
                Err(e) if e.is::<Refused>() => return Err(e),
                Err(_) => *connection = None,
            }
        }
        let mut daemon = Daemon::connect(&self.path(SOCKET))?;
        let value = work(&mut daemon)?;
        *connection = Some(daemon);
        Ok(value)
    }

    /// Builds by the daemon itself, no client's program between: gives what
    /// it says, and the refusal if there is one.
    ///
    /// The pairs are options such as `build-max-silent-time`.
    pub fn ask_daemon(&self, items: &[&str], pairs: &[(&str, &str)]) -> Result<Answer> {
        let items: Vec<String> = items.iter().map(|i| (*i).to_owned()).collect();
        let mut daemon = Daemon::connect(&self.path(SOCKET))?;
        daemon.options(true, pairs)?;
        let start = std::time::Instant::now();
        let result = daemon.build(&items);
        let text = String::from_utf8_lossy(&daemon.log).into_owned();
        let refused = match result {
            Ok(()) => None,
            Err(e) => match e.downcast::<Refused>() {
                Ok(refused) => Some(refused),
                Err(e) => return Err(e.context(format!("all that came: {text}"))),
            },
        };
        Ok(Answer {
            refused,
            text,
            elapsed: start.elapsed(),
        })
    }

    /// Prepares `guix build` of derivations, which offloads.
    pub fn guix_build(&self, derivations: &[&str]) -> Exec {
        self.guix_build_at(SOCKET, derivations, &[])
    }

    /// Prepares `guix build` with options, through a daemon's socket.
    pub fn guix_build_at(&self, socket: &str, derivations: &[&str], options: &[&str]) -> Exec {
        let variables = [
            ("HOME".into(), "/root".into()),
            ("GUIX_DAEMON_SOCKET".into(), socket.to_owned()),
        ];
        let mut line = vec!["guix", "build"];
        line.extend(options);
        line.extend(derivations);
        self.exec_with(&variables, &line)
    }

    /// Starts `guix build` of derivations, which offloads.
    pub fn start_build(&self, derivations: &[&str]) -> Result<Running> {
        self.guix_build(derivations).spawn()
    }

    /// The builders that run here, those that have ended not counted.
    pub fn builders(&self) -> Result<Vec<Process>> {
        let all = self.processes()?;
        Ok(all
            .into_iter()
            .filter(|p| !p.zombie && p.runs("busybox"))
            .collect())
    }

    /// How many builder processes run here.
    pub fn builders_running(&self) -> Result<usize> {
        Ok(self.builders()?.len())
    }

    /// The scripts of the builds that run here, one for each.
    pub fn builds_running(&self) -> Result<Vec<String>> {
        let builders = self.builders()?.into_iter();
        // `busybox sh SCRIPT`; what the script runs has other names.
        let scripts = builders.filter(|it| it.arguments.get(1).is_some_and(|a| a == "sh"));
        Ok(scripts
            .filter_map(|it| it.arguments.get(2).cloned())
            .collect())
    }

    /// Insists that no builder is left, at once or soon; tells when.
    pub fn no_builder_left(&self, within: Duration) -> Result<Duration> {
        wait_until(
            &format!("no builder is left on {}", self.name()),
            within,
            || Ok(self.builders_running()? == 0),
        )
    }

    /// The hook processes that run here, whoever's they are.
    pub fn hooks(&self) -> Result<Vec<Process>> {
        let is_hook = |p: &Process| {
            let system = p.arguments.iter().position(|a| a.ends_with("-linux"));
            let numbers = |i: usize| {
                p.arguments
                    .get(i + 1)
                    .is_some_and(|a| a.parse::<u64>().is_ok())
                    && p.arguments
                        .get(i + 3)
                        .is_some_and(|a| a.parse::<u64>().is_ok())
            };
            !p.zombie && system.is_some_and(numbers)
        };
        Ok(self.processes()?.into_iter().filter(is_hook).collect())
    }

    /// The processes here that hold connections for hooks.
    pub fn holders(&self) -> Result<Vec<Process>> {
        let is_holder =
            |p: &Process| !p.zombie && p.arguments.iter().any(|a| a == "hold-connections");
        Ok(self.processes()?.into_iter().filter(is_holder).collect())
    }
}

/// The user that a daemon runs as.
fn own_user(options: &DaemonOptions) -> &'static str {
    if options.privileged {
        "root"
    } else {
        "guix-daemon"
    }
}

fn service(socket: &str) -> String {
    format!("guix-daemon {socket}")
}

/// A process and all that come from it.
fn descendants(all: &[Process], root: i32) -> Vec<Process> {
    let mut family: Vec<Process> = all.iter().filter(|p| p.pid == root).cloned().collect();
    let mut next = 0;
    while let Some(parent) = family.get(next).map(|p| p.pid) {
        family.extend(all.iter().filter(|p| p.parent == parent).cloned());
        next += 1;
    }
    family
}
