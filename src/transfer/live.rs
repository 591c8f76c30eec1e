//! Against real daemons, which the environment names:
//! `OFFLOAD_TEST_LOCAL` is the socket of the daemon whose store this process
//! sees, `OFFLOAD_TEST_REMOTE` that of another, which knows the first's key.
//! Run as root on the first one's host.
//!
//! What is added has names of its own and is garbage afterwards.

mod daemons;

use std::io::{self, BufReader, Write};
use std::time::Instant;

use daemons::{
    LIMIT, Nothing, add_busybox, add_job, assert_arrived, closure, dir, fresh, local,
    mixed_closure, nowhere, open_with, quiet, remote, send_missing, signer, socket,
};

use super::files::StoreFiles;
use super::plan::{Plan, Way};
use super::send::{LocalDaemon, SendError, Signing, send, write_bundle};
use crate::daemon::operation::{AddText, AddToStore};
use crate::daemon::{Client, DaemonError, Log, Opening, Options};
use crate::store::bundle::{Outgoing, read_item, write_item, write_more};
use crate::store::digest::{Sha256, sha256, text_path};
use crate::store::nar::print::single_file;
use crate::store::path::StorePath;

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
        assert!(opened.valid.into_iter().eq([text.clone()]));
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
            .valid_paths(&previous.concat(), &mut quiet)
            .unwrap()
            .len(),
        300
    );
}

#[test]
#[ignore = "needs real daemons"]
fn sources_in_batches_have_their_names() {
    let mut local = local();
    let base = fresh("source");
    let mut added = Vec::new();
    for number in 0..300_usize {
        let (recursive, algorithm) = [(true, "sha256"), (false, "sha256")][number % 2];
        let name = format!("{base}-{number}");
        let item = AddToStore {
            name: &name,
            recursive,
            algorithm,
        };
        // A hundred in a batch; many that fill one; some larger than any.
        let size = [100, 7000, 29_700, 29_999, 300_000][number / 60];
        let archive = single_file(recursive && number % 4 == 0, &vec![b'x'; size + number]);
        let mut write = |sink: &mut dyn Write| {
            sink.write_all(&archive)?;
            Ok(archive.len() as u64)
        };
        added.push(local.add_to_store(&item, &mut write, &mut quiet).unwrap());
    }
    let items = closure(&mut local, &added);
    let mut remote = remote();
    let refuses = |_: &Sha256| Err(io::Error::from(io::ErrorKind::PermissionDenied));
    let mut signing = Signing::Here(&refuses);
    let (plan, _) = send_missing(items.clone(), &mut remote, &mut signing).unwrap();
    assert_eq!((plan.sources.len(), plan.steps.len()), (300, 0));
    assert_arrived(&plan, &mut remote);
    // What is there already does no harm.
    let plan = Plan::new(&dir(), items.into_values(), LIMIT, &mut StoreFiles(&dir())).unwrap();
    let sent = send(&plan, &mut remote, &mut signing, &mut quiet, &mut |_| {}).unwrap();
    assert_eq!(sent.items, 300);
    assert!(remote.is_reusable());
}

#[test]
#[ignore = "needs real daemons"]
fn algorithms_of_fixed_outputs_are_known() {
    let mut remote = remote();
    let archive = single_file(false, b"contents");
    for (algorithm, needed) in [
        ("sha256", true),
        ("sha1", true),
        ("sha512", true),
        ("md5", true),
        ("sha384", false),
        ("sha3-256", false),
        ("blake2s-256", false),
    ] {
        for recursive in [false, true] {
            let item = AddToStore {
                name: &fresh("algorithm"),
                recursive,
                algorithm,
            };
            let mut write = |sink: &mut dyn Write| {
                sink.write_all(&archive)?;
                Ok(archive.len() as u64)
            };
            let added = remote.add_to_store(&item, &mut write, &mut quiet);
            println!("{algorithm}, recursive {recursive}: {added:?}");
            assert!(added.is_ok() || !needed, "{algorithm}: {added:?}");
            if added.is_err() {
                remote = self::remote();
            }
        }
    }
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
                out.write_all(&single_file(false, &vec![b'x'; 100_000]))
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
                bytes.extend_from_slice(&single_file(false, &vec![b'x'; 100_000]));
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

#[test]
#[ignore = "needs real daemons"]
fn a_mixed_closure_arrives_signed_here_and_builds() {
    let (job, items) = mixed_closure(&mut local());
    let mut remote = remote();
    let signer = signer();
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
    let signer = signer();
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
    // Too large to be looked at before it is sent.
    item.nar_size = LIMIT + 1;
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
    let plan = Plan::new(&dir(), items.into_values(), LIMIT, &mut StoreFiles(&dir())).unwrap();
    let signer = signer();
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
    let signer = signer();
    let start = Instant::now();
    let mut signing = Signing::Here(&signer);
    write_bundle(&mut io::sink(), items.values(), &mut signing, &mut |_| {}).unwrap();
    println!("made for nobody in {:?}", start.elapsed());
    let mut remote = remote();
    send_missing(items, &mut remote, &mut signing).unwrap();
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
