//! Machine files evaluated in a child process.
//!
//! `load` forks, so these tests run in the main thread, one after the other.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use libtest_mimic::{Arguments, Failed, Trial};
use offload::machines::{Diagnostic, Evaluation, Field, Limits, load_text, load_with};

type Outcome = Result<(), Failed>;
type Test = fn() -> Outcome;

fn main() {
    let mut arguments = Arguments::from_args();
    arguments.test_threads = Some(1);
    let tests: &[(&str, Test)] = &[
        ("missing_file", missing_file),
        ("unreadable_file", unreadable_file),
        ("examples", examples),
        ("home_is_the_given_one", home_is_the_given_one),
        ("output_is_passed_on_in_lines", output_is_passed_on_in_lines),
        ("descriptors_are_closed", descriptors_are_closed),
        ("endless_loop", endless_loop),
        ("endless_recursion", endless_recursion),
        ("endless_allocation", endless_allocation),
        ("one_huge_allocation", one_huge_allocation),
        ("deep_nesting", deep_nesting),
        ("nesting_beyond_the_limit", nesting_beyond_the_limit),
        ("exit", exit),
        ("missing_key_file", missing_key_file),
        ("key_file_keeps_its_newline", key_file_keeps_its_newline),
        (
            "wrong_field_drops_one_machine",
            wrong_field_drops_one_machine,
        ),
        ("broken_file", broken_file),
        ("no_children_are_left", no_children_are_left),
        (
            "nothing_is_created_in_the_home",
            nothing_is_created_in_the_home,
        ),
        ("many_machines", many_machines),
    ];
    let trials = tests
        .iter()
        .map(|(name, test)| Trial::test(*name, test))
        .collect();
    libtest_mimic::run(&arguments, trials).exit();
}

fn short() -> Limits {
    Limits {
        time: Duration::from_millis(500),
        ..Limits::default()
    }
}

fn run(text: &str, limits: &Limits) -> (Evaluation, Vec<String>) {
    let mut printed = Vec::new();
    let mut print = |line: &str| printed.push(line.to_owned());
    let home = Path::new("/home/of/test");
    let evaluation = load_text("m.scm", text.as_bytes(), Some(home), limits, &mut print);
    (evaluation, printed)
}

fn lines(evaluation: &Evaluation) -> Vec<String> {
    evaluation
        .diagnostics
        .iter()
        .map(Diagnostic::one_line)
        .collect()
}

/// No machines, one error that contains this.
fn fails(text: &str, limits: &Limits, expected: &str) -> Outcome {
    let (evaluation, _) = run(text, limits);
    let lines = lines(&evaluation);
    check(evaluation.machines.is_empty(), "it gave machines")?;
    check(
        lines.len() == 1 && lines[0].contains(expected),
        &format!("{lines:?} has no {expected:?}"),
    )
}

fn check(holds: bool, message: &str) -> Outcome {
    if holds { Ok(()) } else { Err(message.into()) }
}

#[expect(clippy::needless_pass_by_value, reason = "reads better at the calls")]
fn same<T: PartialEq + std::fmt::Debug>(got: T, expected: T) -> Outcome {
    if got == expected {
        Ok(())
    } else {
        Err(format!("got {got:?} instead of {expected:?}").into())
    }
}

fn missing_file() -> Outcome {
    let file = Path::new("/nonexistent/machines.scm");
    let evaluation = load_with(file, None, &Limits::default(), &mut |_| {});
    same(evaluation, Evaluation::default())
}

fn unreadable_file() -> Outcome {
    let evaluation = load_with(Path::new("/"), None, &Limits::default(), &mut |_| {});
    same(
        lines(&evaluation),
        vec!["error: cannot read machine file /: not a regular file".into()],
    )
}

/// Each file of examples/ loads without an error; its comments say what it
/// gives: `;; machines: NAME …` and `;; warnings: N`.
fn examples() -> Outcome {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let mut files: Vec<PathBuf> = fs::read_dir(folder)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<io::Result<_>>()?;
    files.retain(|file| file.extension().is_some_and(|extension| extension == "scm"));
    files.sort();
    check(files.len() >= 8, "there are too few examples")?;
    for file in files {
        let text = fs::read_to_string(&file)?;
        let home = Some(Path::new("/root"));
        let evaluation = load_with(&file, home, &Limits::default(), &mut |_| {});
        let said = |what: &str| {
            text.lines()
                .find_map(|line| line.strip_prefix(&format!(";; {what}:")))
                .unwrap_or_default()
                .split_whitespace()
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        let names: Vec<String> = evaluation
            .machines
            .iter()
            .map(|machine| machine.name.clone())
            .collect();
        let shown = file.display();
        check(
            names == said("machines"),
            &format!("{shown}: {names:?} {:?}", lines(&evaluation)),
        )?;
        let warnings = evaluation.diagnostics.len().to_string();
        check(
            !evaluation.has_errors() && vec![warnings] == said("warnings"),
            &format!("{shown}: {:?}", lines(&evaluation)),
        )?;
    }
    Ok(())
}

fn home_is_the_given_one() -> Outcome {
    let text = "(list (build-machine (name \"m\") (user (getenv \"HOME\")) \
                (systems '(\"s\")) (host-key \"k\")))";
    let (evaluation, _) = run(text, &Limits::default());
    let machine = evaluation.machines.first().ok_or("no machine")?;
    same(machine.user.as_str(), "/home/of/test")?;
    same(
        machine.private_key.as_deref(),
        Some(Path::new("/home/of/test/.ssh/id_rsa")),
    )?;
    check(!machine.is_written(Field::PrivateKey), "written")?;
    let evaluation = load_text(
        "m.scm",
        text.replace(
            "(getenv \"HOME\")",
            "(if (getenv \"HOME\") \"set\" \"unset\")",
        )
        .as_bytes(),
        None,
        &Limits::default(),
        &mut |_| {},
    );
    let machine = evaluation.machines.first().ok_or("no machine")?;
    same(machine.user.as_str(), "unset")?;
    same(machine.private_key.as_deref(), None)
}

fn output_is_passed_on_in_lines() -> Outcome {
    let (evaluation, printed) = run(
        "(display \"# accept\\n\") (display \"a\\x1b[2Jb\") (newline) (display \"no end\") '()",
        &Limits::default(),
    );
    same(lines(&evaluation), Vec::new())?;
    same(
        printed,
        vec![
            "# accept".to_owned(),
            "a\\u{1b}[2Jb".to_owned(),
            "no end".to_owned(),
        ],
    )
}

fn descriptors_are_closed() -> Outcome {
    // 20 more in the parent; the child has 0 to 2 and its message pipe.
    let files: Vec<fs::File> = (0..20)
        .map(|_| fs::File::open("/dev/null"))
        .collect::<io::Result<_>>()?;
    let (_, printed) = run(
        "(define (open? n) (file-exists? (string-append \"/proc/self/fd/\" (number->string n))))
         (display (filter open? (iota 100)))
         '()",
        &Limits::default(),
    );
    drop(files);
    same(printed, vec!["(0 1 2 3)".to_owned()])
}

fn endless_loop() -> Outcome {
    let start = Instant::now();
    fails("(let loop () (loop))", &short(), "did not finish in 0.5 s")?;
    check(start.elapsed() < Duration::from_secs(2), "it took too long")
}

fn endless_recursion() -> Outcome {
    let limits = Limits {
        memory: 64 << 20,
        ..Limits::default()
    };
    fails("(define (f) (+ 1 (f))) (f)", &limits, "more than 64 MiB")
}

fn endless_allocation() -> Outcome {
    let limits = Limits {
        memory: 64 << 20,
        ..Limits::default()
    };
    fails(
        "(let loop ((l '())) (loop (cons l (cons l l))))",
        &limits,
        "more than 64 MiB",
    )
}

fn one_huge_allocation() -> Outcome {
    fails(
        "(make-vector 100000000000 0)",
        &Limits::default(),
        "more than 512 MiB",
    )
}

fn deep_nesting() -> Outcome {
    let depth = 9_000;
    let calls = format!("{}1{}", "(+ 1 ".repeat(depth), ")".repeat(depth));
    let limits = Limits {
        time: Duration::from_secs(60),
        ..Limits::default()
    };
    let (evaluation, printed) = run(&format!("(display {calls}) '()"), &limits);
    same(lines(&evaluation), Vec::new())?;
    same(printed, vec![(depth + 1).to_string()])
}

fn nesting_beyond_the_limit() -> Outcome {
    fails(
        &"(".repeat(1_000_000),
        &Limits::default(),
        "nested deeper than 10000 levels",
    )
}

fn exit() -> Outcome {
    fails("(exit 1)", &Limits::default(), "the file calls `exit`")?;
    fails(
        "(primitive-exit 0)",
        &Limits::default(),
        "the file calls `primitive-exit`",
    )
}

fn missing_key_file() -> Outcome {
    fails(
        "(use-modules (ice-9 textual-ports))
         (list (build-machine (name \"m\") (user \"u\")
           (host-key (call-with-input-file \"/nonexistent.pub\" get-string-all))))",
        &Limits::default(),
        "m.scm:3:21: warning: cannot open file `/nonexistent.pub`: No such file or directory",
    )
}

fn key_file_keeps_its_newline() -> Outcome {
    let folder = tempfile::tempdir()?;
    let key = folder.path().join("key.pub");
    fs::write(&key, "ssh-ed25519 AAAA root@vm\n")?;
    let (evaluation, _) = run(
        &format!(
            "(list (build-machine (name \"m\") (user \"u\") (systems '(\"s\"))
               (host-key (call-with-input-file \"{}\"
                           (@ (ice-9 textual-ports) get-string-all)))))",
            key.display()
        ),
        &Limits::default(),
    );
    same(lines(&evaluation), Vec::new())?;
    let machine = evaluation.machines.first().ok_or("no machine")?;
    same(
        machine.host_key.as_deref(),
        Some("ssh-ed25519 AAAA root@vm\n"),
    )
}

fn wrong_field_drops_one_machine() -> Outcome {
    let (evaluation, _) = run(
        "(list (build-machine (name \"a\") (user \"u\") (systems '(\"s\")) (host-key \"k\")
            (port \"22\"))
          (build-machine (name \"b\") (user \"u\") (systems '(\"s\")) (host-key \"k\")))",
        &Limits::default(),
    );
    let names: Vec<&str> = evaluation
        .machines
        .iter()
        .map(|m| m.name.as_str())
        .collect();
    same(names, vec!["b"])?;
    same(evaluation.raw.len(), 2)?;
    same(
        lines(&evaluation),
        vec![
            "m.scm:2:18: error: `port` must be an integer, but it is \"22\" (write the number \
             without quotes)"
                .to_owned(),
        ],
    )
}

fn broken_file() -> Outcome {
    fails("(list 1", &Limits::default(), "m.scm:1:0: error: this `(`")?;
    fails(
        "(list (car 1))",
        &Limits::default(),
        "m.scm:1:6: error: car",
    )
}

fn no_children_are_left() -> Outcome {
    run("'()", &Limits::default());
    run("(let loop () (loop))", &short());
    match nix::sys::wait::waitpid(None, Some(nix::sys::wait::WaitPidFlag::WNOHANG)) {
        Err(nix::errno::Errno::ECHILD) => Ok(()),
        other => Err(format!("{other:?}").into()),
    }
}

fn nothing_is_created_in_the_home() -> Outcome {
    let home = tempfile::tempdir()?;
    load_text(
        "m.scm",
        b"'()",
        Some(home.path()),
        &Limits::default(),
        &mut |_| {},
    );
    same(fs::read_dir(home.path())?.count(), 0)
}

fn many_machines() -> Outcome {
    let machine = "(build-machine (name \"m\") (user \"u\") (systems '(\"x86_64-linux\")) \
                   (host-key \"ssh-ed25519 AAAA\") (port 2222) (speed 1.5))\n";
    let text = format!("(list {})", machine.repeat(2000));
    let (evaluation, _) = run(&text, &Limits::default());
    same(lines(&evaluation), Vec::new())?;
    same(evaluation.machines.len(), 2000)
}
