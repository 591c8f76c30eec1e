//! One try on one machine, spoken to through its daemon's socket.

use std::collections::BTreeSet;
use std::os::unix::net::UnixStream;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::attempts::{Failure, Fault};
use super::context::Context;
use super::load::Arrival;
use super::local;
use super::outcome;
use super::output::{BuilderLog, Output};
use super::signer::Signer;
use super::verdict::{self, Refused};
use super::watch::Watch;
use super::work::Work;
use crate::daemon::error::tells_of_unauthorised_key;
use crate::daemon::{Client, DaemonError, Opening, Options};
use crate::events::Event;
use crate::gateway::Route;
use crate::machines::record::BuildMachine;
use crate::schedule::evidence::{FailureKind, Outcome, prefix};
use crate::store::authenticate::Keyring;
use crate::store::path::StorePath;
use crate::transfer::files::StoreFiles;
use crate::transfer::plan::{Item, Plan};
use crate::transfer::retrieve::{Received, RetrieveError, Wanted, from_daemon};
use crate::transfer::send::{self, LocalDaemon, SendError, Signing};

/// Bytes that are sent before it is known whether the machine has room.
const LITTLE: u64 = 1 << 20;

/// The largest item that is exported only for the sake of a signature.
const MOST_THROWN_AWAY: u64 = 64 << 10;

/// A try and all that it needs.
pub struct Attempt<'a> {
    /// What the hook knows.
    pub context: &'a Context,
    /// The build.
    pub work: &'a Work,
    /// The machine.
    pub machine: &'a BuildMachine,
    /// The connection to it.
    pub connection: &'a Route,
    /// The daemon connection there that signs.
    pub signer: Signer<'a>,
    /// What it tells of itself.
    pub arrival: Mutex<Arrival>,
    /// Whose signatures count, and ours.
    pub keyring: &'a Keyring,
    /// Where the log goes.
    pub output: &'a Output,
    /// Who looks after limits.
    pub watch: &'a Watch,
}

impl Attempt<'_> {
    /// Sends, builds and retrieves.
    pub fn run(&self, stream: UnixStream) -> Result<Vec<Received>, Failure> {
        let mut log = BuilderLog::new(self.output, self.watch);
        let (mut client, missing) = self.open(stream, &mut log)?;
        let early = self.throwaway(&missing);
        if let Some(item) = &early {
            self.signer.prepare(item);
        }
        self.judge_before_sending(&missing)?;
        self.send(&mut client, &missing, &mut log)?;
        if early.is_none() {
            self.signer.prepare(&self.work.path);
        }
        self.judge_arrival()?;
        self.build(&mut client, &mut log)?;
        self.retrieve(&mut client, &mut log)
    }

    /// The smallest item that is there already, to be exported and thrown
    /// away.
    fn throwaway(&self, missing: &[StorePath]) -> Option<StorePath> {
        let missing: BTreeSet<&StorePath> = missing.iter().collect();
        let there = self.work.closure.iter();
        let there = there
            .filter(|(path, info)| info.nar_size <= MOST_THROWN_AWAY && !missing.contains(path));
        there
            .min_by_key(|(_, info)| info.nar_size)
            .map(|(path, _)| path.clone())
    }

    /// Tells, once, whether the machine can take a build now.
    pub fn judge_arrival(&self) -> Result<(), Failure> {
        let mut arrival = self.arrival.lock().unwrap_or_else(PoisonError::into_inner);
        arrival.judge(&|| self.watch.verdict().is_some())
    }

    /// Much is not sent to a machine that cannot take the build; little is on
    /// its way while the machine tells.
    pub fn judge_before_sending(&self, missing: &[StorePath]) -> Result<(), Failure> {
        let infos = missing
            .iter()
            .filter_map(|path| self.work.closure.get(path));
        let bytes = infos.map(|info| info.nar_size).fold(0, u64::saturating_add);
        if bytes > LITTLE {
            self.judge_arrival()?;
        }
        Ok(())
    }

    /// Takes note of what is there now: the next build's choice goes by it.
    pub fn note_sent(&self, bytes: u64, begun: Instant) {
        let closure = self.work.closure.keys();
        let items: Vec<u64> = closure.map(|path| prefix(path.hash_part())).collect();
        let sent = Outcome::Sent {
            items: &items,
            bytes,
            took: begun.elapsed(),
        };
        self.context.ledger.note(self.machine, sent);
    }

    /// The first write: handshake, options, roots, what is missing.
    fn open(
        &self,
        stream: UnixStream,
        log: &mut BuilderLog<'_>,
    ) -> Result<(Client<UnixStream>, Vec<StorePath>), Failure> {
        let query: Vec<StorePath> = self.work.closure.keys().cloned().collect();
        let opening = Opening {
            options: Options {
                max_silent: self.context.arguments.max_silent,
                build_timeout: self.context.arguments.build_timeout,
                ..Options::default()
            },
            roots: self.work.roots(),
            query,
        };
        let dir = &self.context.dir;
        limit_waits(&stream, self.context.settings.handshake);
        let begun = Instant::now();
        let (client, opened) = match Client::open(stream, dir, &opening, log) {
            Err(DaemonError::Old { .. }) => {
                let stream = self
                    .connection
                    .daemon()
                    .map_err(|error| gateway_failure(&error))?;
                limit_waits(&stream, self.context.settings.handshake);
                Client::open_old(stream, dir, &opening, log)
            }
            other => other,
        }
        .map_err(|error| self.daemon_failure(&error))?;
        limit_waits(client.stream(), self.context.settings.silence);
        // One round trip brought it all, and the start of a process there.
        let answered = Outcome::Answered {
            connect: None,
            round_trip: Some(begun.elapsed()),
        };
        self.context.ledger.note(self.machine, answered);
        self.context.journal.event(&Event::Opened {
            machine: &self.machine.name,
        });
        let missing = opening
            .query
            .into_iter()
            .filter(|path| !opened.valid.contains(path))
            .collect();
        Ok((client, missing))
    }

    /// Sends what is missing. Once, what vanished meanwhile is asked for
    /// again: a collector there may have been faster than our roots.
    fn send(
        &self,
        client: &mut Client<UnixStream>,
        missing: &[StorePath],
        log: &mut BuilderLog<'_>,
    ) -> Result<(), Failure> {
        let Err(refused) = self.send_once(client, missing, log) else {
            return Ok(());
        };
        match &refused {
            SendError::Daemon(DaemonError::Refused { message, .. })
                if !tells_of_unauthorised_key(message) =>
            {
                log::debug!("{}: {message}; asking anew", self.machine.name);
            }
            _ => return Err(self.send_failure(&refused)),
        }
        let all: Vec<StorePath> = self.work.closure.keys().cloned().collect();
        let valid = client
            .valid_paths(&all, log)
            .map_err(|error| self.daemon_failure(&error))?;
        let lacking: Vec<StorePath> = all
            .into_iter()
            .filter(|path| !valid.contains(path))
            .collect();
        if lacking.iter().all(|path| missing.contains(path)) {
            // Nothing has vanished: the same would be refused again.
            return Err(self.send_failure(&refused));
        }
        self.send_once(client, &lacking, log)
            .map_err(|error| self.send_failure(&error))
    }

    fn send_once(
        &self,
        client: &mut Client<UnixStream>,
        missing: &[StorePath],
        log: &mut BuilderLog<'_>,
    ) -> Result<(), SendError> {
        let plan = self.plan(missing)?;
        let begun = Instant::now();
        let machine = self.machine.name.as_str();
        if !plan.is_empty() {
            self.context.journal.event(&Event::Sending {
                machine,
                items: usize::try_from(plan.count()).unwrap_or(usize::MAX),
                bytes: plan.bytes(),
            });
            let doing = format!("sending to '{machine}'");
            self.watch.transferring(&doing, Some(plan.bytes()));
            let mut progress = |sent: send::Sent| self.watch.moved(sent.bytes);
            let mut send = |signing: &mut Signing<'_>, log: &mut BuilderLog<'_>| {
                send::send(&plan, client, signing, log, &mut progress)
            };
            if plan.needs_signatures() {
                self.with_signing(log, send)?;
            } else {
                let sign = |hash: &[u8; 32]| self.sign(hash);
                send(&mut Signing::Here(&sign), log)?;
            }
        }
        self.context.journal.event(&Event::Sent);
        self.note_sent(plan.bytes(), begun);
        Ok(())
    }

    /// What goes which way.
    pub fn plan(&self, missing: &[StorePath]) -> Result<Plan, SendError> {
        let items = missing.iter().filter_map(|path| {
            let info = self.work.closure.get(path)?;
            Some(Item {
                path: path.clone(),
                references: info.references.clone(),
                nar_hash: info.nar_hash,
                nar_size: info.nar_size,
                deriver: info.deriver.clone(),
            })
        });
        let dir = &self.context.dir;
        let limit = self.context.settings.unsigned_limit;
        Plan::new(dir, items, limit, &mut StoreFiles(dir)).map_err(|error| SendError::Read {
            path: self.work.path.clone(),
            source: std::io::Error::other(error),
        })
    }

    /// Sends with whatever can sign: this process, else the local daemon, which
    /// may read the key where this user may not.
    pub fn with_signing<T>(
        &self,
        log: &mut BuilderLog<'_>,
        send: impl FnOnce(&mut Signing<'_>, &mut BuilderLog<'_>) -> Result<T, SendError>,
    ) -> Result<T, SendError> {
        if self.can_sign() {
            let sign = |hash: &[u8; 32]| self.sign(hash);
            return send(&mut Signing::Here(&sign), log);
        }
        let mut local = local::connect(self.context, log)?;
        let mut quiet = |_: &[u8]| Ok(());
        let mut exporter = LocalDaemon {
            client: &mut local,
            log: &mut quiet,
        };
        send(&mut Signing::Exported(&mut exporter), log)
    }

    /// Signs with this host's key.
    fn sign(&self, hash: &[u8; 32]) -> std::io::Result<Vec<u8>> {
        self.keyring.sign(hash).map_err(std::io::Error::other)
    }

    /// Tells whether the key can be used by this process.
    fn can_sign(&self) -> bool {
        match self.keyring.sign(&[0; 32]) {
            Ok(_) => true,
            Err(error) => {
                log::debug!("cannot sign here: {error}");
                false
            }
        }
    }

    /// Tells that the build is asked for now.
    pub fn announce_build(&self) {
        let derivation = self.work.path.as_str();
        let machine = self.machine.name.as_str();
        let journal = &self.context.journal;
        journal.event(&Event::Building {
            derivation,
            machine,
        });
        journal.client_trace(&["build-remote", derivation, machine]);
    }

    /// What a build means that the machine did not do.
    pub fn refused_build(&self, message: &str, status: u64, log_tail: &str) -> Failure {
        verdict::of_refused_build(&Refused {
            work: self.work,
            machine: &self.machine.name,
            message,
            status,
            log_tail,
            free_bytes: verdict::free_bytes(self.connection, &self.context.dir),
        })
    }

    /// Tells that the outputs are fetched now.
    pub fn announce_retrieval(&self) {
        let machine = self.machine.name.as_str();
        self.context.journal.event(&Event::Retrieving {
            machine,
            items: self.work.outputs.len(),
        });
        let doing = format!("retrieving from '{machine}'");
        self.watch.transferring(&doing, None);
    }

    fn build(
        &self,
        client: &mut Client<UnixStream>,
        log: &mut BuilderLog<'_>,
    ) -> Result<(), Failure> {
        self.announce_build();
        self.watch.building();
        limit_waits(client.stream(), Duration::ZERO);
        let built = client.build_paths(std::slice::from_ref(&self.work.path), log);
        match built {
            Ok(()) => {
                self.context.journal.event(&Event::Built);
                Ok(())
            }
            Err(DaemonError::Refused { message, status }) => {
                Err(self.refused_build(&message, status, &log.tail()))
            }
            Err(error) => Err(self.daemon_failure(&error)),
        }
    }

    fn retrieve(
        &self,
        client: &mut Client<UnixStream>,
        log: &mut BuilderLog<'_>,
    ) -> Result<Vec<Received>, Failure> {
        self.announce_retrieval();
        limit_waits(client.stream(), self.context.settings.silence);
        let mut received = Vec::new();
        let mut signed_in = self.signer.take(log);
        for output in &self.work.outputs {
            let before = bytes_of(&received);
            let mut moved = |bytes: u64| self.watch.moved(before.saturating_add(bytes));
            let other = signed_in
                .as_mut()
                .map(|other| from_daemon(other.client(), output, self.wanted(), log, &mut moved));
            let item = match other {
                Some(Ok(item)) => Ok(item),
                // What it has for us, the building connection has as well.
                Some(Err(RetrieveError::Daemon(error))) => {
                    log::debug!("a connection that was left does not do: {error}");
                    signed_in = None;
                    from_daemon(client, output, self.wanted(), log, &mut moved)
                }
                Some(Err(error)) => Err(error),
                None => from_daemon(client, output, self.wanted(), log, &mut moved),
            }
            .map_err(|error| self.retrieve_failure(&error))?;
            self.took(&item);
            received.push(item);
        }
        if let Some(signed_in) = signed_in {
            signed_in.leave();
        }
        Ok(received)
    }

    /// What outputs must be like.
    pub fn wanted(&self) -> Wanted<'_> {
        Wanted {
            dir: &self.context.dir,
            derivation: &self.work.path,
            references: &self.work.references,
            keyring: self.keyring,
        }
    }

    /// An output has come.
    pub fn took(&self, received: &Received) {
        self.context.journal.event(&Event::Received {
            item: received.item.path.as_str(),
            bytes: received.item.nar_size,
        });
    }

    fn daemon_failure(&self, error: &DaemonError) -> Failure {
        let machine = &self.machine.name;
        if let Some(failure) = self.connection.failure() {
            return gateway_failure(&failure);
        }
        if error.is_unauthorised_key() {
            return verdict::unauthorised(machine, &self.context.settings.configuration_dir);
        }
        let fault = if error.is_machine_fault() || matches!(error, DaemonError::Spent) {
            Fault::Machine(FailureKind::Passing)
        } else {
            Fault::Local
        };
        Failure::new(fault, format!("the daemon of '{machine}': {error}"))
    }

    /// What a failure to send means.
    pub fn send_failure(&self, error: &SendError) -> Failure {
        match error {
            SendError::Daemon(error) => self.daemon_failure(error),
            error if error.is_machine_fault() => self.connection.failure().map_or_else(
                || {
                    Failure::new(
                        Fault::Machine(FailureKind::Passing),
                        format!("sending to '{}': {error}", self.machine.name),
                    )
                },
                |failure| gateway_failure(&failure),
            ),
            error => Failure::new(Fault::Local, error.to_string()),
        }
    }

    /// What a failure to retrieve means.
    pub fn retrieve_failure(&self, error: &RetrieveError) -> Failure {
        match error {
            RetrieveError::Daemon(error) => self.daemon_failure(error),
            error if error.is_machine_fault() => {
                if error.is_broken_stream()
                    && let Some(failure) = self.connection.failure()
                {
                    return gateway_failure(&failure);
                }
                Failure::new(
                    Fault::Machine(outcome::kind_of_output(error)),
                    format!("from '{}': {error}", self.machine.name),
                )
                .with_hint(error.hint())
            }
            error => Failure::new(Fault::Local, error.to_string()).with_hint(error.hint()),
        }
    }
}

/// A daemon that stands still accepts connections all the same, and its sshd
/// is alive: only that nothing moves shows it. While a build runs there is no
/// limit here; the client's own counts.
pub fn limit_waits(stream: &UnixStream, limit: Duration) {
    let limit = (!limit.is_zero()).then_some(limit);
    let set = stream.set_read_timeout(limit);
    if let Err(error) = set.and_then(|()| stream.set_write_timeout(limit)) {
        log::debug!("no limit for the daemon's replies: {error}");
    }
}

/// The bytes of archives that have come.
pub fn bytes_of(received: &[Received]) -> u64 {
    let sizes = received.iter().map(|it| it.item.nar_size);
    sizes.fold(0, u64::saturating_add)
}

/// What a failure of the connection means.
pub fn gateway_failure(error: &crate::gateway::GatewayError) -> Failure {
    let fault = if error.is_machine_fault() {
        Fault::Machine(outcome::kind_of(error))
    } else if matches!(error, crate::gateway::GatewayError::HolderGone { .. }) {
        Fault::Holder
    } else {
        Fault::Local
    };
    Failure::new(fault, error.to_string()).with_hint(error.hint())
}
