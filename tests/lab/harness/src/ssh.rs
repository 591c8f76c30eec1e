//! A host's SSH server, and who may enter.

use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use anyhow::Result;
use nix::sys::signal::Signal;

use crate::host::Host;
use crate::roots::Suite;
use crate::sys::wait_until;

const SERVICE: &str = "sshd";
const AUTHORIZED: &str = "/root/.ssh/authorized_keys";

impl Host {
    /// Starts sshd, or starts it anew, with options as in sshd_config.
    ///
    /// The host has a host key of each type given; ed25519 comes always.
    pub fn start_sshd(&self, options: &[&str]) -> Result<()> {
        self.stop_sshd()?;
        self.make_host_keys()?;
        let mut line = vec!["/usr/sbin/sshd", "-D", "-e"];
        let mut all = vec!["MaxStartups=100:30:200"];
        if self.suite() == Suite::Sid && !options.iter().any(|o| o.starts_with("PerSource")) {
            // Tests that are refused on purpose must not hold up the next.
            all.push("PerSourcePenalties=no");
        }
        // The first value of an option counts.
        for option in options.iter().chain(&all) {
            line.extend(["-o", option]);
        }
        self.start_service(SERVICE, self.exec(&line))?;
        let address = SocketAddr::from(([127, 0, 0, 1], 22));
        wait_until(
            &format!("sshd of {} listens", self.name()),
            Duration::from_secs(10),
            || self.in_network(move || TcpStream::connect(address).is_ok()),
        )?;
        Ok(())
    }

    /// What its sshd has written since it was started last.
    pub fn sshd_log(&self) -> String {
        let all = self.whole_log(SERVICE);
        let last = all.rsplit("Server listening on 0.0.0.0").next();
        last.unwrap_or_default().to_owned()
    }

    /// How many logins its sshd has let in.
    pub fn logins(&self) -> usize {
        let log = self.whole_log(SERVICE);
        let accepted = log.lines().filter(|it| it.contains("Accepted publickey"));
        accepted.count()
    }

    /// Ends sshd and every session.
    pub fn stop_sshd(&self) -> Result<()> {
        for process in self
            .processes()?
            .iter()
            .filter(|p| p.name.starts_with("sshd"))
        {
            process.signal(Signal::SIGKILL)?;
        }
        self.end_service(SERVICE)
    }

    /// Ends every session's process and leaves the server listening.
    pub fn end_sessions(&self) -> Result<()> {
        let server = self.service(SERVICE);
        for process in self
            .processes()?
            .iter()
            .filter(|p| p.name.starts_with("sshd"))
        {
            if Some(process.pid) != server {
                process.signal(Signal::SIGKILL)?;
            }
        }
        Ok(())
    }

    fn make_host_keys(&self) -> Result<()> {
        if self.path("/etc/ssh/.lab").exists() {
            return Ok(());
        }
        // Those of the root are shared by all hosts.
        let line = "rm -f /etc/ssh/ssh_host_*; cd /etc/ssh
                    for t in ed25519 ecdsa; do ssh-keygen -q -t $t -N '' -C '' -f ssh_host_${t}_key; done
                    touch .lab";
        self.shell(line).ok()?;
        Ok(())
    }

    /// Its public host key: type and base 64.
    pub fn host_key(&self, kind: &str) -> Result<String> {
        self.make_host_keys()?;
        Ok(self
            .read_text(format!("/etc/ssh/ssh_host_{kind}_key.pub"))?
            .trim()
            .to_owned())
    }

    /// Makes the key with which its daemon's user enters others, if there is
    /// none yet; gives the public half.
    pub fn ssh_key(&self) -> Result<String> {
        if !self.path("/etc/guix/ssh/id.pub").exists() {
            let line = "mkdir -p /etc/guix/ssh; chmod 700 /etc/guix/ssh
                        ssh-keygen -q -t ed25519 -N '' -C lab -f /etc/guix/ssh/id
                        chown -R --reference=/var/guix /etc/guix/ssh";
            self.shell(line).ok()?;
        }
        Ok(self.read_text("/etc/guix/ssh/id.pub")?.trim().to_owned())
    }

    /// Lets the holders of these keys enter as root, and nobody else; each
    /// may have options in front.
    pub fn authorize_ssh(&self, keys: &[&str]) -> Result<()> {
        self.write(AUTHORIZED, keys.join("\n") + "\n")?;
        for (file, mode) in [("/root/.ssh", 0o700), (AUTHORIZED, 0o600)] {
            std::fs::set_permissions(self.path(file), std::fs::Permissions::from_mode(mode))?;
        }
        Ok(())
    }
}
