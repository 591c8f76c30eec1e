//! Choosing machines: which match, in what order, who holds their slots and who
//! is next.
//!
//! Knows machines as values; no daemon, no SSH.

pub mod choice;
pub mod evidence;
pub mod handshakes;
pub mod ledger;
pub mod line;
mod locks;
pub mod slots;
pub mod tickets;

#[cfg(test)]
pub(crate) mod sample {
    use std::collections::BTreeMap;

    use std::time::Duration;

    use crate::machines::record::BuildMachine;

    /// The processor time that this thread has had: other than the clock on
    /// the wall it does not run faster where much else is done.
    pub(crate) fn processor_time() -> Duration {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
        Duration::try_from(time).unwrap_or_default()
    }

    /// A machine with the defaults of Guix 1.5.0.
    pub(crate) fn machine(name: &str) -> BuildMachine {
        BuildMachine {
            name: name.to_owned(),
            port: 22,
            systems: vec!["x86_64-linux".to_owned()],
            user: "root".to_owned(),
            private_key: None,
            host_key: None,
            compression: "zlib@openssh.com,zlib".to_owned(),
            compression_level: 3,
            daemon_socket: "/var/guix/daemon-socket/socket".to_owned(),
            overload_threshold: Some(0.8),
            parallel_builds: 1,
            speed: 1.0,
            features: Vec::new(),
            location: None,
            written: BTreeMap::new(),
        }
    }
}
