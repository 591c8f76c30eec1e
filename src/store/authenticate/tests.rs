use std::os::unix::fs::PermissionsExt;

use super::*;

const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/signature");
const HASH: &[u8] = b"34ca3ac63094d1d5751f741101692a78f95eedf10744b088129fc324dfd0f603";

fn hash() -> [u8; 32] {
    data_encoding::HEXLOWER
        .decode(HASH)
        .unwrap()
        .try_into()
        .unwrap()
}

fn golden(kind: &str, file: &str) -> Vec<u8> {
    std::fs::read(format!("{GOLDEN}/{kind}/{file}")).unwrap()
}

/// A configuration directory with keys of this kind.
fn config(kind: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for file in ["acl", "signing-key.sec", "signing-key.pub"] {
        std::fs::write(dir.path().join(file), golden(kind, file)).unwrap();
    }
    let secret = dir.path().join("signing-key.sec");
    std::fs::set_permissions(secret, PermissionsExt::from_mode(0o400)).unwrap();
    dir
}

fn keyring(dir: &tempfile::TempDir) -> Keyring {
    Keyring::open(dir.path(), None)
}

/// A stand-in for `guix`, in shell.
fn script(dir: &tempfile::TempDir, text: &str) -> PathBuf {
    let file = dir.path().join("guix");
    // Written by another process: a descriptor open for writing here could be
    // in a child that another test has just forked, and exec fail by it.
    let status = std::process::Command::new("sh")
        .args([
            "-c",
            "printf '#!/bin/sh\n%s\n' \"$2\" > \"$1\"; chmod 755 \"$1\"",
            "sh",
        ])
        .args([file.as_os_str(), text.as_ref()])
        .status()
        .unwrap();
    assert!(status.success());
    file
}

fn without_library(dir: &tempfile::TempDir, text: &str) -> Keyring {
    let mut keyring = Keyring::open(dir.path(), Some(&script(dir, text)));
    keyring.use_library = false;
    keyring
}

#[test]
fn signs_and_verifies_with_both_kinds_of_key() {
    for kind in ["ecc", "rsa"] {
        let dir = config(kind);
        let keyring = keyring(&dir);
        let signature = keyring.sign(&hash()).unwrap();
        assert_eq!(signature, golden(kind, "signature"));
        keyring.verify(&signature, &hash()).unwrap();
        assert!(matches!(
            keyring.verify(&signature, &[0; 32]),
            Err(SignatureError::HashMismatch { .. })
        ));
    }
}

#[test]
fn changed_signature_is_bad() {
    let dir = config("ecc");
    let text = String::from_utf8(golden("ecc", "signature")).unwrap();
    for (from, to) in [("(r #8E", "(r #8F"), ("D68F5B#", "D68F5C#")] {
        let changed = text.replace(from, to);
        assert_ne!(changed, text);
        let error = keyring(&dir)
            .verify(changed.as_bytes(), &hash())
            .unwrap_err();
        assert!(matches!(error, SignatureError::Invalid { .. }), "{error}");
        assert!(error.is_machine_fault());
    }
}

#[test]
fn unauthorised_key_comes_with_the_command_that_authorises_it() {
    let dir = config("ecc");
    let error = keyring(&dir)
        .verify(&golden("rsa", "signature"), &hash())
        .unwrap_err();
    let SignatureError::Unauthorised { key, .. } = &error else {
        panic!("{error}");
    };
    assert_eq!(
        crate::store::signature::PublicKey::parse(key.as_bytes()).unwrap(),
        crate::store::signature::PublicKey::parse(&golden("rsa", "signing-key.pub")).unwrap()
    );
    assert!(error.hint().unwrap().contains("guix archive --authorize"));
}

#[test]
fn list_is_read_anew_each_time() {
    let dir = config("ecc");
    let keyring = keyring(&dir);
    let signature = golden("ecc", "signature");
    keyring.verify(&signature, &hash()).unwrap();
    let acl = dir.path().join("acl");
    let unauthorised = |keyring: &Keyring| {
        matches!(
            keyring.verify(&signature, &hash()),
            Err(SignatureError::Unauthorised { .. })
        )
    };
    std::fs::write(&acl, "(acl)").unwrap();
    assert!(unauthorised(&keyring));
    std::fs::remove_file(&acl).unwrap();
    assert!(unauthorised(&keyring));
    std::fs::write(&acl, "(acl").unwrap();
    assert!(matches!(
        keyring.verify(&signature, &hash()),
        Err(SignatureError::AclInvalid { .. })
    ));
    std::fs::write(&acl, golden("ecc", "acl")).unwrap();
    keyring.verify(&signature, &hash()).unwrap();
}

#[test]
fn missing_and_exposed_keys_are_told_apart() {
    let dir = config("ecc");
    let secret = dir.path().join("signing-key.sec");
    std::fs::set_permissions(&secret, PermissionsExt::from_mode(0o440)).unwrap();
    assert!(matches!(
        keyring(&dir).sign(&hash()),
        Err(SignatureError::SecretKeyExposed { .. })
    ));
    std::fs::remove_file(&secret).unwrap();
    let error = keyring(&dir).sign(&hash()).unwrap_err();
    assert!(matches!(error, SignatureError::SecretKeyUnreadable { .. }));
    assert!(error.hint().unwrap().contains("--generate-key"));
}

#[test]
fn garbage_is_malformed() {
    let dir = config("ecc");
    for text in [&b""[..], b"hello", b"(signature)", &vec![0xff; 100_000]] {
        assert!(matches!(
            keyring(&dir).verify(text, &hash()),
            Err(SignatureError::Malformed(_))
        ));
    }
}

#[test]
fn without_the_library_the_program_is_asked() {
    let dir = config("ecc");
    let reply = String::from_utf8(HASH.to_vec()).unwrap();
    let started = dir.path().join("started");
    let keyring = without_library(
        &dir,
        &format!(
            "echo x >> {}; while read -r line; do case \"$line\" in \
             verify*) i=0; while [ $i -lt 18 ]; do read -r rest; i=$((i+1)); done; printf '0 64:{reply}';; \
             sign*) printf '0 3:abc';; esac; done",
            started.display()
        ),
    );
    let signature = golden("ecc", "signature");
    let lines = signature.split(|byte| *byte == b'\n').count() - 1;
    assert_eq!(lines, 18, "the script counts lines");
    keyring.verify(&signature, &hash()).unwrap();
    keyring.verify(&signature, &hash()).unwrap();
    let starts = || std::fs::read_to_string(&started).unwrap().lines().count();
    assert_eq!(starts(), 1);
    // A list that has changed reaches a program only when it starts.
    let mut acl = golden("ecc", "acl");
    acl.push(b'\n');
    std::fs::write(dir.path().join("acl"), acl).unwrap();
    keyring.verify(&signature, &hash()).unwrap();
    assert_eq!(starts(), 2);
    assert_eq!(keyring.sign(&hash()).unwrap(), b"abc");
    // The keyring decides of hash and key also then.
    assert!(matches!(
        keyring.verify(&signature, &[1; 32]),
        Err(SignatureError::HashMismatch { .. })
    ));
}

#[test]
fn refusal_by_the_program_is_a_bad_signature() {
    let dir = config("ecc");
    let keyring = without_library(&dir, "read line; printf '500 5:wrong'; cat > /dev/null");
    assert!(matches!(
        keyring.verify(&golden("ecc", "signature"), &hash()),
        Err(SignatureError::Invalid { .. })
    ));
}

#[test]
fn program_of_the_first_years_is_asked_by_arguments() {
    let dir = config("ecc");
    let reply = String::from_utf8(HASH.to_vec()).unwrap();
    let keyring = without_library(
        &dir,
        &format!(
            "shift; case \"$*\" in 'rsautl -verify -inkey '*' -pubin -in /dev/stdin') \
             grep -q signature /dev/stdin && printf {reply};; \
             'rsautl -sign -inkey '*' -in /dev/stdin') cat /dev/stdin;; \
             *) echo 'guix authenticate: error: wrong arguments' >&2; exit 1;; esac"
        ),
    );
    keyring
        .verify(&golden("ecc", "signature"), &hash())
        .unwrap();
    assert_eq!(keyring.sign(&hash()).unwrap(), HASH);
}

#[test]
fn neither_way_says_why_of_both() {
    let dir = config("ecc");
    let keyring = without_library(&dir, "echo out of luck >&2; exit 1");
    let error = keyring.sign(&hash()).unwrap_err();
    assert!(matches!(error, SignatureError::Unavailable { .. }));
    assert!(error.to_string().contains("out of luck"), "{error}");
    assert!(!error.is_machine_fault());
}
