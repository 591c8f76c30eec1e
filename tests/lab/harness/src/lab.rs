//! A lab: a switch to which hosts are plugged in.
//!
//! Everything of a lab hangs on processes that wait for the end of a pipe
//! whose other end this program holds: when it ends, however it ends, they
//! end, and with them their namespaces, mounts and whatever runs inside. What
//! can be left over are directories; the next lab removes those.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicU8, Ordering};

use anyhow::{Context, Result, bail};
use nix::fcntl::{Flock, FlockArg};

use crate::host::{Host, HostOptions};
use crate::processes;
use crate::roots;
use crate::sys::{run, unique};

/// Tells why this machine cannot hold a lab; `None` when it can.
pub fn obstacle() -> Option<String> {
    if !nix::unistd::geteuid().is_root() {
        return Some("needs root".to_owned());
    }
    let probe = "mount --make-rprivate / && mount -t tmpfs tmpfs /mnt";
    let tried = Command::new("unshare")
        .args([
            "--mount", "--uts", "--net", "--pid", "--fork", "sh", "-ec", probe,
        ])
        .stdin(Stdio::null())
        .output();
    match tried {
        Ok(output) if output.status.success() => None,
        Ok(output) => Some(format!(
            "needs namespaces: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        )),
        Err(e) => Some(format!("needs unshare(1): {e}")),
    }
}

/// Some hosts on one switch, apart from every other lab.
pub struct Lab {
    directory: PathBuf,
    switch: Namespaces,
    next_address: AtomicU8,
    /// Held as long as the lab lives: whose lock is free is left over.
    _lock: Flock<File>,
}

impl Lab {
    /// Sets up a lab without hosts, and removes what killed runs left.
    pub fn new() -> Result<Lab> {
        if let Some(reason) = obstacle() {
            bail!("no lab on this machine: {reason}");
        }
        let hosts = roots::directory()?.join("hosts");
        fs::create_dir_all(&hosts)?;
        remove_remains(&hosts)?;
        let directory = hosts.join(unique());
        fs::create_dir(&directory)?;
        let lock = roots::lock(&directory.join("lock"))?;
        let switch = Namespaces::start(
            &["--net"],
            "ip link set lo up; ip link add br0 type bridge; ip link set br0 up; \
             echo ready; read -r end || true",
        )
        .context("cannot start the switch")?;
        Ok(Lab {
            directory,
            switch,
            next_address: AtomicU8::new(1),
            _lock: lock,
        })
    }

    /// Starts a host with Guix 1.5.0 and no daemon or sshd running yet.
    pub fn host(&self, name: &str) -> Result<Host> {
        self.host_with(name, &HostOptions::default())
    }

    /// Starts a host.
    pub fn host_with(&self, name: &str, options: &HostOptions) -> Result<Host> {
        let root = roots::root(options.suite, &mut |text| eprintln!("lab: {text}"))?;
        let number = self.next_address.fetch_add(1, Ordering::Relaxed);
        let address = Ipv4Addr::new(10, 77, 0, number);
        let directory = self.directory.join(format!("{name}-{number}"));
        Host::start(name, address, &directory, &root, self.switch.pid(), options)
            .with_context(|| format!("cannot start host {name}"))
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        self.switch.end();
        remove(&self.directory);
    }
}

/// Removes the directories of labs whose program is gone.
fn remove_remains(hosts: &Path) -> Result<()> {
    for entry in fs::read_dir(hosts)? {
        let directory = entry?.path();
        let Ok(lock) = File::open(directory.join("lock")) else {
            // Just being made, or damaged: an old one is damaged.
            let age = directory.metadata().and_then(|m| m.modified()).ok();
            if age
                .and_then(|t| t.elapsed().ok())
                .is_some_and(|a| a.as_secs() > 60)
            {
                remove(&directory);
            }
            continue;
        };
        if Flock::lock(lock, FlockArg::LockExclusiveNonblock).is_ok() {
            remove(&directory);
        }
    }
    Ok(())
}

/// Removes a directory with all that is in it; says when it cannot.
pub(crate) fn remove(directory: &Path) {
    if let Err(e) = fs::remove_dir_all(directory)
        && e.kind() != std::io::ErrorKind::NotFound
    {
        eprintln!("lab: cannot remove {}: {e}", directory.display());
    }
}

/// Namespaces held by a shell that waits for the end of our pipe.
pub(crate) struct Namespaces {
    unshare: Child,
    pid: i32,
    /// Closing it ends the shell.
    pipe: Option<ChildStdin>,
}

impl Namespaces {
    /// Starts a shell in new namespaces and waits for it to say "ready".
    pub(crate) fn start(unshare: &[&str], script: &str) -> Result<Namespaces> {
        let mut child = Command::new("unshare")
            .args(unshare)
            .args(["sh", "-ec"])
            .arg(script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .current_dir("/")
            .spawn()
            .context("cannot run unshare(1)")?;
        let pipe = child.stdin.take();
        let mut line = String::new();
        if let Some(out) = child.stdout.take() {
            BufReader::new(out).read_line(&mut line)?;
        }
        if line.trim() != "ready" {
            drop(pipe);
            let output = child.wait_with_output()?;
            bail!("{}", String::from_utf8_lossy(&output.stderr).trim());
        }
        let unshare_pid = i32::try_from(child.id())?;
        // With --fork the shell is a child, else it is unshare itself.
        let pid = processes::children(unshare_pid)
            .first()
            .copied()
            .unwrap_or(unshare_pid);
        Ok(Namespaces {
            unshare: child,
            pid,
            pipe,
        })
    }

    /// The process whose namespaces these are.
    pub(crate) fn pid(&self) -> i32 {
        self.pid
    }

    /// Ends everything in them.
    pub(crate) fn end(&mut self) {
        self.pipe = None;
        if let Err(e) = processes::send(self.pid, nix::sys::signal::Signal::SIGKILL) {
            eprintln!("lab: {e}");
        }
        if let Err(e) = self.unshare.wait() {
            eprintln!("lab: {e}");
        }
    }
}

impl Drop for Namespaces {
    fn drop(&mut self) {
        if self.pipe.is_some() {
            self.end();
        }
    }
}

/// A cable between a host and the switch.
pub(crate) struct Cable {
    switch: i32,
    end: String,
}

impl Cable {
    /// Plugs a host in under an address.
    pub(crate) fn plug(switch: i32, host: i32, address: Ipv4Addr) -> Result<Cable> {
        let end = format!("v{}", address.octets()[3]);
        let switch_side = format!(
            "ip link add {end} type veth peer name eth0 netns {host}; \
             ip link set {end} master br0 up"
        );
        enter_network(switch, &switch_side)?;
        let host_side =
            format!("ip link set lo up; ip addr add {address}/24 dev eth0; ip link set eth0 up");
        enter_network(host, &host_side)?;
        Ok(Cable { switch, end })
    }

    /// Lets packets vanish without a word, or pass again.
    pub(crate) fn set_up(&self, up: bool) -> Result<()> {
        let state = if up { "up" } else { "down" };
        enter_network(self.switch, &format!("ip link set {} {state}", self.end))
    }
}

/// Runs a line of shell in the network of a process, with our own programs.
fn enter_network(pid: i32, line: &str) -> Result<()> {
    let pid = pid.to_string();
    run(Command::new("nsenter").args(["-t", &pid, "-n", "sh", "-ec", line]))?;
    Ok(())
}
