//! Machine files for a head.

use std::fmt::Write as _;

use anyhow::Result;

use crate::derivation::system;
use crate::host::Host;

/// An entry of a machine file.
#[derive(Clone, Debug)]
pub struct Machine {
    /// Its name for the head's resolver.
    pub name: String,
    /// Port of its sshd, or of a proxy in front.
    pub port: u16,
    /// Systems it is said to build for.
    pub systems: Vec<String>,
    /// Its public host key: type and base 64; `None` leaves the field out.
    pub host_key: Option<String>,
    /// File of the head's private key.
    pub private_key: String,
    /// Slots.
    pub parallel_builds: u32,
    /// Relative speed.
    pub speed: f64,
    /// Features it is said to have.
    pub features: Vec<String>,
    /// The load from which on it takes no builds; none, since all hosts share
    /// one load average, which would make them drop out at random.
    pub overload_threshold: Option<f64>,
    /// Further fields, as Scheme.
    pub more: String,
}

impl Machine {
    /// The entry that fits a host.
    pub fn of(host: &Host) -> Result<Machine> {
        Ok(Machine {
            name: host.name().to_owned(),
            port: 22,
            systems: vec![system()],
            host_key: Some(host.host_key("ed25519")?),
            private_key: "/etc/guix/ssh/id".into(),
            parallel_builds: 2,
            speed: 1.0,
            features: Vec::new(),
            overload_threshold: None,
            more: String::new(),
        })
    }

    /// Sets the number of slots.
    #[must_use]
    pub fn slots(mut self, slots: u32) -> Machine {
        self.parallel_builds = slots;
        self
    }

    /// Sets the speed.
    #[must_use]
    pub fn speed(mut self, speed: f64) -> Machine {
        self.speed = speed;
        self
    }

    /// Sets the port.
    #[must_use]
    pub fn port(mut self, port: u16) -> Machine {
        self.port = port;
        self
    }

    /// Sets the load from which on it takes no builds.
    #[must_use]
    pub fn threshold(mut self, threshold: f64) -> Machine {
        self.overload_threshold = Some(threshold);
        self
    }

    /// Adds fields, as Scheme.
    #[must_use]
    pub fn more(mut self, fields: &str) -> Machine {
        self.more = fields.to_owned();
        self
    }

    /// The `build-machine` form.
    pub fn form(&self) -> String {
        let strings = |list: &[String]| list.iter().map(|s| format!(" {s:?}")).collect::<String>();
        let mut form = format!(
            "(build-machine\n  (name {:?})\n  (port {})\n  (systems (list{}))\n  (user \"root\")\n",
            self.name,
            self.port,
            strings(&self.systems)
        );
        if let Some(key) = &self.host_key {
            // Writing to a string cannot fail.
            let _ = writeln!(form, "  (host-key {key:?})");
        }
        let _ = writeln!(
            form,
            "  (private-key {:?})\n  (parallel-builds {})\n  (speed {:?})\n  (features (list{}))",
            self.private_key,
            self.parallel_builds,
            self.speed,
            strings(&self.features)
        );
        let threshold = self.overload_threshold;
        let threshold = threshold.map_or("#f".to_owned(), |it| format!("{it:?}"));
        let _ = writeln!(form, "  (overload-threshold {threshold})\n  {})", self.more);
        form
    }
}

impl Host {
    /// Writes its machine file.
    pub fn write_machines(&self, machines: &[Machine]) -> Result<()> {
        let forms: String = machines
            .iter()
            .map(Machine::form)
            .collect::<Vec<_>>()
            .join("\n");
        self.write("/etc/guix/machines.scm", format!("(list\n{forms})\n"))
    }
}
