//! The daemons that the environment names, and work for them.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Instant;

use crate::daemon::operation::AddToStore;
use crate::daemon::{Client, Opened, Opening};
use crate::store::authenticate::Keyring;
use crate::store::base32;
use crate::store::digest::{HashingWriter, Sha256, hex, sha256, source_path};
use crate::store::nar::Visitor;
use crate::store::nar::dump::dump;
use crate::store::path::{StoreDir, StorePath};
use crate::transfer::files::StoreFiles;
use crate::transfer::plan::{Item, Plan};
use crate::transfer::send::{SendError, Sent, Signing, send};

/// Largest source that goes unsigned.
pub(super) const LIMIT: u64 = 64 << 20;

pub(super) type Daemon = Client<UnixStream>;

pub(super) fn socket(variable: &str) -> UnixStream {
    let path = std::env::var(variable).unwrap_or_else(|_| panic!("{variable} is not set"));
    UnixStream::connect(path).unwrap()
}

pub(super) fn open_with(variable: &str, opening: &Opening) -> (Daemon, Opened) {
    Client::open(socket(variable), &dir(), opening, &mut quiet).unwrap()
}

pub(super) fn open(variable: &str) -> Daemon {
    open_with(variable, &Opening::default()).0
}

pub(super) fn local() -> Daemon {
    open("OFFLOAD_TEST_LOCAL")
}

pub(super) fn remote() -> Daemon {
    open("OFFLOAD_TEST_REMOTE")
}

pub(super) fn dir() -> StoreDir {
    StoreDir::default()
}

#[allow(clippy::unnecessary_wraps)]
pub(super) fn quiet(_: &[u8]) -> io::Result<()> {
    Ok(())
}

/// A name that no store has yet.
pub(super) fn fresh(what: &str) -> String {
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_nanos();
    format!("live-{what}-{}-{now}", std::process::id())
}

pub(super) fn nowhere(name: &str) -> StorePath {
    let hash = base32::encode(&sha256(name.as_bytes())[..20]);
    dir().join(&format!("{hash}-{name}")).unwrap()
}

/// Adds a busybox to a store; it is the builder of everything here.
pub(super) fn add_busybox(client: &mut Daemon) -> StorePath {
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

pub(super) struct Job {
    pub drv: StorePath,
    pub out: StorePath,
}

/// Adds a derivation whose builder runs `script`.
pub(super) fn add_job(
    client: &mut Daemon,
    busybox: &StorePath,
    sources: &[StorePath],
    script: &str,
) -> Job {
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
pub(super) fn closure(client: &mut Daemon, roots: &[StorePath]) -> BTreeMap<StorePath, Item> {
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

pub(super) struct Nothing;

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

/// This host's key.
pub(super) fn signer() -> impl Fn(&Sha256) -> io::Result<Vec<u8>> {
    let keyring = Keyring::open(Path::new("/etc/guix"), None);
    move |hash| {
        keyring
            .sign(hash)
            .map_err(|error| io::Error::other(error.to_string()))
    }
}

/// Makes a closure here whose items go both ways, with a text behind a signed
/// item and a signed one behind that.
pub(super) fn mixed_closure(client: &mut Daemon) -> (Job, BTreeMap<StorePath, Item>) {
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

pub(super) fn send_missing(
    items: BTreeMap<StorePath, Item>,
    remote: &mut Daemon,
    signing: &mut Signing<'_>,
) -> Result<(Plan, Sent), SendError> {
    let asked: Vec<_> = items.keys().cloned().collect();
    let there = remote.valid_paths(&asked, &mut quiet)?;
    let missing = items
        .into_values()
        .filter(|item| !there.contains(&item.path));
    let plan = Plan::new(&dir(), missing, LIMIT, &mut StoreFiles(&dir())).unwrap();
    println!("{plan}");
    let start = Instant::now();
    let mut told = Sent::default();
    let sent = send(&plan, remote, signing, &mut quiet, &mut |sent| told = sent)?;
    println!("sent {sent:?} in {:?}", start.elapsed());
    assert_eq!(sent, told);
    assert_eq!(sent.items, plan.count());
    Ok((plan, sent))
}

pub(super) fn assert_arrived(plan: &Plan, remote: &mut Daemon) {
    for item in plan.items() {
        let info = remote.path_info(&item.path, &mut quiet).unwrap();
        assert_eq!(
            (info.nar_hash, info.nar_size),
            (item.nar_hash, item.nar_size)
        );
        assert_eq!(info.references, item.references);
    }
}
