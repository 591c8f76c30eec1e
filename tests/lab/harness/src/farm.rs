//! A head and two build machines that know each other.

use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use nix::sys::signal::Signal;

use anyhow::{Context, Result, bail};

use crate::derivation::Built;
use crate::guix::{DaemonOptions, Hook, SOCKET};
use crate::host::{Host, HostOptions};
use crate::lab::Lab;
use crate::machines::Machine;
use crate::roots::Suite;
use crate::sys::wait_until;

/// A head, w1 and w2, and the lab that they are in.
pub struct Farm {
    /// Runs the hook.
    pub head: Host,
    /// The first build machine.
    pub w1: Host,
    /// The second.
    pub w2: Host,
    hook: Hook,
    daemon: Option<DaemonOptions>,
    /// Last: it goes when its hosts are gone.
    lab: Lab,
}

impl Farm {
    /// Starts a farm whose head uses this hook.
    pub fn new(hook: Hook) -> Result<Farm> {
        let lab = Lab::new()?;
        let head = lab.host("head")?;
        let w1 = lab.host("w1")?;
        let w2 = lab.host("w2")?;
        let mut farm = Farm {
            head,
            w1,
            w2,
            hook,
            daemon: None,
            lab,
        };
        let hosts = [&farm.head, &farm.w1, &farm.w2];
        on_each(&hosts, |host| {
            let others: Vec<&Host> = hosts
                .iter()
                .copied()
                .filter(|h| h.name() != host.name())
                .collect();
            host.knows(&others)?;
            if host.name() != "head" {
                host.start_daemon(&DaemonOptions::default())?;
            }
            Ok(())
        })?;
        farm.reset()?;
        Ok(farm)
    }

    /// The hook under test.
    pub fn hook(&self) -> &Hook {
        &self.hook
    }

    /// The program under test; `None` when it is stock's.
    pub fn program(&self) -> Option<&PathBuf> {
        match &self.hook {
            Hook::Stock => None,
            Hook::Front(program) | Hook::Extension(program) => Some(program),
        }
    }

    /// Tells whether the hook is Guix's own.
    pub fn is_stock(&self) -> bool {
        self.hook == Hook::Stock
    }

    /// All hosts.
    pub fn hosts(&self) -> [&Host; 3] {
        [&self.head, &self.w1, &self.w2]
    }

    /// Starts a further host that the head knows: keys exchanged, daemon and
    /// sshd running.
    pub fn machine(&self, name: &str, options: &HostOptions) -> Result<Host> {
        let host = self.lab.host_with(name, options)?;
        let daemon = DaemonOptions::default();
        // The daemon of 1.2.0 knows no other way than as root.
        let daemon = if options.suite == Suite::Sid {
            daemon
        } else {
            daemon.privileged()
        };
        host.start_daemon(&daemon)?;
        self.open(&host, &self.head.ssh_key()?)?;
        self.head.authorize(&host)?;
        self.head.knows(&[&self.w1, &self.w2, &host])?;
        Ok(host)
    }

    /// Starts a further head with a daemon like this, which may use w1 and w2.
    pub fn further_head(
        &self,
        name: &str,
        daemon: &DaemonOptions,
        options: &HostOptions,
    ) -> Result<Host> {
        let host = self.lab.host_with(name, options)?;
        host.knows(&[&self.w1, &self.w2])?;
        host.start_daemon(daemon)?;
        for machine in [&self.w1, &self.w2] {
            host.authorize(machine)?;
            machine.authorize(&host)?;
            let keys = [self.head.ssh_key()?, host.ssh_key()?];
            machine.authorize_ssh(&[&keys[0], &keys[1]])?;
        }
        host.write_machines(&self.machines()?)?;
        Ok(host)
    }

    /// Lets a machine know and serve the head.
    fn open(&self, machine: &Host, key: &str) -> Result<()> {
        machine.deauthorize_all()?;
        machine.authorize(&self.head)?;
        machine.authorize_ssh(&[key])?;
        machine.start_sshd(&[])
    }

    /// The two machines' entries: two slots each, w1 the faster.
    pub fn machines(&self) -> Result<Vec<Machine>> {
        Ok(vec![
            Machine::of(&self.w1)?.speed(2.0),
            Machine::of(&self.w2)?,
        ])
    }

    /// Brings everything back to where it should be at a test's start.
    pub fn reset(&mut self) -> Result<()> {
        self.normal_daemon()?;
        self.head.knows(&[&self.w1, &self.w2])?;
        let key = self.head.ssh_key()?;
        let machines = [&self.w1, &self.w2];
        on_each(&machines, |host| {
            host.drop_packets(false)?;
            host.pause_daemon(false)?;
            if host.service(&format!("guix-daemon {SOCKET}")).is_none() {
                host.start_daemon(&DaemonOptions::default())?;
            }
            self.open(host, &key)
        })?;
        self.head.deauthorize_all()?;
        self.forget()?;
        machines.iter().try_for_each(|m| self.head.authorize(m))?;
        self.head.write_machines(&self.machines()?)
    }

    /// Lets the head forget what it knows of the machines, which are out of
    /// service, and its connections to them.
    pub fn forget(&self) -> Result<()> {
        for holder in self.head.holders()? {
            holder.signal(Signal::SIGKILL)?;
        }
        for folder in ["evidence", "drained"] {
            let known = self.head.path("/var/guix/offload/hook").join(folder);
            if let Err(error) = std::fs::remove_dir_all(&known)
                && error.kind() != std::io::ErrorKind::NotFound
            {
                return Err(error.into());
            }
        }
        Ok(())
    }

    /// Restarts the head's daemon with other options, until the next reset.
    pub fn head_daemon(&mut self, options: DaemonOptions) -> Result<()> {
        self.head.start_daemon(&options)?;
        self.daemon = Some(options);
        Ok(())
    }

    /// The head's daemon as tests expect it.
    pub fn normal_options(&self) -> DaemonOptions {
        DaemonOptions::with_hook(self.hook.clone())
    }

    fn normal_daemon(&mut self) -> Result<()> {
        let wanted = self.normal_options();
        let same = self.daemon.as_ref().is_some_and(|d| {
            d.hook == wanted.hook
                && d.privileged == wanted.privileged
                && d.variables == wanted.variables
                && d.arguments == wanted.arguments
        });
        let runs = self
            .head
            .service(&format!("guix-daemon {SOCKET}"))
            .is_some();
        if same && runs {
            Ok(())
        } else {
            self.head_daemon(wanted)
        }
    }

    /// Adds a derivation to the head's store and builds it.
    pub fn build(&self, drv: &crate::derivation::Drv) -> Result<(Built, crate::exec::Finished)> {
        let built = self.head.add(drv)?;
        let finished = self.head.guix_build(&[&built.path]).run()?;
        Ok((built, finished))
    }

    /// How many builders run on the machines.
    pub fn builders_running(&self) -> Result<usize> {
        Ok(self.w1.builders_running()? + self.w2.builders_running()?)
    }

    /// Insists that no builder is left on any machine.
    pub fn no_builder_left(&self, within: Duration) -> Result<()> {
        self.w1.no_builder_left(within)?;
        self.w2.no_builder_left(within)?;
        Ok(())
    }

    /// Insists that outputs are on the head, were built on a build machine,
    /// and that their rows are those that a local build makes: the build
    /// machine's own daemon built them there.
    pub fn came_back(&self, built: &Built) -> Result<&Host> {
        came_back(&self.head, &[&self.w1, &self.w2], built)
    }

    /// The check that ends every test: stores sound, no slot held, no
    /// builder and no hook left.
    pub fn check(&self) -> Result<()> {
        check(&self.head, &[&self.w1, &self.w2])
    }
}

/// As `Farm::came_back`, for other hosts.
pub fn came_back<'h>(head: &Host, machines: &[&'h Host], built: &Built) -> Result<&'h Host> {
    let mut from = None;
    for (name, output) in &built.outputs {
        let own = head
            .row(output)?
            .with_context(|| format!("output {name} is not valid on {}", head.name()))?;
        if own.deriver.as_deref() != Some(built.path.as_str()) {
            bail!("output {name} has deriver {:?}", own.deriver);
        }
        let rows = machines
            .iter()
            .filter_map(|m| Some((*m, m.row(output).ok().flatten()?)));
        let rows: Vec<_> = rows.collect();
        // What was interrupted may have been built on another, too, and what
        // comes out may differ.
        let builder = rows.iter().find(|(_, row)| *row == own).or(rows.first());
        let (machine, theirs) = builder.context("no build machine has built it")?;
        if own != *theirs {
            bail!("output {name} has row {own:?}, a local build {theirs:?}");
        }
        if head.path(output).symlink_metadata().is_err() {
            bail!("output {name} has a row and no file");
        }
        from = Some(*machine);
    }
    from.context("no outputs")
}

/// As `Farm::check`, for other hosts.
pub fn check(head: &Host, machines: &[&Host]) -> Result<()> {
    for machine in machines {
        machine.no_builder_left(Duration::from_secs(2))?;
    }
    wait_until("no hook is left", Duration::from_secs(5), || {
        Ok(head.hooks()?.is_empty())
    })?;
    head.slots_free(Duration::from_secs(2))?;
    let mut all = machines.to_vec();
    all.push(head);
    on_each(&all, Host::gc_verify)
}

/// Does the same on several hosts at once.
pub fn on_each(hosts: &[&Host], work: impl Fn(&Host) -> Result<()> + Sync) -> Result<()> {
    thread::scope(|scope| {
        let threads: Vec<_> = hosts.iter().map(|h| scope.spawn(|| work(h))).collect();
        let mut result = Ok(());
        for thread in threads {
            let one = thread.join().unwrap_or_else(|_| bail!("a thread panicked"));
            if result.is_ok() {
                result = one;
            }
        }
        result
    })
}
