//! Which way each kind of item takes to a machine.

use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};
use offload_lab::{Built, Drv, Farm, Host, Machine, Node, Row, hex};
use sha1::Sha1;
use sha2::{Digest, Sha256};

use crate::keys::nothing_came;
use crate::pool::cases;
use crate::queue::traced;

cases![
    only_what_was_built_needs_a_key,
    by_commands_all_are_signed,
    a_thousand_sources,
];

/// A build that needs an item of every kind.
struct Everything {
    /// The build.
    top: Built,
    /// The one item whose name proves nothing.
    built: String,
    /// All others, the derivations too.
    proven: BTreeSet<String>,
}

fn only_what_was_built_needs_a_key(farm: &mut Farm) -> Result<()> {
    if farm.is_stock() {
        return Ok(()); // signs everything
    }
    let everything = everything(farm)?;
    farm.w1.deauthorize(&farm.head)?;
    farm.head.write_machines(&[Machine::of(&farm.w1)?])?;
    crate::keys::impatient(farm)?;
    let answer = farm.head.ask_daemon(&[&everything.top.path], &[])?;
    answer.ended(1)?.says("guix archive --authorize")?;
    nothing_came(farm, &everything.top)?;
    for item in &everything.proven {
        same(farm, item)?;
    }
    let built = &everything.built;
    ensure!(!farm.w1.is_valid(built)?, "{built} came without a key");
    farm.w1.authorize(&farm.head)?;
    farm.head.end_rest("w1:22")?;
    let finished = farm.head.guix_build(&[&everything.top.path]).run()?;
    finished.succeeded()?;
    farm.came_back(&everything.top)?;
    same(farm, built)
}

fn by_commands_all_are_signed(farm: &mut Farm) -> Result<()> {
    let everything = everything(farm)?;
    farm.w1.start_sshd(&["AllowStreamLocalForwarding no"])?;
    farm.head.write_machines(&[Machine::of(&farm.w1)?])?;
    let finished = farm.head.guix_build(&[&everything.top.path]).run()?;
    finished.succeeded()?;
    farm.came_back(&everything.top)?;
    for item in everything.proven.iter().chain([&everything.built]) {
        same(farm, item)?;
    }
    Ok(())
}

/// Sent as they are, and signed.
fn a_thousand_sources(farm: &mut Farm) -> Result<()> {
    let mut times = Vec::new();
    for limit in ["0", "64"] {
        traced(farm, &[("OFFLOAD_UNSIGNED_LIMIT", limit)])?;
        farm.head.write_machines(&[Machine::of(&farm.w1)?])?;
        // Neither the tools nor the connection are to be measured.
        farm.build(&Drv::new("first"))?.1.succeeded()?;
        farm.head.clear_trace()?;
        let mut drv = Drv::new("thousand").script("env | grep '^s[0-9]' | wc -l > $out");
        for i in 0..1000 {
            drv = drv.source(&format!("s{i}"), Node::file(format!("{i}\n")));
        }
        let (built, finished) = farm.build(&drv)?;
        finished.succeeded()?;
        farm.came_back(&built)?;
        if farm.is_stock() {
            return Ok(());
        }
        let told = farm.head.told();
        let took = told.between(("sending", "w1"), ("sent", "w1"))?;
        println!("1000 sources, {limit} MiB unsigned: {took:?}");
        times.push(took);
    }
    ensure!(times[1] < times[0], "signing is no slower: {times:?}");
    Ok(())
}

fn everything(farm: &Farm) -> Result<Everything> {
    let tree = Node::directory([
        ("bin", Node::directory([("run", Node::program("echo\n"))])),
        ("empty", Node::directory::<&str>([])),
        ("link", Node::link("bin/run")),
        ("large", Node::noise(100_000)),
    ]);
    let inputs = [
        fixed("flat256", "sha256")?,
        fixed("tree256", "r:sha256")?,
        fixed("flat1", "sha1")?,
        fixed("tree1", "r:sha1")?,
    ];
    let built = Drv::new("built").script("mkdir $out; echo words > $out/file");
    let mut top = Drv::new("everything")
        .text("text", "words\n")
        .source("tree", tree)
        .source("program", Node::program("echo\n"))
        .source("alone", Node::link("/nowhere"))
        .flat("flat", "contents\n")
        .flat("large", vec![b'x'; 100_000])
        .input("built", &built)
        .script(
            "for i in $text $tree $program $alone $flat $large $built $f0 $f1 $f2 $f3; do
             ls -ld $i; done > $out; cat $text $flat $f0 >> $out",
        );
    for (number, input) in inputs.iter().enumerate() {
        top = top.input(&format!("f{number}"), input);
    }
    let top = farm.head.add(&top)?;
    let mut others = Vec::new();
    for input in &inputs {
        others.push(farm.head.add(input)?);
    }
    let built = farm.head.add(&built)?;
    let mut here: Vec<&str> = others.iter().map(|other| other.path.as_str()).collect();
    here.push(&built.path);
    let socket = offload_lab::SOCKET;
    farm.head
        .guix_build_at(socket, &here, &["--no-offload"])
        .ok()?;
    let roots = [top.path.clone()];
    let closure = farm.head.with_daemon(|daemon| daemon.closure(&roots))?;
    let mut proven: BTreeSet<String> = closure.into_iter().collect();
    proven.extend(others.iter().map(|other| other.out().to_owned()));
    Ok(Everything {
        top,
        built: built.out().to_owned(),
        proven,
    })
}

/// A derivation whose output's hash is known, by this algorithm.
fn fixed(name: &str, kind: &str) -> Result<Drv> {
    let contents = format!("{name} {}\n", fastrand::u64(..));
    let mut hashed = contents.clone().into_bytes();
    let mut script = "printf \"$say\" > $out";
    if kind.starts_with("r:") {
        let tree = Node::directory([
            ("run", Node::program(contents.clone())),
            ("link", Node::link("run")),
        ]);
        hashed.clear();
        tree.write_archive(&mut hashed)?;
        script = "mkdir $out; cd $out; printf \"$say\" > run; chmod 755 run; ln -s run link";
    }
    let hash = if kind.ends_with("sha1") {
        hex(&Sha1::digest(&hashed))
    } else {
        hex(&Sha256::digest(&hashed))
    };
    Ok(Drv::new(name)
        .variable("say", &contents)
        .script(script)
        .fixed(kind, &hash))
}

/// Insists that an item is the same on both sides, row and bytes; a deriver
/// has no place in what goes unsigned.
fn same(farm: &Farm, item: &str) -> Result<()> {
    let row = |host: &Host| -> Result<Row> {
        let mut row = host
            .row(item)?
            .with_context(|| format!("{item} is not valid on {}", host.name()))?;
        row.deriver = None;
        Ok(row)
    };
    let (here, there) = (row(&farm.head)?, row(&farm.w1)?);
    ensure!(here == there, "{item}: here {here:?}, there {there:?}");
    let size = usize::try_from(here.size.context("no size")?)?;
    let archive = |host: &Host| -> Result<Vec<u8>> {
        let mut exported = host.with_daemon(|daemon| daemon.export(item, false))?;
        exported.truncate(size);
        Ok(exported)
    };
    let (here, there) = (archive(&farm.head)?, archive(&farm.w1)?);
    ensure!(here.len() == size, "{item} is cut");
    ensure!(here == there, "{item} has other bytes there");
    Ok(())
}
