//! Root file systems with Guix, made once and kept.
//!
//! Debian packages Guix in sid (1.5.0) and bullseye (1.2.0); debootstrap
//! fails on its dependencies, mmdebstrap does not.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use nix::fcntl::{Flock, FlockArg};

use crate::sys::{run, shell};

/// What every root has beside the bare system. slirp4netns: without it each
/// fixed-output build logs that it is missing.
const PACKAGES: &str = "guix,openssh-server,openssh-client,iproute2,procps,busybox-static,\
                        ca-certificates,guile-ssh,slirp4netns";

/// Goes up whenever a root made by an older version will not do.
const RECIPE: u32 = 1;

/// A Debian suite whose Guix a host can run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Suite {
    /// Guix 1.5.0.
    Sid,
    /// Guix 1.2.0, whose daemon runs as root only.
    Bullseye,
}

impl Suite {
    /// Debian's name for it.
    pub fn name(self) -> &'static str {
        match self {
            Suite::Sid => "sid",
            Suite::Bullseye => "bullseye",
        }
    }

    /// The version of its Guix.
    pub fn guix(self) -> &'static str {
        match self {
            Suite::Sid => "1.5.0",
            Suite::Bullseye => "1.2.0",
        }
    }
}

/// The directory that keeps roots and hosts: `$OFFLOAD_LAB_DIR`, else `lab`
/// in cargo's target directory.
pub fn directory() -> Result<PathBuf> {
    if let Some(dir) = std::env::var_os("OFFLOAD_LAB_DIR") {
        return Ok(PathBuf::from(dir));
    }
    let program = std::env::current_exe().context("cannot tell where this program lies")?;
    let target = program
        .ancestors()
        .find(|d| d.join("CACHEDIR.TAG").exists());
    let base = target.unwrap_or_else(|| Path::new("/var/tmp/offload"));
    Ok(base.join("lab"))
}

/// Gives the root of a suite, made now if it is not there yet.
///
/// `say` hears of what takes long.
pub fn root(suite: Suite, say: &mut dyn FnMut(&str)) -> Result<PathBuf> {
    let roots = directory()?.join("roots");
    let root = roots.join(format!("{}-{RECIPE}", suite.name()));
    if root.exists() {
        return Ok(root);
    }
    fs::create_dir_all(&roots).with_context(|| format!("cannot make {}", roots.display()))?;
    let _lock = lock(&roots.join(format!("{}.lock", suite.name())))?;
    if root.exists() {
        return Ok(root);
    }
    install_tools(say)?;
    say(&format!(
        "making a root with Guix {} (Debian {}), once",
        suite.guix(),
        suite.name()
    ));
    let unfinished = root.with_extension("unfinished");
    if unfinished.exists() {
        fs::remove_dir_all(&unfinished)?;
    }
    run(Command::new("mmdebstrap")
        .args(["--quiet", "--variant=apt"])
        .arg("--aptopt=Acquire::Check-Valid-Until \"false\"")
        .arg(format!("--include={PACKAGES}"))
        .arg(suite.name())
        .arg(&unfinished)
        .arg(mirror()?))?;
    // Only a whole root has the name: an interrupted one is never used.
    fs::rename(&unfinished, &root)?;
    Ok(root)
}

/// Takes a lock file for as long as the value lives.
pub(crate) fn lock(file: &Path) -> Result<Flock<File>> {
    let open = File::create(file).with_context(|| format!("cannot open {}", file.display()))?;
    Flock::lock(open, FlockArg::LockExclusive)
        .map_err(|(_, e)| e)
        .with_context(|| format!("cannot lock {}", file.display()))
}

/// Installs what a fresh Debian machine lacks for all this.
fn install_tools(say: &mut dyn FnMut(&str)) -> Result<()> {
    let needed = [
        ("mmdebstrap", "mmdebstrap"),
        ("ip", "iproute2"),
        ("newuidmap", "uidmap"),
        ("nsenter", "util-linux"),
        ("mount", "mount"),
        ("ssh-keygen", "openssh-client"),
    ];
    let missing: Vec<&str> = needed
        .iter()
        .filter(|(program, _)| !in_path(program))
        .map(|(_, package)| *package)
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    if !in_path("apt-get") {
        bail!("needs {}; please install them", missing.join(", "));
    }
    say(&format!("installing {}", missing.join(", ")));
    shell(&format!(
        "apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq {} >&2",
        missing.join(" ")
    ))
    .context("cannot install what the lab needs")?;
    Ok(())
}

fn in_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let own = std::env::split_paths(&path).any(|d| d.join(program).exists());
    own || Path::new("/usr/sbin").join(program).exists()
}

/// The Debian mirror that this machine itself uses.
fn mirror() -> Result<String> {
    let sites = run(Command::new("apt-get").args([
        "indextargets",
        "--format",
        "$(SITE)",
        "Created-By: Packages",
    ]))?;
    sites
        .lines()
        .find(|s| !s.is_empty() && !s.contains("security"))
        .map(str::to_owned)
        .context("apt names no Debian mirror")
}
