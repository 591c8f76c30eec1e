//! The processes of these tests: this program called anew, to hold slots and
//! to wait for them, to be stopped and killed.

use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use offload::clock::since_boot;
use offload::machines::record::BuildMachine;
use offload::schedule::slots::{SlotError, Slots};
use offload::schedule::tickets::{Candidates, Line, Terms, Waited, Wish};

/// What such a process is told by.
const ROLE: &str = "OFFLOAD_LINE_TEST";

/// A machine with so many slots.
pub fn machine(name: &str, slots: u32) -> BuildMachine {
    BuildMachine {
        name: name.to_owned(),
        port: 22,
        systems: vec!["x86_64-linux".to_owned()],
        user: "root".to_owned(),
        private_key: None,
        host_key: None,
        compression: String::new(),
        compression_level: 3,
        daemon_socket: String::new(),
        overload_threshold: None,
        parallel_builds: slots,
        speed: 1.0,
        features: Vec::new(),
        location: None,
        written: BTreeMap::new(),
    }
}

/// Machines as `NAME=SLOTS,…`.
pub fn machines(text: &str) -> Vec<BuildMachine> {
    let named = text.split(',').filter(|text| !text.is_empty());
    named
        .map(|text| {
            let (name, slots) = text.split_once('=').unwrap();
            machine(name, slots.parse().unwrap())
        })
        .collect()
}

/// Wishes for the machines of a file that may change.
pub struct Wishes<'a> {
    file: &'a Path,
    last: Option<String>,
}

impl Candidates for Wishes<'_> {
    type Machine = BuildMachine;

    fn wish(&mut self) -> Wish<BuildMachine> {
        let text = std::fs::read_to_string(self.file).unwrap();
        if self.last.as_ref() == Some(&text) {
            return Wish::Same;
        }
        let wish = Wish::Machines(machines(text.trim()));
        self.last = Some(text);
        wish
    }

    fn trouble(&mut self, error: SlotError) {
        println!("trouble {error}");
    }
}

impl<'a> Wishes<'a> {
    /// The machines that the file names.
    pub fn of(file: &'a Path) -> Self {
        Self { file, last: None }
    }
}

/// Does what the environment says, if this is such a process.
pub fn play_role() -> bool {
    let Ok(role) = std::env::var(ROLE) else {
        return false;
    };
    let words: Vec<&str> = role.split(' ').collect();
    let [what, state, wanted] = words[..] else {
        panic!("{role}")
    };
    let state = Path::new(state);
    let wished = Path::new(wanted);
    match what {
        "hold" => {
            let slots = Slots::new(state);
            let slot = machines(wanted)
                .iter()
                .find_map(|machine| slots.take(machine).unwrap());
            let slot = slot.expect("a free slot");
            say("held", slot.path().to_str().unwrap());
            read_to_end();
            say("released", &now());
            drop(slot);
        }
        "wait" => wait(state, wished, Duration::MAX),
        "build" => wait(state, wished, Duration::from_millis(50)),
        _ => panic!("{role}"),
    }
    true
}

/// Waits for a slot and holds it as long as told, or until told.
fn wait(state: &Path, wished: &Path, hold: Duration) {
    let line = Line::new(state, None);
    let mut place = line.place("x.drv");
    let first = machines(std::fs::read_to_string(wished).unwrap().trim());
    let joined = place.join(&first, Terms::default()).unwrap();
    say("joined", &format!("{joined:?}"));
    let mut wishes = Wishes::of(wished);
    match place.wait(&mut wishes, &AtomicBool::new(false)) {
        Waited::Taken { machine, slot, .. } => {
            let machine: &BuildMachine = machine.borrow();
            say("took", &format!("{} {}", machine.name, now()));
            if hold == Duration::MAX {
                read_to_end();
            } else {
                std::thread::sleep(hold);
            }
            say("released", &now());
            drop(slot);
        }
        other => panic!("{other:?}"),
    }
}

fn now() -> String {
    since_boot().as_nanos().to_string()
}

fn say(what: &str, more: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{what} {more}").unwrap();
    out.flush().unwrap();
}

fn read_to_end() {
    std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
}

/// A process that holds or waits; killed when dropped.
pub struct Process {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Process {
    fn start(role: &str, state: &Path, wanted: &str) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .env(ROLE, format!("{role} {} {wanted}", state.display()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        Self {
            input: child.stdin.take(),
            output: BufReader::new(child.stdout.take().unwrap()),
            child,
        }
    }

    /// Takes a slot, and has it when this returns.
    pub fn hold(state: &Path, machines: &str) -> Self {
        let mut process = Self::start("hold", state, machines);
        process.says("held");
        process
    }

    /// Stands in line when this returns.
    pub fn wait(state: &Path, wished: &Path) -> Self {
        let mut process = Self::start("wait", state, wished.to_str().unwrap());
        process.says("joined");
        process
    }

    /// Stands in line, builds for 50 ms, ends.
    pub fn build(state: &Path, wished: &Path) -> Self {
        Self::start("build", state, wished.to_str().unwrap())
    }

    /// The rest of its next line, which must begin so.
    pub fn says(&mut self, what: &str) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        let rest = line.strip_prefix(what);
        rest.unwrap_or_else(|| panic!("{line:?} instead of '{what}'"))
            .trim()
            .to_owned()
    }

    /// The machine that it took, and when.
    pub fn took(&mut self) -> (String, Duration) {
        let text = self.says("took");
        let (name, at) = text.split_once(' ').unwrap();
        (name.to_owned(), Duration::from_nanos(at.parse().unwrap()))
    }

    /// Lets it end well; the moment in which it gave its slot back.
    pub fn release(&mut self) -> Duration {
        drop(self.input.take());
        let at = Duration::from_nanos(self.says("released").parse().unwrap());
        self.child.wait().unwrap();
        at
    }

    /// Kills it; the moment in which that was done.
    pub fn kill(&mut self) -> Duration {
        let at = since_boot();
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        at
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.child.id()).unwrap();
        kill(Pid::from_raw(pid), signal).unwrap();
    }

    /// Time of the processor that it used.
    pub fn processor_time(&self) -> Duration {
        let file = format!("/proc/{}/schedstat", self.child.id());
        let text = std::fs::read_to_string(file).unwrap();
        let used = text.split(' ').next().unwrap().parse().unwrap();
        Duration::from_nanos(used)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if self.child.try_wait().unwrap().is_none() {
            self.kill();
        }
    }
}
