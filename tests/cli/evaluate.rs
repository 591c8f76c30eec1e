//! The evaluation for a hook that has threads: its output is read by the hook.

use offload::machines::message;

use super::drain::environment;

#[test]
fn the_report_comes_as_a_message() {
    let env = environment();
    let output = env
        .hook("offload")
        .arg(offload::machines::elsewhere::COMMAND)
        .output()
        .unwrap();
    assert!(output.status.success());
    let report = message::decode(&output.stdout).unwrap();
    assert_eq!(report.machines.len(), 4);
    // What is known is told from the cache, the same.
    let again = env
        .hook("offload")
        .arg(offload::machines::elsewhere::COMMAND)
        .output()
        .unwrap();
    assert_eq!(message::decode(&again.stdout).unwrap(), report);
}

#[test]
fn what_the_file_prints_is_no_part_of_it() {
    let env = environment();
    env.file(
        "configuration/machines.scm",
        "(display \"# accept\\n\") (list)",
    );
    let output = env
        .hook("offload")
        .arg(offload::machines::elsewhere::COMMAND)
        .output()
        .unwrap();
    assert!(message::decode(&output.stdout).unwrap().machines.is_empty());
    assert_eq!(
        String::from_utf8_lossy(&output.stderr),
        "offload: machines.scm: # accept\n"
    );
}
