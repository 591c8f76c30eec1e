//! Called as `guix`: what the real one gets must be what we got.
//!
//! Any program can stand for the real guix: `env` prints its environment,
//! `sh` runs what it is told.

use std::ffi::OsStr;
use std::fs::{self, Permissions};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::{Command, Stdio};

use super::environment::{Environment, program};

fn text(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.stderr.is_empty(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn arguments_arrive_untouched() {
    let env = Environment::new();
    let real = env.script("real/guix", r#"printf '<%s>' "$@""#);
    let output = env
        .front(&real)
        .args(["gc", "--list-busy", "", "a b", "--", "offload"])
        .arg(OsStr::from_bytes(b"\xff\xfe\n"))
        .output()
        .unwrap();
    assert_eq!(
        output.stdout,
        b"<gc><--list-busy><><a b><--><offload><\xff\xfe\n>"
    );
    assert!(output.stderr.is_empty());
}

#[test]
fn environment_arrives_untouched() {
    let env = Environment::new();
    let mut front = env.front(program("env"));
    front.arg("-0").env("B", "2").env("A", "1");
    let direct = Command::new(program("env"))
        .arg("-0")
        .env_clear()
        .env("OFFLOAD_GUIX", program("env"))
        .env("B", "2")
        .env("A", "1")
        .output()
        .unwrap();
    assert_eq!(front.output().unwrap().stdout, direct.stdout);
}

#[test]
fn process_directory_umask_and_signals_stay() {
    let env = Environment::new();
    let script = "echo $$; pwd -P; umask; exec grep -E 'Sig(Blk|Ign)' /proc/self/status";
    let child = env
        .front(program("sh"))
        .args(["-c", script])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let pid = child.id();
    let output = child.wait_with_output().unwrap();
    let direct = Command::new(program("sh"))
        .args(["-c", script])
        .current_dir(env.path("."))
        .output()
        .unwrap();
    let after_pid = |bytes: &[u8]| -> String {
        let text = String::from_utf8_lossy(bytes);
        text.split_once('\n').unwrap().1.to_owned()
    };
    assert_eq!(after_pid(&output.stdout), after_pid(&direct.stdout));
    assert!(output.stdout.starts_with(format!("{pid}\n").as_bytes()));
}

#[test]
fn descriptors_stay_and_none_is_added() {
    let env = Environment::new();
    // Descriptor 4 is one of the daemon's; 3 is closed there.
    let script = |program: &str| {
        format!(
            "exec 4>{}; exec {program} -c 'echo tail >&4; ls /proc/$$/fd'",
            env.path("log").display()
        )
    };
    let sh = program("sh");
    let direct = Command::new(&sh)
        .args(["-c", &script(&sh.to_string_lossy())])
        .output()
        .unwrap();
    let passed = Command::new(&sh)
        .args(["-c", &script(&env.path("guix").to_string_lossy())])
        .env("OFFLOAD_GUIX", &sh)
        .output()
        .unwrap();
    assert_eq!(passed.stdout, direct.stdout);
    assert_eq!(fs::read_to_string(env.path("log")).unwrap(), "tail\n");
}

#[test]
fn the_exit_status_is_the_real_ones() {
    let env = Environment::new();
    let status = |script| {
        let mut front = env.front(program("sh"));
        front.args(["-c", script]).status().unwrap().code()
    };
    assert_eq!(status("exit 0"), Some(0));
    assert_eq!(status("exit 100"), Some(100));
    assert_eq!(status("kill -9 $$"), None);
}

#[test]
fn the_zeroth_argument_is_the_file_or_the_plain_word() {
    let env = Environment::new();
    symlink(program("sh"), env.path("real")).unwrap();
    let zeroth = "tr '\\0' '\\n' < /proc/$$/cmdline | head -n 1";
    let real = env.path("real");
    let mut front = env.front(&real);
    assert_eq!(
        text(
            front
                .env("PATH", std::env::var_os("PATH").unwrap())
                .args(["-c", zeroth])
        ),
        format!("{}\n", real.display())
    );
    let mut plain = env.front(&real);
    std::os::unix::process::CommandExt::arg0(&mut plain, "guix");
    assert_eq!(
        text(
            plain
                .env("PATH", std::env::var_os("PATH").unwrap())
                .args(["-c", zeroth])
        ),
        "guix\n"
    );
}

#[test]
fn it_is_found_in_path_and_is_never_ourselves() {
    let env = Environment::new();
    // The folder itself is first in PATH, and its `guix` is us.
    env.script("bin/guix", "echo real \"$@\"");
    fs::create_dir(env.path("links")).unwrap();
    symlink("../guix", env.path("links/guix")).unwrap();
    fs::create_dir(env.path("hard")).unwrap();
    fs::create_dir_all(env.path("folder/guix")).unwrap();
    env.script("plain/guix", "exit 1");
    fs::set_permissions(env.path("plain/guix"), Permissions::from_mode(0o644)).unwrap();
    let path = ["", "links", "folder", "plain", "absent", "bin"]
        .map(|dir| env.path(dir).to_string_lossy().into_owned())
        .join(":");
    assert_eq!(
        text(env.command("guix").env("PATH", path).arg("discover")),
        "real discover\n"
    );
}

#[test]
fn relative_directories_of_path_are_passed_over() {
    let env = Environment::new();
    env.script("here/guix", "echo wrong");
    env.script("bin/guix", "echo right");
    let path = format!("here::.:{}", env.path("bin").display());
    assert_eq!(
        text(env.command("guix").env("PATH", path).arg("gc")),
        "right\n"
    );
}

#[test]
fn the_daemons_neighbour_comes_before_path() {
    let env = Environment::new();
    // A shell under the daemon's name stands for the daemon.
    fs::create_dir(env.path("daemon")).unwrap();
    let copied = Command::new("cp")
        .arg(program("sh"))
        .arg(env.path("daemon/guix-daemon"))
        .status();
    assert!(copied.unwrap().success());
    env.script("daemon/guix", "echo neighbour");
    env.script("bin/guix", "echo path");
    let output = Command::new(env.path("daemon/guix-daemon"))
        .args(["-c", &format!("{} gc; true", env.path("guix").display())])
        .env_clear()
        .env("PATH", env.path("bin"))
        .output()
        .unwrap();
    assert_eq!(
        env.show(&output),
        "status 0\n--- stdout\nneighbour\n--- stderr\n"
    );
}

#[test]
fn a_setting_that_cannot_be_is_refused() {
    let env = Environment::new();
    let show = |value: &OsStr| env.show(&env.front(value).arg("gc").output().unwrap());
    insta::assert_snapshot!(show("guix".as_ref()), @r"
    status 127
    --- stdout
    --- stderr
    guix offload: error: OFFLOAD_GUIX is 'guix', which is not an absolute file name
    ");
    insta::assert_snapshot!(show("/nonexistent/guix".as_ref()), @r"
    status 127
    --- stdout
    --- stderr
    guix offload: error: OFFLOAD_GUIX is '/nonexistent/guix', which does not exist or cannot be reached
    ");
    insta::assert_snapshot!(show(env.path("offload").as_ref()), @r"
    status 127
    --- stdout
    --- stderr
    guix offload: error: OFFLOAD_GUIX is 'DIR/offload', which is this program itself
    ");
    insta::assert_snapshot!(show(env.path(".").as_ref()), @r"
    status 127
    --- stdout
    --- stderr
    guix offload: error: OFFLOAD_GUIX is 'DIR/.', which is not a file
    ");
}

#[test]
fn what_the_kernel_refuses_is_named() {
    let env = Environment::new();
    let real = env.executable("real", "#!/nonexistent/interpreter\n");
    insta::assert_snapshot!(env.show(&env.front(&real).arg("gc").output().unwrap()), @r"
    status 126
    --- stdout
    --- stderr
    guix offload: error: cannot execute 'DIR/real': No such file or directory (os error 2)
    ");
}

#[test]
fn a_script_that_calls_us_again_is_noticed() {
    let env = Environment::new();
    let guix = env.path("guix");
    for (name, text) in [
        ("replaced", format!("exec {} \"$@\"", guix.display())),
        ("forked", format!("{} \"$@\"", guix.display())),
    ] {
        let script = env.script(name, &text);
        let output = env.front(&script).arg("gc").output().unwrap();
        let expected = format!(
            "status 126\n--- stdout\n--- stderr\nguix offload: error: 'DIR/{name}' calls this \
             program again instead of being the real guix; set OFFLOAD_GUIX in guix-daemon's \
             environment to the real one's absolute file name\n"
        );
        assert_eq!(env.show(&output), expected);
    }
}

#[test]
fn a_script_in_between_is_no_loop() {
    let env = Environment::new();
    let script = env.script("wrapper", "exec /bin/sh -c 'echo \"$@\"' sh \"$@\"");
    assert_eq!(text(env.front(&script).args(["gc", "-d"])), "gc -d\n");
}
