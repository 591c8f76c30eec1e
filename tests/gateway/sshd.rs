//! An SSH server of our own on the loopback address, and machine records that
//! point to it.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use offload::gateway::{Connection, GatewayError, Limits};
use offload::machines::record::{BuildMachine, Field};
use tempfile::TempDir;

/// Where Debian and most others put the server.
pub const SSHD: &str = "/usr/sbin/sshd";

/// How long anything may take that is not measured.
pub const SOON: Duration = Duration::from_secs(60);

/// A running server with keys of its own; ended when dropped.
pub struct Sshd {
    dir: TempDir,
    port: u16,
    child: Child,
}

impl Sshd {
    /// A server with these further lines of configuration.
    pub fn start(options: &str) -> Self {
        Self::start_with(options, |_| {})
    }

    /// The same, after something else has been put into its directory.
    pub fn start_with(options: &str, prepare: impl FnOnce(&Path)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        for entry in fs::read_dir(keys()).unwrap() {
            let entry = entry.unwrap();
            fs::copy(entry.path(), dir.path().join(entry.file_name())).unwrap();
        }
        fs::copy(
            dir.path().join("id.pub"),
            dir.path().join("authorized_keys"),
        )
        .unwrap();
        prepare(dir.path());
        // Privilege separation wants it, and nobody else makes it where no
        // service manager runs.
        drop(fs::create_dir("/run/sshd"));
        let port = free_port();
        let config = configuration(dir.path(), port, options);
        let child = Command::new(SSHD)
            .args(["-D", "-f"])
            .arg(&config)
            .arg("-E")
            .arg(dir.path().join("log"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut server = Self { dir, port, child };
        server.await_start();
        server
    }

    fn await_start(&mut self) {
        let begun = Instant::now();
        // Listening shows without connecting: a connection that is dropped
        // would count against this host.
        while !listens(self.port) {
            if let Some(status) = self.child.try_wait().unwrap() {
                panic!("sshd ended, {status}: {}", self.log());
            }
            assert!(begun.elapsed() < Duration::from_secs(10), "{}", self.log());
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// A file in the server's directory.
    pub fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// What it has logged.
    pub fn log(&self) -> String {
        fs::read_to_string(self.file("log")).unwrap_or_default()
    }

    /// A machine that is this server.
    pub fn machine(&self) -> BuildMachine {
        let host_key = fs::read_to_string(self.file("host_ed25519.pub")).unwrap();
        let mut machine = machine(self.port);
        machine.private_key = Some(self.file("id"));
        machine.host_key = Some(host_key);
        let socket = self.file("socket");
        socket
            .to_str()
            .unwrap()
            .clone_into(&mut machine.daemon_socket);
        machine
    }

    /// A connection to it.
    pub fn connect(&self) -> Connection {
        open(&self.machine()).unwrap_or_else(|error| panic!("{error}\n{}", self.log()))
    }

    /// The processes that serve connections.
    pub fn sessions(&self) -> Vec<i32> {
        children(i32::try_from(self.child.id()).unwrap())
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        for pid in self.sessions() {
            signal(pid, nix::sys::signal::Signal::SIGKILL);
        }
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// Sends a signal to a process that may be gone already.
pub fn signal(pid: i32, signal: nix::sys::signal::Signal) {
    let sent = nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), signal);
    assert!(matches!(sent, Ok(()) | Err(nix::errno::Errno::ESRCH)));
}

/// All processes below this one, the nearest first.
pub fn children(pid: i32) -> Vec<i32> {
    let Ok(text) = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")) else {
        return Vec::new();
    };
    let mut all: Vec<i32> = text
        .split_whitespace()
        .map(|word| word.parse().unwrap())
        .collect();
    for child in all.clone() {
        all.extend(children(child));
    }
    all
}

/// A directory with host keys of each type and a key to log in with; made
/// once, since an RSA key takes seconds.
fn keys() -> PathBuf {
    static MADE: Mutex<()> = Mutex::new(());
    let keys = Path::new(env!("CARGO_TARGET_TMPDIR")).join("sshd-keys");
    let _one_at_a_time = MADE.lock().unwrap_or_else(PoisonError::into_inner);
    if !keys.exists() {
        let new = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        for kind in ["ed25519", "ecdsa", "rsa"] {
            keygen(&new.path().join(format!("host_{kind}")), &["-t", kind]);
        }
        keygen(&new.path().join("id"), &["-t", "ed25519"]);
        // Another process may have been faster.
        if fs::rename(new.path(), &keys).is_ok() {
            drop(new.keep());
        }
    }
    keys
}

/// Makes a key without passphrase.
pub fn keygen(file: &Path, arguments: &[&str]) {
    let output = Command::new("ssh-keygen")
        .args(["-q", "-N", ""])
        .args(arguments)
        .arg("-f")
        .arg(file)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "ssh-keygen: {said}");
}

/// A machine at a port of this host, with everything else as it comes.
pub fn machine(port: u16) -> BuildMachine {
    BuildMachine {
        name: "127.0.0.1".to_owned(),
        port,
        systems: vec!["x86_64-linux".to_owned()],
        user: user(),
        private_key: None,
        host_key: None,
        compression: "zlib@openssh.com,zlib".to_owned(),
        compression_level: 3,
        daemon_socket: "/var/guix/daemon-socket/socket".to_owned(),
        overload_threshold: None,
        parallel_builds: 1,
        speed: 1.0,
        features: Vec::new(),
        location: None,
        written: BTreeMap::new(),
    }
}

/// Marks a field as written in the file.
pub fn write_field(machine: &mut BuildMachine, field: Field) {
    machine.written.insert(field, None);
}

/// Opens a connection with short time limits.
pub fn open(machine: &BuildMachine) -> Result<Connection, GatewayError> {
    Connection::open(machine, None, &limits())
}

/// Time limits that a test can wait for.
pub fn limits() -> Limits {
    Limits {
        retries: 0,
        handshake: Duration::from_secs(10),
        ..Limits::default()
    }
}

/// The error of a connection that must not come about.
pub fn refused(machine: &BuildMachine) -> GatewayError {
    match open(machine) {
        Ok(_) => panic!("let in"),
        Err(error) => error,
    }
}

fn user() -> String {
    nix::unistd::User::from_uid(nix::unistd::geteuid())
        .unwrap()
        .map_or_else(|| "root".to_owned(), |user| user.name)
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// Tells whether somebody listens at a port of the loopback address.
fn listens(port: u16) -> bool {
    // 0A is LISTEN (include/net/tcp_states.h).
    let wanted = format!("0100007F:{port:04X} 00000000:0000 0A");
    fs::read_to_string("/proc/net/tcp")
        .unwrap()
        .contains(&wanted)
}

fn configuration(dir: &Path, port: u16, options: &str) -> PathBuf {
    let config = dir.join("sshd_config");
    let dir = dir.display();
    // A home of its own keeps the user's shell from running the user's start-up
    // files, which may take any time.
    // `DIR` in an option stands for the server's directory.
    let options = options.replace("DIR", &dir.to_string());
    let text = format!(
        "{options}\n\
         ListenAddress 127.0.0.1:{port}\n\
         HostKey {dir}/host_ed25519\nHostKey {dir}/host_ecdsa\nHostKey {dir}/host_rsa\n\
         AuthorizedKeysFile {dir}/authorized_keys\n\
         PidFile none\nUsePAM no\nStrictModes no\nMaxStartups 200\nMaxSessions 50\n\
         PasswordAuthentication no\nLogLevel VERBOSE\n\
         SetEnv HOME={dir}\n"
    );
    // Failed logins on purpose would lock this host out; OpenSSH before 9.8
    // has no such thing and does not know the option.
    let lenient = format!("{text}PerSourcePenalties no\n");
    fs::write(&config, lenient).unwrap();
    let known = Command::new(SSHD)
        .arg("-t")
        .arg("-f")
        .arg(&config)
        .output()
        .unwrap();
    if !known.status.success() {
        fs::write(&config, text).unwrap();
    }
    config
}

/// A link that takes little at a time, so that packets are half sent all the
/// time; stands before a server's port until the connection ends.
pub fn slow_link(port: u16, pause: Duration) -> u16 {
    use nix::sys::socket::{setsockopt, sockopt};
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    // Inherited by what it accepts; the kernel makes 4,608 of it.
    setsockopt(&listener, sockopt::RcvBuf, &2048).unwrap();
    let near = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        let client = accept_one(&listener);
        let server = TcpStream::connect(("127.0.0.1", port)).unwrap();
        for (from, to) in [(&client, &server), (&server, &client)] {
            let (mut from, mut to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
            thread::spawn(move || {
                let mut buffer = [0; 3001];
                while let Ok(count @ 1..) = from.read(&mut buffer) {
                    thread::sleep(pause);
                    if to.write_all(&buffer[..count]).is_err() {
                        break;
                    }
                }
                drop(to.shutdown(Shutdown::Both));
                drop(from.shutdown(Shutdown::Both));
            });
        }
    });
    near
}

/// A connection of our own to a port, for servers that are none.
pub fn accept_one(listener: &TcpListener) -> TcpStream {
    listener.accept().unwrap().0
}
