//! Which keys a known_hosts file has for a machine.
//!
//! Needed only for machine files of before November 2016, whose machines have
//! no `host-key` field. Format: sshd(8), section "SSH_KNOWN_HOSTS FILE
//! FORMAT".

use data_encoding::BASE64;
use sha1::{Digest, Sha1};

use super::hostkey::HostKey;

/// Largest file that is read.
pub const MAX_FILE: u64 = 16 << 20;

/// Bytes in a block of SHA-1, for the HMAC of hashed names.
const SHA1_BLOCK: usize = 64;

/// What the files have for one machine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// Keys it may have.
    pub keys: Vec<HostKey>,
    /// Keys that it must not have.
    pub revoked: Vec<HostKey>,
}

/// The name under which a machine stands in such a file.
///
/// A port other than 22 is part of it, as in OpenSSH's `put_host_port`.
pub fn entry_name(host: &str, port: u16) -> String {
    let host = host.to_ascii_lowercase();
    if port == 22 {
        host
    } else {
        format!("[{host}]:{port}")
    }
}

/// Collects from a file's text the keys for `entry`.
///
/// Lines that cannot be read, and keys of types that cannot be used, count
/// for nothing; so do certificate authorities, which the SSH library does not
/// know.
pub fn keys_for(text: &str, entry: &str) -> Known {
    let mut known = Known::default();
    for line in text.lines() {
        let mut words = line.split_ascii_whitespace();
        let Some(mut patterns) = words.next() else {
            continue;
        };
        let marker = patterns.starts_with('@').then_some(patterns);
        if marker.is_some() {
            let Some(next) = words.next() else { continue };
            patterns = next;
        }
        if patterns.starts_with('#') || !matches(patterns, entry) {
            continue;
        }
        let (Some(name), Some(base64)) = (words.next(), words.next()) else {
            continue;
        };
        let Ok(key) = HostKey::from_parts(name, base64) else {
            continue;
        };
        match marker {
            None => known.keys.push(key),
            Some("@revoked") => known.revoked.push(key),
            Some(_) => {}
        }
    }
    known
}

/// Tells whether the first field of a line names the entry.
fn matches(patterns: &str, entry: &str) -> bool {
    if patterns.starts_with('|') {
        return matches_hashed(patterns, entry).unwrap_or(false);
    }
    let mut found = false;
    for pattern in patterns.split(',') {
        let (negated, pattern) = match pattern.strip_prefix('!') {
            Some(rest) => (true, rest),
            None => (false, pattern),
        };
        if matches_glob(pattern.to_ascii_lowercase().as_bytes(), entry.as_bytes()) {
            if negated {
                return false;
            }
            found = true;
        }
    }
    found
}

/// `|1|SALT|HASH`: both base64, the hash an HMAC-SHA1 of the name.
fn matches_hashed(field: &str, entry: &str) -> Option<bool> {
    let (salt, hash) = field.strip_prefix("|1|")?.split_once('|')?;
    let salt = BASE64.decode(salt.as_bytes()).ok()?;
    let hash = BASE64.decode(hash.as_bytes()).ok()?;
    Some(salt.len() <= SHA1_BLOCK && hmac_sha1(&salt, entry.as_bytes())[..] == hash[..])
}

/// HMAC (RFC 2104) with a key of at most one block.
fn hmac_sha1(key: &[u8], message: &[u8]) -> [u8; 20] {
    let pad = |byte: u8| {
        let mut block = [byte; SHA1_BLOCK];
        for (padded, key) in block.iter_mut().zip(key) {
            *padded ^= key;
        }
        block
    };
    let inner = Sha1::new()
        .chain_update(pad(0x36))
        .chain_update(message)
        .finalize();
    Sha1::new()
        .chain_update(pad(0x5c))
        .chain_update(inner)
        .finalize()
        .into()
}

/// Matches `*` and `?`, in time proportional to the product of the lengths.
fn matches_glob(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (0, 0);
    // Where to go on after a mismatch: behind the last star, one further in
    // the text.
    let mut retry: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some(b'*') => {
                retry = Some((p + 1, t));
                p += 1;
            }
            Some(&byte) if byte == b'?' || text.get(t) == Some(&byte) => {
                p += 1;
                t += 1;
            }
            _ => match retry {
                Some((after, from)) => {
                    retry = Some((after, from + 1));
                    p = after;
                    t = from + 1;
                }
                None => return false,
            },
        }
    }
    pattern
        .get(p..)
        .is_some_and(|rest| rest.iter().all(|&byte| byte == b'*'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const KEY: &str =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJPuAaGbCvYOeTzBdxLUxTuTkDhoWqYwuJTcqEQ/pOqs";

    fn count(text: &str, entry: &str) -> usize {
        keys_for(text, entry).keys.len()
    }

    #[test]
    fn finds_plain_names_patterns_and_ports() {
        let text = format!(
            "# w1 {KEY}\n\nw1,10.0.0.1 {KEY} comment\n*.lab,!bad.lab {KEY}\n[w1]:2222 {KEY}\nw? junk\n"
        );
        assert_eq!(count(&text, "w1"), 1);
        assert_eq!(count(&text, "10.0.0.1"), 1);
        assert_eq!(count(&text, "x.lab"), 1);
        assert_eq!(count(&text, "bad.lab"), 0);
        assert_eq!(count(&text, &entry_name("W1", 2222)), 1);
        assert_eq!(count(&text, "w2"), 0);
    }

    #[test]
    fn finds_hashed_names() {
        // The layout of `ssh-keygen -H`.
        let salt = [7u8; 20];
        let hash = hmac_sha1(&salt, b"w1");
        let text = format!(
            "|1|{}|{} {KEY}\n",
            BASE64.encode(&salt),
            BASE64.encode(&hash)
        );
        assert_eq!(count(&text, "w1"), 1);
        assert_eq!(count(&text, "w2"), 0);
        assert_eq!(count(&format!("|1|x|y {KEY}\n|2|a {KEY}\n"), "w1"), 0);
    }

    #[test]
    fn hmac_is_that_of_rfc_2202() {
        // Test case 2.
        let expected = [
            0xef, 0xfc, 0xdf, 0x6a, 0xe5, 0xeb, 0x2f, 0xa2, 0xd2, 0x74, 0x16, 0xd5, 0xf1, 0x84,
            0xdf, 0x9c, 0x25, 0x9a, 0x7c, 0x79,
        ];
        assert_eq!(
            hmac_sha1(b"Jefe", b"what do ya want for nothing?"),
            expected
        );
    }

    #[test]
    fn heeds_markers() {
        let text = format!("@revoked * {KEY}\n@cert-authority * {KEY}\n@revoked\n");
        let known = keys_for(&text, "w1");
        assert_eq!((known.keys.len(), known.revoked.len()), (0, 1));
    }

    proptest! {
        #[test]
        fn garbage_does_no_harm(text in "[ -~\n@|*?!,]{0,400}", entry in "[a-z.*?\\[\\]:]{0,20}") {
            keys_for(&text, &entry);
        }

        #[test]
        fn a_star_matches_everything_and_a_name_itself(name in "[a-z0-9.-]{1,30}") {
            prop_assert!(matches_glob(b"*", name.as_bytes()));
            prop_assert!(matches_glob(name.as_bytes(), name.as_bytes()));
            let (start, end) = name.split_at(name.len() / 2);
            let (starred, longer) = (format!("{start}*{end}"), format!("{name}?"));
            prop_assert!(matches_glob(starred.as_bytes(), name.as_bytes()));
            prop_assert!(!matches_glob(longer.as_bytes(), name.as_bytes()));
        }
    }
}
