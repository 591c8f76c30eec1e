//! One try on one machine that does not forward to its daemon: the same by
//! `guix` commands over SSH, as the hook of 2014 did.
//!
//! `guix build` ends with status 1 whatever happened (measured, 1.5.0), so
//! its own last words tell a failed builder from a time limit.

use std::collections::BTreeSet;
use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::sync::mpsc;
use std::time::Instant;

use super::attempt::{Attempt, bytes_of, gateway_failure};
use super::attempts::{Failure, Fault};
use super::output::BuilderLog;
use super::still::Moved;
use super::verdict;
use crate::daemon::Log;
use crate::daemon::error::{STATUS_BUILD_FAILED, STATUS_TIMED_OUT, tells_of_unauthorised_key};
use crate::events::{Event, printable};
use crate::gateway::Exec;
use crate::schedule::evidence::FailureKind;
use crate::store::path::StorePath;
use crate::transfer::retrieve::{Received, from_bundle};
use crate::transfer::send::{self, SendError};

/// The most that a command may say beside its work.
const MAX_WORDS: u64 = 64 * 1024;

/// The most that `guix archive --missing` may answer.
const MAX_MISSING: u64 = 64 << 20;

/// What a command said beside its work, and how it ended.
struct Ended {
    words: String,
    good: bool,
}

impl Attempt<'_> {
    /// Sends, builds and retrieves by `guix` commands.
    pub fn run_by_commands(&self) -> Result<Vec<Received>, Failure> {
        let missing = self.ask_missing()?;
        self.context.journal.event(&Event::Opened {
            machine: &self.machine.name,
        });
        self.judge_before_sending(&missing)?;
        self.import(&missing)?;
        self.judge_arrival()?;
        self.build_by_command()?;
        self.export()
    }

    /// Which items of the closure the machine lacks.
    fn ask_missing(&self) -> Result<Vec<StorePath>, Failure> {
        let exec = self.exec("guix archive --missing")?;
        let mut names = String::new();
        for path in self.work.closure.keys() {
            names.push_str(path.as_str());
            names.push('\n');
        }
        let mut answer = Vec::new();
        let ended = self.converse(
            exec,
            |stdin| stdin.write_all(names.as_bytes()),
            |stdout| stdout.take(MAX_MISSING).read_to_end(&mut answer).map(drop),
        )?;
        self.expect_good("guix archive --missing", &ended)?;
        let answer = String::from_utf8_lossy(&answer);
        let lacking: BTreeSet<&str> = answer.lines().collect();
        let missing = self.work.closure.keys();
        Ok(missing
            .filter(|path| lacking.contains(path.as_str()))
            .cloned()
            .collect())
    }

    /// Sends the missing items as one bundle, references first.
    fn import(&self, missing: &[StorePath]) -> Result<(), Failure> {
        let plan = self
            .plan(missing)
            .map_err(|error| self.send_failure(&error))?;
        let begun = Instant::now();
        let machine = self.machine.name.as_str();
        if plan.is_empty() {
            self.context.journal.event(&Event::Sent);
            self.note_sent(0, begun);
            return Ok(());
        }
        self.context.journal.event(&Event::Sending {
            machine,
            items: missing.len(),
            bytes: plan.bytes(),
        });
        let doing = format!("sending to '{machine}'");
        self.watch.transferring(&doing, Some(plan.bytes()));
        let exec = self.exec("guix archive --import")?;
        let mut sent = Ok(());
        let ended = self.converse(
            exec,
            |stdin| {
                sent = self.write_all_items(&plan, stdin);
                Ok(())
            },
            |mut stdout| io::copy(&mut stdout, &mut io::sink()).map(drop),
        )?;
        if tells_of_unauthorised_key(&ended.words) {
            let directory = &self.context.settings.configuration_dir;
            return Err(verdict::unauthorised(machine, directory));
        }
        match sent {
            // The machine's own words tell more than the end of a pipe.
            Err(error) if !error.is_machine_fault() || ended.good => {
                return Err(self.send_failure(&error));
            }
            Ok(()) | Err(_) => self.expect_good("guix archive --import", &ended)?,
        }
        self.context.journal.event(&Event::Sent);
        self.note_sent(plan.bytes(), begun);
        Ok(())
    }

    fn write_all_items(
        &self,
        plan: &crate::transfer::plan::Plan,
        stdin: &mut dyn Write,
    ) -> Result<(), SendError> {
        let mut progress = |sent: send::Sent| self.watch.moved(sent.bytes);
        let mut log = BuilderLog::new(self.output, self.watch);
        self.with_signing(&mut log, |signing, _| {
            send::write_bundle(stdin, plan.items(), signing, &mut progress)
        })?;
        Ok(())
    }

    fn build_by_command(&self) -> Result<(), Failure> {
        let derivation = self.work.path.as_str();
        let arguments = &self.context.arguments;
        self.announce_build();
        let command = tied_to_input(&format!(
            "guix build --no-offload --max-silent-time={} --timeout={} {derivation}",
            arguments.max_silent, arguments.build_timeout
        ));
        let exec = self.exec(&command)?;
        self.watch.building();
        let mut log = BuilderLog::new(self.output, self.watch);
        let good = Self::follow(exec, &mut log)?;
        if good {
            self.context.journal.event(&Event::Built);
            return Ok(());
        }
        if let Some(failure) = self.connection.failure() {
            return Err(gateway_failure(&failure));
        }
        let tail = log.tail();
        let message = format!("build of `{derivation}' failed");
        let status = status_of(&tail, derivation);
        Err(self.refused_build(&message, status, &tail))
    }

    /// Passes a build's log on while it runs; its input stays open, since
    /// the end of it is what ends the build.
    fn follow(exec: Exec, log: &mut BuilderLog<'_>) -> Result<bool, Failure> {
        let Exec {
            mut stream,
            mut stderr,
            mut status,
        } = exec;
        let passed = std::thread::scope(|scope| {
            // The names of the outputs, which are known.
            scope.spawn(move || io::copy(&mut stream, &mut io::sink()));
            let mut buffer = [0; 4096];
            loop {
                match stderr.read(&mut buffer) {
                    Ok(0) => return Ok(()),
                    Ok(read) => log.text(buffer.get(..read).unwrap_or_default())?,
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    // The connection's own failure tells more.
                    Err(_) => return Ok(()),
                }
            }
        });
        passed.map_err(|error: io::Error| {
            Failure::new(
                Fault::Local,
                format!("cannot pass the build log on: {error}"),
            )
        })?;
        let status = status.wait().map_err(|error| gateway_failure(&error))?;
        Ok(status.code == Some(0))
    }

    fn export(&self) -> Result<Vec<Received>, Failure> {
        self.announce_retrieval();
        let mut received = Vec::new();
        for output in &self.work.outputs {
            let before = bytes_of(&received);
            let exec = self.exec(&format!("guix archive --export {output}"))?;
            let mut taken = None;
            let ended = self.converse(
                exec,
                |_| Ok(()),
                |stdout| {
                    taken = Some(from_bundle(stdout, output, self.wanted(), &mut |bytes| {
                        self.watch.moved(before.saturating_add(bytes));
                    }));
                    Ok(())
                },
            )?;
            let item = match taken {
                Some(Ok(item)) => item,
                Some(Err(error)) if !error.is_broken_stream() => {
                    return Err(self.retrieve_failure(&error));
                }
                Some(Err(error)) => {
                    self.expect_good("guix archive --export", &ended)?;
                    return Err(self.retrieve_failure(&error));
                }
                None => return Err(Failure::new(Fault::Local, "nothing was read")),
            };
            self.took(&item);
            received.push(item);
        }
        Ok(received)
    }

    fn exec(&self, command: &str) -> Result<Exec, Failure> {
        self.connection
            .exec(command)
            .map_err(|error| gateway_failure(&error))
    }

    /// Writes a command's input and reads both its outputs, all at once. One
    /// that stands still, as its daemon may, is ended with the connection.
    fn converse(
        &self,
        exec: Exec,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()> + Send,
        read: impl FnOnce(&mut dyn Read) -> io::Result<()>,
    ) -> Result<Ended, Failure> {
        let Exec {
            mut stream,
            mut stderr,
            mut status,
        } = exec;
        let local = |error: io::Error| Failure::new(Fault::Local, error.to_string());
        let stdin = stream.try_clone().map_err(local)?;
        let (moved, limit) = (Moved::default(), self.context.settings.silence);
        let (ends, over) = mpsc::channel();
        let mut stands_still = false;
        let words = std::thread::scope(|scope| {
            let (moved, ender) = (&moved, self.connection.ender());
            let still = (!limit.is_zero()).then(|| {
                scope.spawn(move || {
                    let still = moved.stands_still(&over, limit);
                    if still {
                        ender.end();
                    }
                    still
                })
            });
            let words = scope.spawn(move || {
                let mut words = Vec::new();
                let read = (&stderr).take(MAX_WORDS).read_to_end(&mut words);
                let rest = io::copy(&mut stderr, &mut io::sink());
                log::trace!("standard error: {read:?}, {rest:?}");
                words
            });
            scope.spawn(move || {
                // What cannot be written shows in what the command says.
                if let Err(error) = write(&mut moved.meter(&stdin)) {
                    log::debug!("input of a command: {error}");
                }
                drop(stdin.shutdown(Shutdown::Write));
            });
            if let Err(error) = read(&mut moved.meter(&mut stream)) {
                log::debug!("output of a command: {error}");
            }
            // Whatever is left is not wanted, but its writer may wait.
            if let Err(error) = io::copy(&mut stream, &mut io::sink()) {
                log::debug!("output of a command: {error}");
            }
            let words = words.join().unwrap_or_default();
            drop(ends);
            stands_still = still.is_some_and(|still| still.join().unwrap_or_default());
            words
        });
        if stands_still {
            return Err(Failure::new(
                Fault::Machine(FailureKind::Passing),
                format!(
                    "a command on '{}' stands still for {} s",
                    self.machine.name,
                    limit.as_secs()
                ),
            ));
        }
        let status = status.wait().map_err(|error| gateway_failure(&error))?;
        Ok(Ended {
            words: String::from_utf8_lossy(&words).into_owned(),
            good: status.code == Some(0),
        })
    }

    fn expect_good(&self, command: &str, ended: &Ended) -> Result<(), Failure> {
        if ended.good {
            return Ok(());
        }
        if let Some(failure) = self.connection.failure() {
            return Err(gateway_failure(&failure));
        }
        let words = ended.words.trim();
        let words = if words.is_empty() {
            "it says nothing"
        } else {
            words
        };
        Err(Failure::new(
            Fault::Machine(FailureKind::Passing),
            format!("'{command}' on '{}' failed: {}", self.machine.name, printable(words)),
        )
        .with_hint(words.contains("not found").then(|| {
            format!(
                "'guix' must be in the PATH of '{}' on '{}' for commands over SSH, or sshd_config there must say: AllowStreamLocalForwarding yes",
                self.machine.user, self.machine.name
            )
        })))
    }
}

/// A command that is ended when its standard input ends: sshd does not end
/// what it started when a connection without a terminal goes away.
///
/// Runs in any login shell; the command holds no single quote.
fn tied_to_input(command: &str) -> String {
    format!(
        "sh -c 'exec 3<&0; {command} </dev/null 3<&- & p=$!; \
         {{ cat <&3; kill $p; }} >/dev/null 2>&1 & c=$!; exec 3<&-; \
         wait $p; s=$?; kill $c 2>/dev/null; exit $s'"
    )
}

/// The status that the daemon's protocol would have given.
fn status_of(tail: &str, derivation: &str) -> u64 {
    let says = |words: &str| {
        tail.lines()
            .any(|line| line.contains(derivation) && line.contains(words))
    };
    if says("timed out after") {
        STATUS_TIMED_OUT
    } else if says("failed with exit code") || says("failed due to signal") {
        STATUS_BUILD_FAILED
    } else {
        1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_words_of_guix_build_give_the_status() {
        let drv = "/gnu/store/nl7zjzvhgn24j1dxvkcnax6vfih82b8v-f1.drv";
        for (line, status) in [
            (
                format!("building of `{drv}' timed out after 2 seconds of silence"),
                STATUS_TIMED_OUT,
            ),
            (
                format!("builder for `{drv}' failed with exit code 3"),
                STATUS_BUILD_FAILED,
            ),
            (
                format!("builder for `{drv}' failed due to signal 9 (Killed)"),
                STATUS_BUILD_FAILED,
            ),
            (format!("guix build: error: build of `{drv}' failed"), 1),
            ("builder for `/x.drv' failed with exit code 3".to_owned(), 1),
        ] {
            assert_eq!(
                status_of(&format!("hi\n{line}\nbye\n"), drv),
                status,
                "{line}"
            );
        }
    }
}
