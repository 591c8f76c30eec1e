//! A host: a root file system, a network and processes of its own.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::exec::Exec;
use crate::lab::{Cable, Namespaces, remove};
use crate::processes::{self, Process};
use crate::roots::Suite;
use crate::sys::wait_until;
use crate::wire::Daemon;

/// What kind of host to start.
#[derive(Clone, Copy, Debug)]
pub struct HostOptions {
    /// Whose Guix it runs.
    pub suite: Suite,
    /// The size of its disk in MiB; `None`: that of the machine.
    pub disk: Option<u32>,
}

impl Default for HostOptions {
    fn default() -> Self {
        HostOptions {
            suite: Suite::Sid,
            disk: None,
        }
    }
}

/// A host; dropping it ends all that runs there and removes its files.
pub struct Host {
    name: String,
    address: Ipv4Addr,
    suite: Suite,
    directory: PathBuf,
    init: Namespaces,
    cable: Cable,
    /// Programs that stay, by what they are.
    services: Mutex<BTreeMap<String, Child>>,
    /// The harness's own connection, which roots what it adds.
    connection: Mutex<Option<Daemon>>,
}

impl Host {
    pub(crate) fn start(
        name: &str,
        address: Ipv4Addr,
        directory: &Path,
        root: &Path,
        switch: i32,
        options: &HostOptions,
    ) -> Result<Host> {
        fs::create_dir(directory)?;
        let size = match options.disk {
            Some(mib) => Some(mib),
            // An overlay's upper directory cannot lie on another overlay.
            None if on_overlay(directory) => Some(8192),
            None => None,
        };
        let disk = size.map_or(String::new(), |mib| {
            format!("mount -t tmpfs -o size={mib}m,mode=755 tmpfs .")
        });
        // Devices of its own: the daemon gives a fixed output's builder a network
        // through tun, and where its user may not open that, its worker dies
        // (measured, 1.5.0).
        // pivot_root and not chroot: the daemon makes user namespaces for its
        // builders, which the kernel forbids to a process in a chroot.
        let script = format!(
            "mount --make-rprivate /; cd '{directory}'; mkdir disk; cd disk; {disk}
             cd '{directory}/disk'; mkdir upper work root
             mount -t overlay overlay -o 'lowerdir={root},upperdir=upper,workdir=work' root
             cd root; mkdir -p oldroot
             mount -t proc proc proc; mount --rbind /sys sys
             mount -t tmpfs -o mode=755 tmpfs dev; mkdir -p dev/pts dev/shm dev/net
             mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts dev/pts
             mount -t tmpfs -o mode=1777 tmpfs dev/shm
             mknod -m 666 dev/null c 1 3; mknod -m 666 dev/zero c 1 5
             mknod -m 666 dev/full c 1 7; mknod -m 666 dev/random c 1 8
             mknod -m 666 dev/urandom c 1 9; mknod -m 666 dev/tty c 5 0
             mknod -m 666 dev/net/tun c 10 200; ln -s pts/ptmx dev/ptmx
             ln -s /proc/self/fd dev/fd; ln -s fd/0 dev/stdin
             ln -s fd/1 dev/stdout; ln -s fd/2 dev/stderr
             mount -t tmpfs tmpfs run; mkdir -p run/sshd
             hostname {name}; pivot_root . oldroot; cd /; busybox umount -l /oldroot
             exec sh -c 'echo ready; read -r end || true'",
            directory = directory.display(),
            root = root.display(),
        );
        let init = Namespaces::start(
            &[
                "--mount",
                "--uts",
                "--net",
                "--pid",
                "--fork",
                "--kill-child",
            ],
            &script,
        )?;
        let cable = Cable::plug(switch, init.pid(), address)?;
        let host = Host {
            name: name.to_owned(),
            address,
            suite: options.suite,
            directory: directory.to_owned(),
            init,
            cable,
            services: Mutex::default(),
            connection: Mutex::default(),
        };
        host.write("/etc/hostname", format!("{name}\n"))?;
        host.knows(&[])?;
        Ok(host)
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its address, known to the hosts of its lab only.
    pub fn address(&self) -> Ipv4Addr {
        self.address
    }

    /// Whose Guix it runs.
    pub fn suite(&self) -> Suite {
        self.suite
    }

    /// Its first process, as this machine numbers it.
    pub fn init(&self) -> i32 {
        self.init.pid()
    }

    /// Where a file of its lies for this machine's programs.
    pub fn path(&self, file: impl AsRef<Path>) -> PathBuf {
        let file = file.as_ref();
        let inside = file.strip_prefix("/").unwrap_or(file);
        Path::new("/proc")
            .join(self.init.pid().to_string())
            .join("root")
            .join(inside)
    }

    /// Reads a file.
    pub fn read(&self, file: impl AsRef<Path>) -> Result<Vec<u8>> {
        let path = file.as_ref();
        fs::read(self.path(path))
            .with_context(|| format!("{}: cannot read {}", self.name, path.display()))
    }

    /// Reads a file of text.
    pub fn read_text(&self, file: impl AsRef<Path>) -> Result<String> {
        Ok(String::from_utf8_lossy(&self.read(file)?).into_owned())
    }

    /// Writes a file that root owns and all may read, its directories too.
    pub fn write(&self, file: impl AsRef<Path>, contents: impl AsRef<[u8]>) -> Result<()> {
        let path = self.path(&file);
        let tell = || format!("{}: cannot write {}", self.name, file.as_ref().display());
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).with_context(tell)?;
        }
        fs::write(path, contents).with_context(tell)
    }

    /// Copies a program of this machine there; one that runs is replaced.
    pub fn install(&self, program: &Path, file: impl AsRef<Path>) -> Result<()> {
        let path = self.path(&file);
        let tell = || format!("{}: cannot install {}", self.name, file.as_ref().display());
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).with_context(tell)?;
        }
        let new = path.with_extension("new");
        fs::copy(program, &new).with_context(tell)?;
        fs::set_permissions(&new, fs::Permissions::from_mode(0o755)).with_context(tell)?;
        fs::rename(&new, &path).with_context(tell)
    }

    /// Lets it know the names of other hosts.
    pub fn knows(&self, others: &[&Host]) -> Result<()> {
        let mut text = String::from("127.0.0.1 localhost\n");
        for host in std::iter::once(&self).chain(others) {
            text.push_str(&format!("{} {}\n", host.address, host.name));
        }
        self.write("/etc/hosts", text)
    }

    /// Prepares a program as root with a clean environment.
    pub fn exec(&self, program: &[impl AsRef<OsStr>]) -> Exec {
        self.exec_with(&[("HOME".into(), "/root".into())], program)
    }

    /// Prepares a program as root with these variables and PATH.
    pub fn exec_with(&self, variables: &[(String, String)], program: &[impl AsRef<OsStr>]) -> Exec {
        Exec::new(self.init.pid(), variables, program)
    }

    /// Prepares a line of shell as root.
    pub fn shell(&self, line: &str) -> Exec {
        self.exec(&["sh", "-ec", line])
    }

    /// Lists its processes.
    pub fn processes(&self) -> Result<Vec<Process>> {
        processes::of_namespace(self.init.pid())
    }

    /// Lets every packet from and to it vanish, or pass again.
    pub fn drop_packets(&self, drop: bool) -> Result<()> {
        self.cable.set_up(!drop)
    }

    /// Opens a port that accepts connections and never says anything, for as
    /// long as the value lives.
    pub fn silent_port(&self) -> Result<TcpListener> {
        // The kernel accepts for it.
        Ok(self.in_network(|| TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0)))??)
    }

    /// Keeps the hardware address of another host. Without it the kernel says
    /// after three seconds that there is no such host on the switch, where a
    /// router in between would let packets vanish.
    pub fn hold_address(&self, other: &Host) -> Result<()> {
        let line = "ip -o link show dev eth0 | sed 's/.*link.ether \\([0-9a-f:]*\\).*/\\1/'";
        let address = other.shell(line).ok()?;
        let address = address.trim();
        if address.len() != 17 {
            bail!("{}: no hardware address in {address:?}", other.name);
        }
        let line = format!(
            "ip neigh replace {} lladdr {address} dev eth0 nud permanent",
            other.address
        );
        self.shell(&line).ok()?;
        Ok(())
    }

    /// Lets it seem to be as busy as that; `Host::end_pretence` undoes it.
    /// Meanwhile it can build nothing: where a part of /proc is hidden the
    /// kernel lets nobody mount it anew (measured).
    pub fn pretend_load(&self, average: f64) -> Result<()> {
        // Written in place: what is bound is the file, not its name.
        let line = format!(
            "echo '{average:.2} {average:.2} {average:.2} 1/100 999' > /run/loadavg
             grep -q ' /proc/loadavg ' /proc/mounts || busybox mount --bind /run/loadavg /proc/loadavg"
        );
        self.shell(&line).ok()?;
        Ok(())
    }

    /// Lets it be as busy as it is.
    pub fn end_pretence(&self) -> Result<()> {
        self.shell("busybox umount /proc/loadavg").ok()?;
        Ok(())
    }

    /// Fills its disk but for some KiB; `Host::empty_disk` undoes it.
    ///
    /// Only for a host that was started with a disk of a fixed size.
    pub fn fill_disk(&self, leave_kib: u64) -> Result<()> {
        let line = format!(
            "free=$(df --output=avail -k /var | tail -n 1); \
             fallocate -l $((free - {leave_kib}))K /var/filler"
        );
        self.shell(&line).ok()?;
        Ok(())
    }

    /// Makes room again after `Host::fill_disk`.
    pub fn empty_disk(&self) -> Result<()> {
        fs::remove_file(self.path("/var/filler")).context("the disk was not filled")
    }

    pub(crate) fn services(&self) -> MutexGuard<'_, BTreeMap<String, Child>> {
        self.services.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn connection(&self) -> MutexGuard<'_, Option<Daemon>> {
        self.connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts a program that stays until `end_service`.
    pub(crate) fn start_service(&self, name: &str, exec: Exec) -> Result<i32> {
        let log = fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.log(name))?;
        let child = exec.background(log)?;
        let nsenter = i32::try_from(child.id())?;
        self.services().insert(name.to_owned(), child);
        let mut pid = None;
        wait_until(
            &format!("{name} on {} starts", self.name),
            Duration::from_secs(5),
            || {
                pid = processes::children(nsenter).first().copied();
                Ok(pid.is_some())
            },
        )?;
        pid.context("no process")
    }

    /// All that a service has written.
    pub(crate) fn whole_log(&self, name: &str) -> String {
        let bytes = fs::read(self.log(name)).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// The end of it.
    pub(crate) fn service_log(&self, name: &str) -> String {
        let all = self.whole_log(name);
        let mut begin = all.len().saturating_sub(2000);
        while !all.is_char_boundary(begin) {
            begin += 1;
        }
        all.get(begin..).unwrap_or_default().to_owned()
    }

    fn log(&self, name: &str) -> PathBuf {
        self.directory
            .join(format!("{}.log", name.replace('/', "_")))
    }

    /// Tells the process id of a service that runs.
    pub(crate) fn service(&self, name: &str) -> Option<i32> {
        let nsenter = i32::try_from(self.services().get(name)?.id()).ok()?;
        processes::children(nsenter).first().copied()
    }

    /// Waits for a service that was told to end.
    pub(crate) fn end_service(&self, name: &str) -> Result<()> {
        let Some(mut child) = self.services().remove(name) else {
            return Ok(());
        };
        wait_until(
            &format!("{name} on {} ends", self.name),
            Duration::from_secs(10),
            || Ok(child.try_wait()?.is_some()),
        )?;
        Ok(())
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        // With the first process all others go, and all mounts with them.
        *self.connection() = None;
        self.init.end();
        for (_, mut child) in std::mem::take(&mut *self.services()) {
            // nsenter may be stopped, and would wait for ever to go on.
            if let Err(e) = child.kill().and_then(|()| child.wait()) {
                eprintln!("lab: {e}");
            }
        }
        remove(&self.directory);
    }
}

/// Tells whether a directory lies on an overlay.
fn on_overlay(directory: &Path) -> bool {
    nix::sys::statfs::statfs(directory)
        .is_ok_and(|s| s.filesystem_type() == nix::sys::statfs::OVERLAYFS_SUPER_MAGIC)
}
