//! What must hold for any bytes that a parser is given.
//!
//! Shared by the fuzz targets, which find the bytes, and by
//! `tests/parsers.rs`, which tries a few in each run of the tests.

use offload::gateway::HostKey;
use offload::hook::request::{Request, parse_paths};
use offload::schedule::evidence::Evidence;
use offload::schedule::line::{Number, Ticket, described};
use offload::store::base32;
use offload::store::bundle;
use offload::store::derivation::Derivation;
use offload::store::digest::{HashingReader, sha256};
use offload::store::nar::parse;
use offload::store::nar::print::Printer;
use offload::store::path::StoreDir;
use offload::store::signature::{Acl, PublicKey, Sexp, Signature};

/// What an archive parses to, prints to its own bytes.
pub fn nar(bytes: &[u8]) {
    let mut rest = bytes;
    let mut printer = Printer::new(Vec::new());
    if parse::parse(&mut rest, &mut printer).is_err() {
        return;
    }
    let Ok((printed, _)) = printer.finish() else {
        unreachable!("a vector takes everything");
    };
    let read = bytes.len() - rest.len();
    // An empty file may lack its contents, and is printed with them; whether
    // any does shows in the length.
    if printed.len() == read {
        assert_eq!(printed, &bytes[..read]);
    } else {
        assert!(printed.len() > read);
        assert!((printed.len() - read).is_multiple_of(24));
    }
    let mut again = Printer::new(Vec::new());
    let mut rest = printed.as_slice();
    assert!(parse::parse(&mut rest, &mut again).is_ok() && rest.is_empty());
    assert_eq!(again.finish().ok().map(|(bytes, _)| bytes), Some(printed));
}

/// An item's hashes are those of its bytes, and nothing behind it is read.
pub fn bundle(bytes: &[u8]) {
    let dir = StoreDir::default();
    let mut reader = HashingReader::new(bytes);
    let mut printer = Printer::new(Vec::new());
    let Ok(item) = bundle::read_item(&dir, &mut reader, &mut printer) else {
        return;
    };
    let (rest, _, count) = reader.finish();
    assert_eq!(rest.len() as u64 + count, bytes.len() as u64);
    let printed = printer.finish().map(|(bytes, _)| bytes).unwrap_or_default();
    assert_eq!(item.nar_size, printed.len() as u64);
    assert_eq!(item.nar_hash, sha256(&printed));
    assert!(item.references.is_sorted());

    let mut written = Vec::new();
    let outgoing = bundle::Outgoing {
        path: &item.path,
        references: &item.references,
        deriver: item.deriver.as_ref(),
    };
    let again = bundle::write_item(
        &mut written,
        &mut |sink| sink.write_all(&printed).map(|()| item.nar_size),
        &outgoing,
        &mut |_| Ok(item.signature.clone().unwrap_or_default()),
    );
    assert_eq!(again.ok().map(|again| again.nar_hash), Some(item.nar_hash));
    // Double or unsorted references come out sorted: the length differs then
    // or the bytes do, but what is read from them does not.
    let read = bundle::read_item(&dir, &mut written.as_slice(), &mut Printer::new(Vec::new()));
    assert_eq!(read.ok().map(|read| read.path), Some(item.path));
}

/// A derivation is the same after printing and parsing.
pub fn derivation(bytes: &[u8]) {
    let dir = StoreDir::default();
    let Ok(derivation) = Derivation::parse(&dir, bytes) else {
        return;
    };
    let printed = derivation.print();
    assert_eq!(Derivation::parse(&dir, &printed), Ok(derivation));
}

/// What base 32 decodes to, encodes to the same text.
pub fn base32(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    for len in [0, 20, 32, 64, text.len() * 5 / 8] {
        if let Some(decoded) = base32::decode(text, len) {
            assert_eq!(base32::encode(&decoded), text);
        }
    }
    let encoded = base32::encode(bytes);
    assert_eq!(base32::decode(&encoded, bytes.len()), Some(bytes.to_vec()));
}

/// Evidence says the same after printing and parsing, whatever text it was
/// read from.
pub fn evidence(bytes: &[u8]) {
    let Some(evidence) = Evidence::parse(bytes) else {
        return;
    };
    let printed = evidence.print();
    let again = Evidence::parse(printed.as_bytes());
    assert_eq!(again.map(|again| again.print()), Some(printed));
}

/// Whatever a machine says of itself is read or passed over.
pub fn load(bytes: &[u8]) {
    if let Some(load) = offload::hook::load::parse(bytes, offload::clock::Moment(1)) {
        assert!((0.0..=1.0).contains(&load.normalised()));
    }
}

/// Whatever comes through the gateway's door is taken or refused, and the same
/// when it is said again.
pub fn speech(bytes: &[u8]) {
    offload::gateway::shared::speech::fuzz(bytes);
}

/// A ticket is the same after printing and parsing, whatever else stands in
/// its file.
pub fn ticket(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if let Some(number) = Number::parse(&text) {
        assert_eq!(number.to_string(), text);
    }
    described(&text);
    let number = Number {
        since: 1,
        chance: 2,
    };
    let Some(ticket) = Ticket::parse(number, &text) else {
        return;
    };
    assert!(ticket.machines().is_sorted());
    let printed = ticket.print("x.drv", 1);
    assert_eq!(Ticket::parse(number, &printed), Some(ticket));
}

/// An s-expression is the same after printing and parsing, in both forms.
pub fn sexp(bytes: &[u8]) {
    let Ok(sexp) = Sexp::parse(bytes) else {
        return;
    };
    assert_eq!(Sexp::parse(&sexp.canonical()).ok().as_ref(), Some(&sexp));
    let printed = sexp.printable();
    assert_eq!(Sexp::parse(printed.as_bytes()).ok(), Some(sexp));
}

/// Signatures, keys and lists of keys.
pub fn signature(bytes: &[u8]) {
    if let Ok(signature) = Signature::parse(bytes) {
        signature.is_usual();
    }
    if let Ok(key) = PublicKey::parse(bytes) {
        assert_eq!(PublicKey::parse(key.printable().as_bytes()).ok(), Some(key));
    }
    if let Ok(acl) = Acl::parse(bytes) {
        std::hint::black_box(acl);
    }
}

/// What the daemon says to the hook.
pub fn request(bytes: &[u8]) {
    let dir = StoreDir::default();
    if let Ok(request) = Request::parse(&dir, bytes) {
        assert!(!request.system.is_empty());
        assert!(request.features.iter().all(|feature| !feature.is_empty()));
    }
    if let Ok(paths) = parse_paths(&dir, bytes) {
        assert!(paths.len() <= bytes.len());
    }
}

/// A key line.
pub fn host_key(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if let Ok(key) = HostKey::parse(&text) {
        assert!(key.fingerprint().to_string().contains("SHA256:"));
    }
}
