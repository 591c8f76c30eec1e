//! Guix's own hook and ours at the same work, by turns, on real Guix hosts.
//!
//! `cargo bench --bench paired -- --help` tells the options. Each round does
//! the work of a case once with each hook; both daemons are on one head.

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use offload_lab::{
    Built, DaemonOptions, Drv, Hook, Host, HostOptions, Line, Machine, Node, Paired, Side, TRACE,
    median, system,
};

const HELP: &str = "\
usage: cargo bench --bench paired -- [OPTION]... [CASE]...
  --rounds N   rounds for each case (default: the case's own)
  --only SIDE  stock or ours alone
  --list       names the cases
  --trace      the phases of one trivial build, from the hook's own events
  --far        with --trace: at a round trip of 50 ms";

/// A piece of work to be timed.
struct Case {
    name: &'static str,
    what: &'static str,
    rounds: usize,
    run: fn(&Paired, Side) -> Result<Duration>,
}

const CASES: &[Case] = &[
    Case {
        name: "trivial",
        what: "one trivial build",
        rounds: 7,
        run: trivial,
    },
    Case {
        name: "fan-out",
        what: "16 trivial builds on 2 x 8 slots",
        rounds: 3,
        run: fan_out,
    },
    Case {
        name: "input",
        what: "200 MB input",
        rounds: 3,
        run: big_input,
    },
    Case {
        name: "inputs",
        what: "1000 small inputs",
        rounds: 3,
        run: small_inputs,
    },
    Case {
        name: "output",
        what: "200 MB output",
        rounds: 3,
        run: big_output,
    },
    Case {
        name: "far",
        what: "one trivial build, 50 ms round trip",
        rounds: 3,
        run: far,
    },
    Case {
        name: "decline",
        what: "decline",
        rounds: 5,
        run: decline,
    },
    Case {
        name: "accept",
        what: "accept, a machine known to be up",
        rounds: 3,
        run: accept,
    },
    Case {
        name: "queue",
        what: "30 builds of 1 s on 2 x 2 slots",
        rounds: 3,
        run: queue,
    },
    Case {
        name: "unknown",
        what: "16 trivial builds, nothing known",
        rounds: 3,
        run: unknown,
    },
    Case {
        name: "dead",
        what: "the same, one more that drops packets",
        rounds: 1,
        run: dead,
    },
    Case {
        name: "cut-off",
        what: "5 s build, its machine lost after 2 s",
        rounds: 1,
        run: cut_off,
    },
];

const ROUND_TRIP: Duration = Duration::from_millis(50);
const SIZE: u64 = 200_000_000;

#[derive(Default)]
#[allow(clippy::struct_excessive_bools)] // one for each flag
struct Options {
    rounds: Option<usize>,
    only: Option<Side>,
    list: bool,
    trace: bool,
    far: bool,
    help: bool,
    cases: Vec<String>,
}

fn main() -> ExitCode {
    match options().and_then(|o| bench(&o)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("paired: {e:#}");
            ExitCode::FAILURE
        }
    }
}

fn options() -> Result<Options> {
    let mut options = Options::default();
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        match word.as_str() {
            "--rounds" => options.rounds = Some(words.next().context("--rounds N")?.parse()?),
            "--only" => {
                options.only = match words.next().as_deref() {
                    Some("stock") => Some(Side::Stock),
                    Some("ours") => Some(Side::Ours),
                    _ => bail!("--only stock or --only ours"),
                }
            }
            "--list" => options.list = true,
            "--trace" => options.trace = true,
            "--far" => options.far = true,
            "--help" => options.help = true,
            "--bench" => {} // cargo says so
            name if CASES.iter().any(|c| c.name == name) || name == "memory" => {
                options.cases.push(word);
            }
            _ => bail!("{word} is no option and no case\n{HELP}"),
        }
    }
    Ok(options)
}

fn bench(options: &Options) -> Result<()> {
    if options.help {
        println!("{HELP}");
    }
    if options.list || options.help {
        for case in CASES {
            println!("  {:12} {}", case.name, case.what);
        }
        println!(
            "  {:12} peak memory of the hook, 200 MB both ways",
            "memory"
        );
        return Ok(());
    }
    if let Some(reason) = offload_lab::obstacle() {
        println!("not run: {reason}");
        return Ok(());
    }
    let mut paired = Paired::new(Path::new(env!("CARGO_BIN_EXE_offload")))?;
    near(&paired)?;
    if options.trace {
        return trace(&mut paired, options.far);
    }
    println!("{:38}{:>10}{:>10}{:>8}", "", "stock", "ours", "ratio");
    let wanted = |name: &str| options.cases.is_empty() || options.cases.iter().any(|c| c == name);
    for case in CASES.iter().filter(|c| wanted(c.name)) {
        // The first run of anything fills caches; what is done once only takes
        // minutes.
        for side in sides(options).filter(|_| case.rounds > 1) {
            (case.run)(&paired, side).with_context(|| case.name)?;
        }
        let mut times = [Vec::new(), Vec::new()];
        for _ in 0..options.rounds.unwrap_or(case.rounds) {
            for (side, times) in Side::BOTH.into_iter().zip(&mut times) {
                if options.only.is_none_or(|only| only == side) {
                    times.push((case.run)(&paired, side).with_context(|| case.name)?);
                }
            }
        }
        let [stock, ours] = times.map(|t| median(&t).as_secs_f64());
        row(case.what, stock, ours, " s", 3);
        paired
            .farm
            .hosts()
            .iter()
            .try_for_each(|h| h.collect_garbage())?;
    }
    if wanted("memory") {
        let [stock, ours] = [memory(&paired, Side::Stock)?, memory(&paired, Side::Ours)?];
        row("peak memory, 200 MB both ways", stock, ours, " MiB", 1);
    }
    let floor = floor(&paired)?;
    println!(
        "(the same trivial build without offloading: {:.3} s)",
        floor.as_secs_f64()
    );
    paired.farm.check()
}

fn sides(options: &Options) -> impl Iterator<Item = Side> {
    let only = options.only;
    Side::BOTH
        .into_iter()
        .filter(move |s| only.is_none_or(|o| o == *s))
}

fn row(what: &str, stock: f64, ours: f64, unit: &str, digits: usize) {
    let cell = |value: f64| {
        if value == 0.0 {
            "-".to_owned()
        } else {
            format!("{value:.digits$}{unit}")
        }
    };
    let ratio = if stock * ours == 0.0 {
        "-".to_owned()
    } else {
        format!("{:.1}", stock / ours)
    };
    println!("{what:38}{:>10}{:>10}{ratio:>8}", cell(stock), cell(ours));
}

/// Machine file: both machines as they are, with 8 slots each.
fn near(paired: &Paired) -> Result<()> {
    let machines = paired.farm.machines()?.into_iter().map(|m| m.slots(8));
    paired
        .farm
        .head
        .write_machines(&machines.collect::<Vec<_>>())
}

fn build(paired: &Paired, side: Side, drvs: &[Drv]) -> Result<Duration> {
    let builds = drvs
        .iter()
        .map(|d| paired.farm.head.add(d))
        .collect::<Result<Vec<Built>>>()?;
    Ok(paired.build(side, &builds)?.elapsed)
}

fn trivial(paired: &Paired, side: Side) -> Result<Duration> {
    let drv = Drv::new("trivial")
        .text("a", "a")
        .text("b", "b")
        .text("c", "c");
    build(paired, side, &[drv])
}

fn fan_out(paired: &Paired, side: Side) -> Result<Duration> {
    let drvs: Vec<Drv> = (0..16)
        .map(|i| Drv::new(&format!("fan{i}")).text("a", "a"))
        .collect();
    build(paired, side, &drvs)
}

fn big_input(paired: &Paired, side: Side) -> Result<Duration> {
    let drv = Drv::new("input")
        .source("noise", Node::noise(SIZE))
        .script("wc -c $noise > $out");
    build(paired, side, &[drv])
}

fn small_inputs(paired: &Paired, side: Side) -> Result<Duration> {
    let mut drv = Drv::new("inputs").script("env | grep -c '^s[0-9]' > $out");
    let tag = drv.name().to_owned();
    for i in 0..1000 {
        drv = drv.source(&format!("s{i}"), Node::file(format!("{i} {tag}\n")));
    }
    build(paired, side, &[drv])
}

fn big_output(paired: &Paired, side: Side) -> Result<Duration> {
    let script = format!("head -c {SIZE} /dev/urandom > $out");
    build(paired, side, &[Drv::new("output").script(&script)])
}

fn far(paired: &Paired, side: Side) -> Result<Duration> {
    let line = paired.farm.w1.delay(Line {
        round_trip: ROUND_TRIP,
        rate: None,
    })?;
    let machine = Machine::of(&paired.farm.w1)?.port(line.port());
    paired.farm.head.write_machines(&[machine])?;
    let time = trivial(paired, side);
    near(paired)?;
    time
}

/// Twice the slots that the machines have are waited for all the time.
fn queue(paired: &Paired, side: Side) -> Result<Duration> {
    paired.farm.head.write_machines(&paired.farm.machines()?)?;
    let script = "echo building; sleep 1; echo > $out";
    let drvs: Vec<Drv> = (0..30)
        .map(|i| Drv::new(&format!("queue{i}")).script(script))
        .collect();
    let time = build(paired, side, &drvs);
    near(paired)?;
    time
}

/// As the first build after a pause; stock never knows anything.
fn unknown(paired: &Paired, side: Side) -> Result<Duration> {
    paired.farm.forget()?;
    fan_out(paired, side)
}

/// The third machine is there for the machine file, and nothing answers.
fn dead(paired: &Paired, side: Side) -> Result<Duration> {
    let farm = &paired.farm;
    let dead = farm.machine("dead", &HostOptions::default())?;
    dead.drop_packets(true)?;
    let mut machines = farm.machines()?;
    // As good as the best, as far as anybody knows.
    machines.push(Machine::of(&dead)?.speed(2.0));
    let machines: Vec<_> = machines.into_iter().map(|m| m.slots(8)).collect();
    farm.head.write_machines(&machines)?;
    let time = unknown(paired, side);
    near(paired)?;
    farm.forget()?;
    time
}

/// Nothing arrives any more, and nobody says so. Stock waits for ever.
fn cut_off(paired: &Paired, side: Side) -> Result<Duration> {
    if side == Side::Stock {
        return Ok(Duration::ZERO);
    }
    let farm = &paired.farm;
    let script = "echo under way; sleep 5; echo > $out";
    let built = farm.head.add(&Drv::new("cut-off").script(script))?;
    let client = farm
        .head
        .guix_build_at(side.socket(), &[&built.path], &[])
        .spawn()?;
    client.wait_for("under way", Duration::from_secs(30))?;
    std::thread::sleep(Duration::from_secs(2));
    let builds = |host: &&Host| host.builds_running().is_ok_and(|all| !all.is_empty());
    let machine = [&farm.w1, &farm.w2].into_iter().find(builds);
    let machine = machine.context("nobody builds")?;
    machine.drop_packets(true)?;
    let finished = client.wait(Duration::from_secs(180));
    machine.drop_packets(false)?;
    // It has built on, since nobody could tell it.
    machine.end_sessions()?;
    farm.forget()?;
    let finished = finished?.succeeded()?;
    farm.came_back(&built)?;
    Ok(finished.elapsed)
}

/// The hook alone, from its start to its end at the end of its input.
fn decline(paired: &Paired, side: Side) -> Result<Duration> {
    hook_alone(paired, side, "nobody-has-this", "decline")
}

/// The same; `guix build` was told before that the machine is up.
fn accept(paired: &Paired, side: Side) -> Result<Duration> {
    trivial(paired, side)?;
    hook_alone(paired, side, "", "accept")
}

fn hook_alone(paired: &Paired, side: Side, features: &str, reply: &str) -> Result<Duration> {
    const TIMES: u32 = 20;
    let hook = match side {
        Side::Stock => "guix offload",
        Side::Ours => "/usr/local/libexec/offload/offload",
    };
    let (head, system) = (&paired.farm.head, system());
    let drv = head.add(&Drv::new("asked"))?.path;
    let line = format!(
        "for i in $(seq {TIMES}); do echo '1 {system} {drv} {features}' | \
         {hook} {system} 3600 1 86400 2>&1 | grep -q '^# {reply}$'; done"
    );
    let user = [
        "setpriv",
        "--reuid=guix-daemon",
        "--regid=guix-daemon",
        "--clear-groups",
    ];
    let shell: Vec<&str> = user.into_iter().chain(["sh", "-ec", &line]).collect();
    Ok(head.exec(&shell).run()?.succeeded()?.elapsed / TIMES)
}

/// The most that one process of the hook has resident, in MiB.
fn memory(paired: &Paired, side: Side) -> Result<f64> {
    let hook = match side {
        Side::Stock => Hook::Stock,
        Side::Ours => paired.farm.hook().clone(),
    };
    let watch = paired.farm.head.watch_memory(&hook);
    let drv = Drv::new("memory")
        .source("noise", Node::noise(SIZE))
        .script("cat $noise > $out; echo >> $out");
    build(paired, side, &[drv])?;
    paired
        .farm
        .hosts()
        .iter()
        .try_for_each(|h| h.collect_garbage())?;
    Ok(f64::from(u32::try_from(watch.kib())?) / 1024.0)
}

/// What `guix build` takes with no hook at all.
fn floor(paired: &Paired) -> Result<Duration> {
    let mut times = Vec::new();
    for _ in 0..5 {
        let built = paired.farm.head.add(&Drv::new("local").text("a", "a"))?;
        let head = &paired.farm.head;
        let client = head.guix_build_at(Side::Ours.socket(), &[&built.path], &["--no-offload"]);
        times.push(client.run()?.succeeded()?.elapsed);
    }
    Ok(median(&times))
}

/// Prints when one build reached each of its phases.
fn trace(paired: &mut Paired, is_far: bool) -> Result<()> {
    let hook = paired.farm.hook().clone();
    paired
        .farm
        .head_daemon(DaemonOptions::with_hook(hook).variable("OFFLOAD_TRACE", TRACE))?;
    let head = &paired.farm.head;
    head.clear_trace()?;
    for _ in 0..3 {
        head.clear_trace()?;
        let time = if is_far {
            far(paired, Side::Ours)?
        } else {
            trivial(paired, Side::Ours)?
        };
        print_trace(head, time);
    }
    Ok(())
}

fn print_trace(head: &Host, time: Duration) {
    println!(
        "guix build: {:.1} ms; in the hook:",
        time.as_secs_f64() * 1e3
    );
    println!("{:>9}{:>9}", "ms", "since");
    let mut last = 0.0;
    // PID MICROSECONDS NAME DETAILS
    for line in head.trace().lines() {
        let mut words = line.splitn(4, ' ').skip(1);
        let micros: f64 = words.next().and_then(|w| w.parse().ok()).unwrap_or(0.0);
        let (name, details) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
        println!(
            "{:9.2}{:9.2}  {name:12} {details}",
            micros / 1e3,
            (micros - last) / 1e3
        );
        last = micros;
    }
}
