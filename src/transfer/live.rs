//! Against real daemons, which the environment names:
//! `OFFLOAD_TEST_LOCAL` is the socket of the daemon whose store this process
//! sees, `OFFLOAD_TEST_REMOTE` that of another, which knows the first's key.
//!
//! What is added has names of its own and is garbage afterwards.

use std::collections::BTreeMap;
use std::io::{self, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::Instant;

use super::plan::{Item, Plan, Way};
use super::send::{LocalDaemon, SendError, Sent, Signing, send, text_hash, write_bundle};
use crate::daemon::operation::{AddText, AddToStore};
use crate::daemon::{Client, DaemonError, Log, Opened, Opening, Options};
use crate::store::base32;
use crate::store::bundle::{Outgoing, read_item, write_item, write_more};
use crate::store::digest::{HashingWriter, Sha256, hex, sha256, source_path, text_path};
use crate::store::nar::Visitor;
use crate::store::nar::dump::dump;
use crate::store::nar::print::single_file;
use crate::store::path::{StoreDir, StorePath};

type Daemon = Client<UnixStream>;

fn socket(variable: &str) -> UnixStream {
    let path = std::env::var(variable).unwrap_or_else(|_| panic!("{variable} is not set"));
    UnixStream::connect(path).unwrap()
}

fn open_with(variable: &str, opening: &Opening) -> (Daemon, Opened) {
    Client::open(socket(variable), &dir(), opening, &mut quiet).unwrap()
}

fn open(variable: &str) -> Daemon {
    open_with(variable, &Opening::default()).0
}

fn local() -> Daemon {
    open("OFFLOAD_TEST_LOCAL")
}

fn remote() -> Daemon {
    open("OFFLOAD_TEST_REMOTE")
}

fn dir() -> StoreDir {
    StoreDir::default()
}

fn quiet(_: &[u8]) -> io::Result<()> {
    Ok(())
}

/// A name that no store has yet.
fn fresh(what: &str) -> String {
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_nanos();
    format!("live-{what}-{}-{now}", std::process::id())
}

fn nowhere(name: &str) -> StorePath {
    let hash = base32::encode(&sha256(name.as_bytes())[..20]);
    dir().join(&format!("{hash}-{name}")).unwrap()
}

/// Adds a busybox to a store; it is the builder of everything here.
fn add_busybox(client: &mut Daemon) -> StorePath {
    let tree = tempfile::tempdir().unwrap();
    let bin = tree.path().join("bb/bin");
    std::fs::create_dir_all(&bin).unwrap();
    std::fs::copy("/usr/bin/busybox", bin.join("busybox")).unwrap();
    let item = AddToStore {
        name: "live-bb",
        recursive: true,
        algorithm: "sha256",
    };
    let root = tree.path().join("bb");
    let mut hashed = HashingWriter::new(io::sink());
    dump(&root, &mut hashed).unwrap();
    let (_, hash, _) = hashed.finish();
    let path = client
        .add_to_store(&item, &mut |sink| dump(&root, sink), &mut quiet)
        .unwrap();
    assert_eq!(path, source_path(&dir(), "live-bb", &hash).unwrap());
    path
}

struct Job {
    drv: StorePath,
    out: StorePath,
}

/// Adds a derivation whose builder runs `script`.
fn add_job(client: &mut Daemon, busybox: &StorePath, sources: &[StorePath], script: &str) -> Job {
    let name = fresh("job");
    let mut sources = sources.to_vec();
    sources.push(busybox.clone());
    sources.sort();
    let listed: Vec<_> = sources.iter().map(|path| format!("\"{path}\"")).collect();
    let print = |out: &str| {
        format!(
            "Derive([(\"out\",\"{out}\",\"\",\"\")],[],[{}],\"x86_64-linux\",\
             \"{busybox}/bin/busybox\",[\"sh\",\"-c\",\"{script}\"],\
             [(\"bb\",\"{busybox}/bin/busybox\"),(\"out\",\"{out}\")])",
            listed.join(",")
        )
    };
    let inner = hex(&sha256(print("").as_bytes()));
    let outer = sha256(format!("output:out:sha256:{inner}:/gnu/store:{name}").as_bytes());
    let mut folded = [0; 20];
    for (index, byte) in outer.iter().enumerate() {
        folded[index % 20] ^= byte;
    }
    let out = dir()
        .join(&format!("{}-{name}", base32::encode(&folded)))
        .unwrap();
    let text = print(out.as_str());
    let drv = client
        .add_text(
            &format!("{name}.drv"),
            text.as_bytes(),
            &sources,
            &mut quiet,
        )
        .unwrap();
    Job { drv, out }
}

/// What a daemon knows of items and all that they refer to.
fn closure(client: &mut Daemon, roots: &[StorePath]) -> BTreeMap<StorePath, Item> {
    let mut items = BTreeMap::new();
    let mut queue = roots.to_vec();
    while let Some(path) = queue.pop() {
        if items.contains_key(&path) {
            continue;
        }
        let info = client.path_info(&path, &mut quiet).unwrap();
        queue.extend(info.references.iter().cloned());
        items.insert(
            path.clone(),
            Item {
                path,
                references: info.references,
                nar_hash: info.nar_hash,
                nar_size: info.nar_size,
                deriver: info.deriver,
            },
        );
    }
    items
}

struct Nothing;

impl Visitor for Nothing {
    type Error = io::Error;
    fn directory(&mut self, _: &[u8]) -> io::Result<()> {
        Ok(())
    }
    fn leave_directory(&mut self) -> io::Result<()> {
        Ok(())
    }
    fn regular(&mut self, _: &[u8], _: bool, _: u64, contents: &mut dyn Read) -> io::Result<()> {
        io::copy(contents, &mut io::sink()).map(|_| ())
    }
    fn symlink(&mut self, _: &[u8], _: &[u8]) -> io::Result<()> {
        Ok(())
    }
}

/// `guix authenticate`, kept running: a signer for tests.
struct Authenticate(Mutex<Child>);

impl Authenticate {
    fn new() -> Self {
        let child = Command::new("guix")
            .arg("authenticate")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        Self(Mutex::new(child))
    }

    fn sign(&self, hash: &Sha256) -> io::Result<Vec<u8>> {
        let mut child = self.0.lock().unwrap();
        let key = "/etc/guix/signing-key.sec";
        let request = format!("sign {}:{key} 64:{}\n", key.len(), hex(hash));
        child
            .stdin
            .as_mut()
            .unwrap()
            .write_all(request.as_bytes())?;
        let out = child.stdout.as_mut().unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b":") {
            let mut byte = [0];
            out.read_exact(&mut byte)?;
            head.push(byte[0]);
        }
        let head = String::from_utf8(head).unwrap();
        let (code, length) = head.trim_end_matches(':').split_once(' ').unwrap();
        let mut text = vec![0; length.parse().unwrap()];
        out.read_exact(&mut text)?;
        if code == "0" {
            Ok(text)
        } else {
            Err(io::Error::other(
                String::from_utf8_lossy(&text).into_owned(),
            ))
        }
    }
}

impl Drop for Authenticate {
    fn drop(&mut self) {
        let child = self.0.get_mut().unwrap();
        drop(child.stdin.take());
        child.wait().unwrap();
    }
}

#[test]
#[ignore = "needs real daemons"]
fn opening_brings_what_is_valid() {
    let mut client = remote();
    let name = fresh("text");
    let text = client.add_text(&name, b"hello", &[], &mut quiet).unwrap();
    let others: Vec<_> = (0..5000).map(|n| nowhere(&format!("none-{n}"))).collect();
    for (roots, asked) in [(0, 0), (100, 100), (250, 1000), (1000, 3000), (400, 5000)] {
        let mut query = others[..asked].to_vec();
        query.push(text.clone());
        let opening = Opening {
            roots: others[..roots].to_vec(),
            query,
            ..Opening::default()
        };
        let start = Instant::now();
        let (_client, opened) = open_with("OFFLOAD_TEST_REMOTE", &opening);
        println!(
            "opened with {roots} roots, {asked} asked: {:?}, version {:#x}",
            start.elapsed(),
            opened.version
        );
        assert_eq!(opened.valid.into_iter().collect::<Vec<_>>(), [text.clone()]);
    }
    // The careful way, which old daemons need, works with new ones, too.
    let stream = socket("OFFLOAD_TEST_REMOTE");
    let (mut client, _) =
        Client::open_old(stream, &dir(), &Opening::default(), &mut quiet).unwrap();
    assert!(client.is_valid(&text, &mut quiet).unwrap());
    assert!(!client.is_valid(&others[0], &mut quiet).unwrap());
}

#[test]
#[ignore = "needs real daemons"]
fn texts_in_batches_have_their_names() {
    let mut client = remote();
    let base = fresh("batch");
    let large = vec![b'x'; 300_000];
    let names: Vec<_> = (0..300).map(|n| format!("{base}-{n}")).collect();
    let contents = |n: usize| {
        if n == 150 {
            &large[..]
        } else {
            &large[..400 + n]
        }
    };
    let mut previous: Vec<Vec<StorePath>> = vec![Vec::new()];
    for (n, name) in names.iter().enumerate() {
        let path = text_path(&dir(), name, &sha256(contents(n)), &previous[n]).unwrap();
        previous.push(vec![path]);
    }
    let texts: Vec<_> = names
        .iter()
        .enumerate()
        .map(|(n, name)| AddText {
            name,
            contents: contents(n),
            references: &previous[n],
        })
        .collect();
    for what in ["new", "known"] {
        let start = Instant::now();
        let replies = client.add_texts(&texts, &mut quiet).unwrap();
        println!("300 {what} texts: {:?}", start.elapsed());
        assert_eq!(replies, previous[1..].concat());
    }
    // A reference that is not there is refused; the connection goes on.
    let missing = [nowhere("nothing")];
    let bad = client.add_text(&fresh("bad"), b"x", &missing, &mut quiet);
    assert!(matches!(bad, Err(DaemonError::Refused { .. })), "{bad:?}");
    assert_eq!(
        client
            .valid_paths(&replies_of(&previous), &mut quiet)
            .unwrap()
            .len(),
        300
    );
}

fn replies_of(previous: &[Vec<StorePath>]) -> Vec<StorePath> {
    previous.concat()
}

#[test]
#[ignore = "needs real daemons"]
fn builds_end_as_they_should() {
    let mut client = remote();
    let busybox = add_busybox(&mut client);
    for (script, limits, expected, said) in [
        (
            "echo hello; $bb sleep 0.1; echo $bb > $out",
            (0, 0),
            None,
            "hello\n",
        ),
        ("echo bye; exit 3", (0, 0), Some(100), "bye\n"),
        ("echo no", (0, 0), Some(1), "no\n"),
        ("echo z; $bb sleep 20", (1, 0), Some(101), "z\n"),
        (
            "while true; do echo y; $bb sleep 0.3; done",
            (0, 2),
            Some(101),
            "y\n",
        ),
        (
            "i=0; while [ $i -lt 100000 ]; do echo $i; i=$((i+1)); done; exit 1",
            (0, 0),
            Some(100),
            "99999\n",
        ),
    ] {
        let job = add_job(&mut client, &busybox, &[], script);
        let opening = Opening {
            options: Options {
                max_silent: limits.0,
                build_timeout: limits.1,
                ..Options::default()
            },
            roots: vec![job.drv.clone(), job.out.clone()],
            query: vec![job.drv.clone(), job.out.clone()],
        };
        let (mut builder, opened) = open_with("OFFLOAD_TEST_REMOTE", &opening);
        assert_eq!(opened.valid.len(), 1);
        let mut log = Vec::new();
        let start = Instant::now();
        let outcome = builder.build_paths(&[job.drv], &mut |bytes: &[u8]| {
            log.extend_from_slice(bytes);
            Ok(())
        });
        println!(
            "{script:?}: {outcome:?} in {:?}, {} of log",
            start.elapsed(),
            log.len()
        );
        let text = String::from_utf8_lossy(&log);
        assert!(text.contains(said), "{text}");
        match (outcome, expected) {
            (Ok(()), None) => {}
            (Err(DaemonError::Refused { status, .. }), Some(wanted)) => assert_eq!(status, wanted),
            other => panic!("{other:?}"),
        }
        assert_eq!(
            builder.is_valid(&job.out, &mut quiet).unwrap(),
            expected.is_none()
        );
    }
}

#[test]
#[ignore = "needs real daemons"]
fn outputs_are_exported() {
    let mut client = remote();
    let busybox = add_busybox(&mut client);
    let job = add_job(
        &mut client,
        &busybox,
        &[],
        "$bb mkdir $out; echo $bb $out > $out/f",
    );
    client
        .build_paths(std::slice::from_ref(&job.drv), &mut quiet)
        .unwrap();
    let info = client.path_info(&job.out, &mut quiet).unwrap();
    for sign in [false, true, true] {
        let start = Instant::now();
        let mut log = quiet;
        let mut export = client.export_path(&job.out, sign, &mut log).unwrap();
        let item = read_item(&dir(), &mut export, &mut Nothing).unwrap();
        export.finish().unwrap();
        println!("export, sign {sign}: {:?}", start.elapsed());
        assert_eq!(item.path, job.out);
        assert_eq!(item.nar_hash, info.nar_hash);
        assert_eq!(item.nar_size, info.nar_size);
        assert_eq!(item.references, info.references);
        assert_eq!(item.deriver.as_ref(), Some(&job.drv));
        assert_eq!(item.signature.is_some(), sign);
    }
    assert!(client.is_reusable());
    let mut log = quiet;
    let missing = client.export_path(&nowhere("x"), true, &mut log).unwrap();
    assert!(matches!(missing.finish(), Err(DaemonError::Refused { .. })));
    assert!(client.is_valid(&job.out, &mut quiet).unwrap());
}

#[test]
#[ignore = "needs real daemons"]
fn refused_imports_leave_the_connection_good() {
    let mut client = remote();
    let known = client.add_text(&fresh("t"), b"t", &[], &mut quiet).unwrap();
    let path = nowhere(&fresh("unsigned"));
    let item = Outgoing {
        path: &path,
        references: &[],
        deriver: None,
    };
    let write = |sink: &mut dyn Write, signature: &[u8]| {
        write_more(sink, true)?;
        write_item(
            sink,
            &mut |out| {
                out.write_all(&single_file(false, &[b'x'; 100_000]))
                    .map(|()| 0)
            },
            &item,
            &mut |_| Ok(signature.to_vec()),
        )?;
        write_more(sink, false)
    };
    let refused = client.import(&mut |sink| write(sink, b"(signature)"), &mut quiet);
    println!("malformed signature: {refused:?}");
    assert!(matches!(
        refused,
        Err(DaemonError::Refused { .. } | DaemonError::Lost(_))
    ));
    let mut client = remote();
    let garbage = client.import_paths(&mut [7; 64].as_slice(), &mut quiet);
    println!("garbage: {garbage:?}");
    assert!(matches!(garbage, Err(DaemonError::Refused { .. })));
    assert!(client.is_valid(&known, &mut quiet).unwrap());
    for length in [0, 8, 5000, 70_000] {
        let failing = client.import(
            &mut |sink| {
                let mut bytes = 1_u64.to_le_bytes().to_vec();
                bytes.extend_from_slice(&single_file(false, &[b'x'; 100_000]));
                sink.write_all(&bytes[..length])?;
                Err(io::Error::other("ours"))
            },
            &mut quiet,
        );
        assert!(
            matches!(failing, Err(DaemonError::Source(_))),
            "{failing:?}"
        );
        assert!(client.is_valid(&known, &mut quiet).unwrap());
    }
    let empty = client.import_paths(&mut 0_u64.to_le_bytes().as_slice(), &mut quiet);
    assert_eq!(empty.unwrap(), []);
}

/// Makes a closure here whose items go both ways, with a text behind a signed
/// item and a signed one behind that.
fn mixed_closure(client: &mut Daemon) -> (Job, BTreeMap<StorePath, Item>) {
    let busybox = add_busybox(client);
    let input = add_job(
        client,
        &busybox,
        &[],
        "$bb mkdir -p $out/d/e; echo i > $out/d/f; $bb ln -s f $out/d/l; $bb chmod +x $out/d/f",
    );
    client.build_paths(&[input.drv], &mut quiet).unwrap();
    let text = client
        .add_text(
            &fresh("conf"),
            b"behind",
            std::slice::from_ref(&input.out),
            &mut quiet,
        )
        .unwrap();
    let behind = add_job(
        client,
        &busybox,
        std::slice::from_ref(&text),
        &format!("echo {text} > $out"),
    );
    client.build_paths(&[behind.drv], &mut quiet).unwrap();
    let job = add_job(
        client,
        &busybox,
        std::slice::from_ref(&behind.out),
        &format!("echo done; $bb cat {} > $out", behind.out),
    );
    let items = closure(client, std::slice::from_ref(&job.drv));
    (job, items)
}

fn send_missing(
    items: BTreeMap<StorePath, Item>,
    remote: &mut Daemon,
    signing: &mut Signing<'_>,
) -> Result<(Plan, Sent), SendError> {
    let asked: Vec<_> = items.keys().cloned().collect();
    let there = remote.valid_paths(&asked, &mut quiet)?;
    let missing = items
        .into_values()
        .filter(|item| !there.contains(&item.path));
    let plan = Plan::new(&dir(), missing, &mut text_hash).unwrap();
    println!("{plan}");
    let start = Instant::now();
    let mut told = Sent::default();
    let sent = send(&plan, remote, signing, &mut quiet, &mut |sent| told = sent)?;
    println!("sent {sent:?} in {:?}", start.elapsed());
    assert_eq!(sent, told);
    assert_eq!(sent.items, plan.count());
    Ok((plan, sent))
}

fn assert_arrived(plan: &Plan, remote: &mut Daemon) {
    for item in plan.items() {
        let info = remote.path_info(&item.path, &mut quiet).unwrap();
        assert_eq!(
            (info.nar_hash, info.nar_size),
            (item.nar_hash, item.nar_size)
        );
        assert_eq!(info.references, item.references);
    }
}

#[test]
#[ignore = "needs real daemons"]
fn a_mixed_closure_arrives_signed_here_and_builds() {
    let (job, items) = mixed_closure(&mut local());
    let mut remote = remote();
    let authenticate = Authenticate::new();
    let signer = |hash: &Sha256| authenticate.sign(hash);
    let (plan, _) = send_missing(items.clone(), &mut remote, &mut Signing::Here(&signer)).unwrap();
    assert_eq!(
        plan.steps.iter().map(|step| step.way).collect::<Vec<_>>(),
        [Way::Signed, Way::Text, Way::Signed, Way::Text]
    );
    assert_arrived(&plan, &mut remote);
    remote.build_paths(&[job.drv], &mut quiet).unwrap();
    // A second time nothing is missing.
    let (plan, _) = send_missing(items, &mut remote, &mut Signing::Here(&signer)).unwrap();
    assert!(plan.is_empty());
}

#[test]
#[ignore = "needs real daemons"]
fn a_mixed_closure_arrives_signed_by_the_local_daemon() {
    let mut local = local();
    let (job, items) = mixed_closure(&mut local);
    let mut remote = remote();
    let log: &mut dyn Log = &mut quiet;
    let mut exporter = LocalDaemon {
        client: &mut local,
        log,
    };
    let mut signing = Signing::Exported(&mut exporter);
    let (plan, _) = send_missing(items, &mut remote, &mut signing).unwrap();
    assert_arrived(&plan, &mut remote);
    remote.build_paths(&[job.drv], &mut quiet).unwrap();
}

#[test]
#[ignore = "needs real daemons"]
fn failures_in_the_middle_leave_the_connection_good() {
    let mut local = local();
    let (_, items) = mixed_closure(&mut local);
    let mut remote = remote();
    let refuses = |_: &Sha256| Err(io::Error::from(io::ErrorKind::PermissionDenied));
    let outcome = send_missing(items.clone(), &mut remote, &mut Signing::Here(&refuses));
    assert!(
        matches!(outcome, Err(SendError::Sign { .. })),
        "{outcome:?}"
    );
    // An item whose hash the database has otherwise is not sent.
    let mut changed = items.clone();
    for item in changed.values_mut() {
        item.nar_hash = [0; 32];
    }
    let authenticate = Authenticate::new();
    let signer = |hash: &Sha256| authenticate.sign(hash);
    let outcome = send_missing(changed, &mut remote, &mut Signing::Here(&signer));
    let Err(SendError::Changed { path }) = outcome else {
        panic!("{outcome:?}");
    };
    assert!(!remote.is_valid(&path, &mut quiet).unwrap());
    // Nor one that is gone.
    let mut gone = items.clone();
    let path = nowhere(&fresh("gone"));
    let mut item = items.values().next().unwrap().clone();
    item.path = path.clone();
    item.deriver = Some(path.clone());
    gone.insert(path, item);
    let outcome = send_missing(gone, &mut remote, &mut Signing::Here(&signer));
    assert!(
        matches!(outcome, Err(SendError::Read { .. })),
        "{outcome:?}"
    );
    // The same connection then takes everything.
    let (plan, _) = send_missing(items, &mut remote, &mut Signing::Here(&signer)).unwrap();
    assert_arrived(&plan, &mut remote);
}

#[test]
#[ignore = "needs real daemons"]
fn a_bundle_is_taken_whole() {
    let (_, items) = mixed_closure(&mut local());
    let plan = Plan::new(&dir(), items.into_values(), &mut text_hash).unwrap();
    let authenticate = Authenticate::new();
    let signer = |hash: &Sha256| authenticate.sign(hash);
    let mut bundle = Vec::new();
    let sent = write_bundle(
        &mut bundle,
        plan.items(),
        &mut Signing::Here(&signer),
        &mut |_| {},
    )
    .unwrap();
    assert_eq!(sent.items, plan.count());
    let mut remote = remote();
    let imported = remote
        .import_paths(&mut bundle.as_slice(), &mut quiet)
        .unwrap();
    let ours: Vec<_> = plan.items().map(|item| item.path.clone()).collect();
    assert_eq!(imported, ours);
    assert_arrived(&plan, &mut remote);
}

#[test]
#[ignore = "needs real daemons"]
fn large_items_stream() {
    let mut local = local();
    let busybox = add_busybox(&mut local);
    let job = add_job(
        &mut local,
        &busybox,
        &[],
        "$bb dd if=/dev/urandom of=$out bs=1048576 count=200",
    );
    local.build_paths(&[job.drv], &mut quiet).unwrap();
    let items = closure(&mut local, std::slice::from_ref(&job.out));
    let authenticate = Authenticate::new();
    let signer = |hash: &Sha256| authenticate.sign(hash);
    let mut remote = remote();
    send_missing(items, &mut remote, &mut Signing::Here(&signer)).unwrap();
    let start = Instant::now();
    let mut log = quiet;
    let export = remote.export_path(&job.out, true, &mut log).unwrap();
    let mut export = BufReader::with_capacity(1 << 16, export);
    let item = read_item(&dir(), &mut export, &mut Nothing).unwrap();
    export.into_inner().finish().unwrap();
    println!("exported {} in {:?}", item.nar_size, start.elapsed());
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    println!(
        "{:?}",
        status.lines().find(|line| line.starts_with("VmHWM"))
    );
}
