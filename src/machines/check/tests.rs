use super::*;
use crate::machines::record::Location;

fn at(line: u32) -> Location {
    Location {
        file: "m.scm".into(),
        line,
        column: 2,
    }
}

fn text(text: &str) -> Plain {
    Plain::Text(text.into())
}

fn raw(fields: &[(Field, Plain)]) -> RawMachine {
    RawMachine {
        location: Some(at(1)),
        end: None,
        fields: fields
            .iter()
            .enumerate()
            .map(|(number, (field, value))| RawField {
                field: *field,
                location: Some(at(u32::try_from(number).unwrap() + 2)),
                end: None,
                value: value.clone(),
            })
            .collect(),
    }
}

fn good() -> Vec<(Field, Plain)> {
    vec![
        (Field::Name, text("m")),
        (Field::User, text("u")),
        (Field::Systems, Plain::List(vec![text("x86_64-linux")])),
        (Field::HostKey, text("ssh-ed25519 AAAA")),
    ]
}

fn lines(raw: &[RawMachine]) -> (usize, Vec<String>) {
    let (machines, diagnostics) = check(raw, Some(Path::new("/root")));
    (
        machines.len(),
        diagnostics.iter().map(Diagnostic::one_line).collect(),
    )
}

#[test]
fn defaults_are_those_of_stock() {
    let (machines, diagnostics) = check(&[raw(&good())], Some(Path::new("/root")));
    assert!(diagnostics.is_empty());
    let machine = &machines[0];
    assert_eq!(machine.port, 22);
    assert_eq!(
        machine.private_key.as_deref(),
        Some(Path::new("/root/.ssh/id_rsa"))
    );
    assert_eq!(machine.compression, "zlib@openssh.com,zlib");
    assert_eq!(machine.compression_level, 3);
    assert_eq!(machine.daemon_socket, "/var/guix/daemon-socket/socket");
    assert_eq!(machine.overload_threshold, Some(0.8));
    assert_eq!((machine.parallel_builds, machine.speed), (1, 1.0));
    assert!(machine.features.is_empty());
    assert!(machine.is_written(Field::HostKey) && !machine.is_written(Field::Port));
    let (machines, _) = check(&[raw(&good())], None);
    assert_eq!(machines[0].private_key, None);
}

#[test]
fn wrong_fields_drop_their_machine_only() {
    let mut bad = good();
    bad.push((Field::Port, text("22")));
    bad.push((Field::Speed, Plain::Other("fast".into())));
    bad.push((Field::CompressionLevel, Plain::Integer(10)));
    let (count, lines) = lines(&[raw(&bad), raw(&good())]);
    assert_eq!(count, 1);
    assert_eq!(
        lines,
        [
            "m.scm:6:2: error: `port` must be an integer, but it is \"22\" (write the number without quotes)",
            "m.scm:8:2: error: `compression-level` must be an integer from 0 to 9, but it is 10 (build machine `m` is left out)",
            "m.scm:7:2: error: `speed` must be a number, but it is `fast` (build machine `m` is left out)",
        ]
    );
}

#[test]
fn old_fields_are_accepted_with_warnings() {
    let old = raw(&[
        (Field::Name, text("m")),
        (Field::User, text("u")),
        (Field::System, text("i686-linux")),
        (Field::SshOptions, Plain::List(vec![text("-x")])),
    ]);
    let (machines, diagnostics) = check(&[old], Some(Path::new("/root")));
    assert_eq!(machines[0].systems, ["i686-linux"]);
    assert_eq!(machines[0].host_key, None);
    assert!(diagnostics.iter().all(|diagnostic| !diagnostic.is_error()));
    let codes: Vec<&str> = diagnostics.iter().map(|d| d.code.as_str()).collect();
    assert_eq!(
        codes,
        [
            "machines::obsolete-field",
            "machines::missing-host-key",
            "machines::obsolete-field"
        ]
    );
}

#[test]
fn systems_win_over_system() {
    let mut both = good();
    both.push((Field::System, text("i686-linux")));
    let (machines, diagnostics) = check(&[raw(&both)], None);
    assert_eq!(machines[0].systems, ["x86_64-linux"]);
    assert!(diagnostics.is_empty());
}

#[test]
fn systems_must_be_a_list_and_there() {
    let mut text_only = good();
    text_only[2].1 = text("x86_64-linux");
    let (count, messages) = lines(&[raw(&text_only)]);
    assert_eq!(count, 0);
    assert!(messages[0].contains("(write (list \"x86_64-linux\"))"));
    let mut none = good();
    none.remove(2);
    let (count, messages) = lines(&[raw(&none)]);
    assert_eq!(count, 0);
    assert!(messages[0].contains("lacks the field systems"));
}

#[test]
fn names_that_are_no_host_are_refused() {
    for name in ["", "../x", "a/b", "a\nb"] {
        let mut bad = good();
        bad[0].1 = text(name);
        assert_eq!(lines(&[raw(&bad)]).0, 0, "{name:?}");
    }
    let mut address = good();
    address[0].1 = text("fe80::1%eth0");
    assert_eq!(lines(&[raw(&address)]).0, 1);
}

#[test]
fn false_is_a_value_where_stock_takes_it() {
    let mut fields = good();
    fields.push((Field::OverloadThreshold, Plain::Boolean(false)));
    fields.push((Field::PrivateKey, Plain::Boolean(false)));
    let (machines, _) = check(&[raw(&fields)], Some(Path::new("/root")));
    assert_eq!(machines[0].overload_threshold, None);
    assert_eq!(machines[0].private_key, None);
}
