//! What a child that evaluates a machine file may not do, and what is said of
//! its end.
//!
//! And what of its results is kept from one process to the next.
//!
//! Each test forks, so they run in the main thread, one after the other. What
//! a file cannot be made to do (an interpreter that panics) is done by work of
//! the test's own.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use libtest_mimic::{Arguments, Failed, Trial};
use offload::machines::child::run_in_child;
use offload::machines::evaluate::Report;
use offload::machines::{Cache, Diagnostic, Evaluation, Limits, load_cached, load_text};

type Outcome = Result<(), Failed>;
type Test = fn() -> Outcome;

fn main() {
    let mut arguments = Arguments::from_args();
    arguments.test_threads = Some(1);
    let tests: &[(&str, Test)] = &[
        ("endless_loop", endless_loop),
        ("endless_recursion", endless_recursion),
        ("endless_allocation", endless_allocation),
        ("exit", exit),
        ("primitive_exit", primitive_exit),
        ("nesting", nesting),
        ("sleeping_process", sleeping_process),
        ("process_of_another_session", process_of_another_session),
        ("panic", panic),
        ("abort", abort),
        ("killed", killed),
        ("native_stack", native_stack),
        ("ends_without_a_word", ends_without_a_word),
        ("writes_nothing_anywhere", writes_nothing_anywhere),
        ("standard_input_is_empty", standard_input_is_empty),
        ("results_are_kept", results_are_kept),
        (
            "results_that_may_change_are_not",
            results_that_may_change_are_not,
        ),
    ];
    let trials = tests
        .iter()
        .map(|(name, test)| Trial::test(*name, test))
        .collect();
    libtest_mimic::run(&arguments, trials).exit();
}

fn limits() -> Limits {
    Limits {
        time: Duration::from_millis(1500),
        memory: 64 << 20,
        nesting: 100,
    }
}

fn lines(diagnostics: &[Diagnostic]) -> Vec<String> {
    let line = |diagnostic: &Diagnostic| format!("{} {}", diagnostic.code, diagnostic.one_line());
    diagnostics.iter().map(line).collect()
}

/// No machines, and one error that begins so.
fn ends(got: &[String], expected: &str) -> Outcome {
    match got {
        [line] if line.starts_with(expected) => Ok(()),
        _ => Err(format!("{got:?} is not {expected:?}").into()),
    }
}

fn file(text: &str, expected: &str) -> Outcome {
    within(&limits(), text, expected)
}

fn within(limits: &Limits, text: &str, expected: &str) -> Outcome {
    let evaluation = load_text("m.scm", text.as_bytes(), None, limits, &mut |_| {});
    if !evaluation.machines.is_empty() {
        return Err("it gave machines".into());
    }
    ends(&lines(&evaluation.diagnostics), expected)
}

fn work(work: fn(), expected: &str) -> Outcome {
    let report = run_in_child("m.scm", None, &limits(), &mut |_| {}, &|| {
        work();
        Report::default()
    });
    ends(&lines(&report.diagnostics), expected)
}

fn endless_loop() -> Outcome {
    file(
        "(let loop () (loop))",
        "machines::time error: the evaluation of m.scm did not finish in 1.5 s",
    )
}

const MEMORY: &str = "machines::memory error: the evaluation of m.scm needs more than 64 MiB";

/// Memory ends it, however slow the machine is.
fn memory(text: &str) -> Outcome {
    let limits = Limits {
        time: Duration::from_secs(60),
        ..limits()
    };
    within(&limits, text, MEMORY)
}

fn endless_recursion() -> Outcome {
    memory("(define (f n) (+ 1 (f n))) (f 1)")
}

fn endless_allocation() -> Outcome {
    memory("(let loop ((l '())) (loop (cons (list 1 2) l)))")?;
    memory("(let loop ((s \"x\")) (loop (string-append s s)))")
}

fn exit() -> Outcome {
    file("(exit)", "machines::exit m.scm:1:")?;
    file("(list (exit 3))", "machines::exit m.scm:1:")
}

fn primitive_exit() -> Outcome {
    file("(primitive-exit 0)", "machines::exit m.scm:1:")
}

fn nesting() -> Outcome {
    let text = format!("{}{}", "(list ".repeat(101), ")".repeat(101));
    file(&text, "machines::read m.scm:1:")
}

fn sleeping_process() -> Outcome {
    let name = format!("sleeper-{}", std::process::id());
    let report = run_in_child("m.scm", None, &limits(), &mut |_| {}, &|| {
        let slept = Command::new("sh")
            .args(["-c", "sleep 98 & wait", &name])
            .status();
        assert!(slept.is_ok());
        Report::default()
    });
    ends(
        &lines(&report.diagnostics),
        "machines::time error: the evaluation of m.scm did not finish in 1.5 s",
    )?;
    // The kernel needs a moment to end it.
    let deadline = Instant::now() + Duration::from_secs(5);
    while lives(&name)? {
        if Instant::now() > deadline {
            return Err("its process lives on".into());
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    Ok(())
}

/// It ends with the evaluation, however that ends, and nobody waits for it.
fn process_of_another_session() -> Outcome {
    let name = format!("stray-{}", std::process::id());
    let start = format!("(system \"setsid sh -c 'trap : HUP TERM; sleep 97 & wait' {name} &\")");
    for (end, expected) in [
        ("'()", ""),
        ("(car '())", "machines::wrong-type"),
        ("(let loop () (loop))", "machines::time"),
        ("(system \"kill -9 $PPID\")", "machines::interpreter"),
    ] {
        let begun = Instant::now();
        let text = format!("(use-modules (ice-9 popen))\n{start}\n{end}\n");
        let evaluation = load_text("m.scm", text.as_bytes(), None, &limits(), &mut |_| {});
        let got = lines(&evaluation.diagnostics);
        if !got.concat().starts_with(expected) {
            return Err(format!("{got:?} is not {expected}").into());
        }
        if begun.elapsed() > Duration::from_secs(5) {
            return Err("it held up the answer".into());
        }
        if lives(&name)? {
            return Err(format!("its process outlives {end}").into());
        }
    }
    Ok(())
}

/// Tells whether a process has this argument.
fn lives(argument: &str) -> Result<bool, Failed> {
    for entry in fs::read_dir("/proc")? {
        let commands = fs::read(entry?.path().join("cmdline")).unwrap_or_default();
        let mut arguments = commands.split(|byte| *byte == 0);
        if arguments.any(|one| one == argument.as_bytes()) {
            return Ok(true);
        }
    }
    Ok(false)
}

#[expect(clippy::panic, reason = "to see what is said of it")]
fn panic() -> Outcome {
    work(
        || panic!("out of cheese"),
        "machines::interpreter error: the interpreter failed on m.scm: ",
    )
}

fn abort() -> Outcome {
    work(
        || std::process::abort(),
        "machines::interpreter error: the interpreter failed on m.scm: nested too deep, or out",
    )
}

fn killed() -> Outcome {
    work(
        || {
            let own = nix::unistd::getpid();
            nix::sys::signal::kill(own, nix::sys::signal::Signal::SIGKILL).unwrap_or_default();
        },
        "machines::interpreter error: the evaluation of m.scm was ended by SIGKILL",
    )
}

fn native_stack() -> Outcome {
    #[expect(unconditional_recursion, reason = "to see its end")]
    fn deeper(depth: &[u8; 4096]) -> u8 {
        let next = std::hint::black_box([depth[0]; 4096]);
        deeper(&next).wrapping_add(next[1])
    }
    work(
        || {
            std::hint::black_box(deeper(&[1; 4096]));
        },
        "machines::interpreter error: the interpreter failed on m.scm: nested too deep",
    )
}

fn ends_without_a_word() -> Outcome {
    work(
        || std::process::exit(0),
        "machines::interpreter error: the evaluation of m.scm ended with status 0",
    )
}

fn writes_nothing_anywhere() -> Outcome {
    let home = tempfile::tempdir()?;
    let before = std::env::current_dir()?;
    let place = tempfile::tempdir()?;
    std::env::set_current_dir(&place)?;
    let report = run_in_child("m.scm", Some(home.path()), &limits(), &mut |_| {}, &|| {
        let report = offload::machines::evaluate::evaluate("m.scm", b"(list (car '()))", 100);
        // A core file would be written at the end.
        let core = nix::sys::resource::getrlimit(nix::sys::resource::Resource::RLIMIT_CORE);
        assert_eq!(core, Ok((0, 0)));
        assert_eq!(
            std::env::var("STEEL_HOME").as_deref(),
            Ok("/dev/null/steel")
        );
        report
    });
    let aborted = run_in_child("m.scm", Some(home.path()), &limits(), &mut |_| {}, &|| {
        std::process::abort()
    });
    std::env::set_current_dir(before)?;
    if report.diagnostics.len() != 1 || !lines(&report.diagnostics)[0].contains("wrong-type") {
        return Err(format!("{:?}", lines(&report.diagnostics)).into());
    }
    if aborted.diagnostics.len() != 1 {
        return Err("no word of the abort".into());
    }
    for folder in [home.path(), place.path()] {
        if fs::read_dir(folder)?.next().is_some() {
            return Err(format!("something is in {}", folder.display()).into());
        }
    }
    Ok(())
}

fn standard_input_is_empty() -> Outcome {
    let report = run_in_child("m.scm", None, &limits(), &mut |_| {}, &|| {
        assert_eq!(
            fs::read("/dev/stdin").map(|bytes| bytes.len()).ok(),
            Some(0)
        );
        assert_eq!(
            fs::read_link("/proc/self/fd/0").ok().as_deref(),
            Some(Path::new("/dev/null"))
        );
        Report::default()
    });
    match &*lines(&report.diagnostics) {
        [] => Ok(()),
        lines => Err(format!("{lines:?}").into()),
    }
}

/// A machine file with a place for the cache.
struct Kept {
    folder: tempfile::TempDir,
}

impl Kept {
    fn new(text: &str) -> Result<Self, Failed> {
        let folder = tempfile::tempdir()?;
        let text = text.replace("DIR", &folder.path().to_string_lossy());
        fs::write(folder.path().join("machines.scm"), text)?;
        Ok(Self { folder })
    }

    fn load(&self) -> Evaluation {
        let file = self.folder.path().join("machines.scm");
        let cache = Cache::new(self.folder.path());
        load_cached(&file, Some(Path::new("/home/of/test")), &limits(), &cache)
    }

    /// The file that is there after a load; another one after each miss.
    fn inode(&self) -> Option<u64> {
        let file = self.folder.path().join("offload/hook/machines.cache");
        fs::metadata(file).ok().map(|metadata| metadata.ino())
    }
}

fn results_are_kept() -> Outcome {
    let kept = Kept::new(
        "(list (build-machine (name \"a\") (user (getenv \"HOME\")) (systems (list \"i586-gnu\"))
           (host-key (call-with-input-file \"DIR/key\"
                       (@ (ice-9 textual-ports) get-string-all)))))",
    )?;
    let key = kept.folder.path().join("key");
    // An absent file is something to depend on.
    let absent = kept.load();
    let first = kept.inode();
    if !absent.machines.is_empty() || first.is_none() {
        return Err(format!("{:?} {first:?}", lines(&absent.diagnostics)).into());
    }
    if kept.load() != absent || kept.inode() != first {
        return Err("it was evaluated anew".into());
    }
    for text in ["ssh-ed25519 AAAA", "ssh-ed25519 BBBB"] {
        let before = kept.inode();
        fs::write(&key, text)?;
        let evaluation = kept.load();
        let keys: Vec<_> = evaluation
            .machines
            .iter()
            .map(|m| m.host_key.as_deref())
            .collect();
        if keys != [Some(text)] || kept.inode() == before {
            return Err(format!("{keys:?} {:?}", lines(&evaluation.diagnostics)).into());
        }
        let now = kept.inode();
        if kept.load() != evaluation || kept.inode() != now {
            return Err("it was evaluated anew".into());
        }
    }
    Ok(())
}

fn results_that_may_change_are_not() -> Outcome {
    for text in [
        "(if (> (current-time) 0) (list) 1)",
        "(display \"said each time\") (list)",
        "(let loop () (loop))",
        "(if (system* \"true\") (list) 1)",
        "(if (opendir \"DIR\") (list) 1)",
        "(if (stat \"DIR\") (list) 1)",
        "(if (getpw (getuid)) (list) 1)",
    ] {
        let kept = Kept::new(text)?;
        kept.load();
        if kept.inode().is_some() {
            return Err(format!("kept: {text}").into());
        }
    }
    Ok(())
}
