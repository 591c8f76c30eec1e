//! Derivations: the text of `.drv` files.
//!
//! `Derive([OUTPUTS],[INPUT DERIVATIONS],[SOURCES],SYSTEM,BUILDER,[ARGUMENTS],[ENVIRONMENT])`,
//! strings in double quotes with `\` before `"`, `\` and, as letters, newline,
//! carriage return and tab; no white space between. Strings are bytes.
//! Source: the daemon's parseDerivation and unparseDerivation.

#![warn(clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use std::collections::btree_map;
use std::collections::{BTreeMap, BTreeSet};

use thiserror::Error;

use super::digest;
use super::path::{PathError, StoreDir, StorePath};

/// The longest text that is taken.
pub const MAX_DERIVATION: usize = 64 << 20;

/// What is to be built, from what, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Derivation {
    /// By name; `out` is nearly always one of them.
    pub outputs: BTreeMap<String, Output>,
    /// Derivations whose outputs, those named, must be there.
    pub input_drvs: BTreeMap<StorePath, BTreeSet<String>>,
    /// Items that must be there.
    pub input_srcs: BTreeSet<StorePath>,
    /// The system type, such as `x86_64-linux`.
    pub system: String,
    /// The program to run, or `builtin:` and a name that the daemon knows.
    pub builder: Vec<u8>,
    /// Its arguments.
    pub args: Vec<Vec<u8>>,
    /// Its environment, in the order of the file.
    pub env: Vec<(Vec<u8>, Vec<u8>)>,
}

/// One output of a derivation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// Where it will be.
    pub path: StorePath,
    /// `sha256`, `r:sha256` and so on for a fixed output; else empty.
    pub hash_algo: String,
    /// Base 16 of a fixed output's hash; else empty.
    pub hash: String,
}

/// What is known beforehand of a fixed output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FixedOutput<'a> {
    /// Where it will be.
    pub path: &'a StorePath,
    /// Whether the hash is of the archive rather than of a single file.
    pub recursive: bool,
    /// The algorithm: `sha256`, `sha1`, `sha512`.
    pub algorithm: &'a str,
    /// The hash.
    pub hash: Vec<u8>,
}

/// Why a text is no derivation. Offsets are in bytes from its beginning.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum DerivationError {
    /// It is longer than [`MAX_DERIVATION`].
    #[error("a derivation of {0} bytes")]
    TooLong(usize),
    /// Something else stands where the grammar wants this.
    #[error("no derivation: byte {offset} is not {expected}")]
    Expected {
        /// What would have been right.
        expected: &'static str,
        /// Where.
        offset: usize,
    },
    /// A string does not end.
    #[error("no derivation: the string at byte {0} does not end")]
    Unterminated(usize),
    /// A name is no store path.
    #[error("no derivation: at byte {offset}, {source}")]
    Path {
        /// Where.
        offset: usize,
        /// What is wrong with it.
        source: PathError,
    },
    /// A string that must be a name or number is something else.
    #[error("no derivation: the string at byte {offset} is no {what}")]
    Malformed {
        /// What it should be.
        what: &'static str,
        /// Where.
        offset: usize,
    },
    /// An output or input stands there twice.
    #[error("no derivation: the entry at byte {0} is there twice")]
    Double(usize),
}

impl Derivation {
    /// Parses the text of a `.drv` file.
    pub fn parse(dir: &StoreDir, text: &[u8]) -> Result<Self, DerivationError> {
        if text.len() > MAX_DERIVATION {
            return Err(DerivationError::TooLong(text.len()));
        }
        let mut cursor = Cursor { dir, text, at: 0 };
        cursor.expect(b"Derive(", "the beginning of a derivation")?;
        let outputs = cursor.outputs()?;
        cursor.comma()?;
        let input_drvs = cursor.input_drvs()?;
        cursor.comma()?;
        let input_srcs = cursor.input_srcs()?;
        cursor.comma()?;
        let system = cursor.name("system type")?;
        cursor.comma()?;
        let builder = cursor.string()?;
        cursor.comma()?;
        let mut args = Vec::new();
        cursor.list(|cursor| {
            args.push(cursor.string()?);
            Ok(())
        })?;
        cursor.comma()?;
        let mut env = Vec::new();
        cursor.list(|cursor| {
            cursor.expect(b"(", "a variable")?;
            let name = cursor.string()?;
            cursor.comma()?;
            env.push((name, cursor.string()?));
            cursor.expect(b")", "the end of a variable")
        })?;
        cursor.expect(b")", "the end of the derivation")?;
        if cursor.at != text.len() {
            return Err(cursor.expected("the end of the file"));
        }
        Ok(Self {
            outputs,
            input_drvs,
            input_srcs,
            system,
            builder,
            args,
            env,
        })
    }

    /// Writes the text as Guix does; gives the parsed bytes again.
    pub fn print(&self) -> Vec<u8> {
        let mut out = b"Derive(".to_vec();
        put_list(&mut out, &self.outputs, |out, (name, output)| {
            put_strings(
                out,
                *b"()",
                [
                    name.as_bytes(),
                    output.path.as_str().as_bytes(),
                    output.hash_algo.as_bytes(),
                    output.hash.as_bytes(),
                ],
            );
        });
        out.push(b',');
        put_list(&mut out, &self.input_drvs, |out, (path, names)| {
            out.push(b'(');
            put_string(out, path.as_str().as_bytes());
            out.push(b',');
            put_strings(out, *b"[]", names.iter().map(String::as_bytes));
            out.push(b')');
        });
        out.push(b',');
        let sources = self.input_srcs.iter().map(|path| path.as_str().as_bytes());
        put_strings(&mut out, *b"[]", sources);
        out.push(b',');
        put_string(&mut out, self.system.as_bytes());
        out.push(b',');
        put_string(&mut out, &self.builder);
        out.push(b',');
        put_strings(&mut out, *b"[]", self.args.iter().map(Vec::as_slice));
        out.push(b',');
        put_list(&mut out, &self.env, |out, (name, value)| {
            put_strings(out, *b"()", [name.as_slice(), value.as_slice()]);
        });
        out.push(b')');
        out
    }

    /// The value of an environment variable; the last one counts, as for the
    /// daemon.
    pub fn env(&self, name: &[u8]) -> Option<&[u8]> {
        self.env
            .iter()
            .rev()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_slice())
    }

    /// Tells whether an environment variable is `1`, which is what the daemon
    /// takes for true.
    pub fn env_flag(&self, name: &[u8]) -> bool {
        self.env(name) == Some(b"1")
    }

    /// The output whose hash is known beforehand, if this derivation is of
    /// that kind: it has that one only, called `out`.
    pub fn fixed_output(&self) -> Option<FixedOutput<'_>> {
        let output = self.outputs.get("out")?;
        if self.outputs.len() != 1 || output.hash.is_empty() {
            return None;
        }
        let (recursive, algorithm) = match output.hash_algo.strip_prefix("r:") {
            Some(algorithm) => (true, algorithm),
            None => (false, output.hash_algo.as_str()),
        };
        Some(FixedOutput {
            path: &output.path,
            recursive,
            algorithm,
            hash: digest::unhex(output.hash.as_bytes())?,
        })
    }

    /// The paths of all outputs.
    pub fn output_paths(&self) -> impl Iterator<Item = &StorePath> {
        self.outputs.values().map(|output| &output.path)
    }

    /// What the `.drv` item refers to: all its inputs.
    pub fn references(&self) -> BTreeSet<StorePath> {
        self.input_drvs
            .keys()
            .chain(&self.input_srcs)
            .cloned()
            .collect()
    }

    /// Tells whether the daemon itself does this instead of running a
    /// program.
    pub fn is_builtin(&self) -> bool {
        self.builder.starts_with(b"builtin:")
    }
}

struct Cursor<'a> {
    dir: &'a StoreDir,
    text: &'a [u8],
    at: usize,
}

impl Cursor<'_> {
    fn outputs(&mut self) -> Result<BTreeMap<String, Output>, DerivationError> {
        let mut outputs = BTreeMap::new();
        self.list(|cursor| {
            let offset = cursor.at;
            cursor.expect(b"(", "an output")?;
            let name = cursor.name("output's name")?;
            cursor.comma()?;
            let path = cursor.path()?;
            cursor.comma()?;
            let hash_algo = cursor.word("hash algorithm")?;
            cursor.comma()?;
            let at_hash = cursor.at;
            let hash = cursor.word("hash")?;
            if digest::unhex(hash.as_bytes()).is_none() || hash.is_empty() != hash_algo.is_empty() {
                return Err(malformed("hash", at_hash));
            }
            cursor.expect(b")", "the end of an output")?;
            let output = Output {
                path,
                hash_algo,
                hash,
            };
            insert(&mut outputs, name, output, offset)
        })?;
        Ok(outputs)
    }

    fn input_drvs(&mut self) -> Result<BTreeMap<StorePath, BTreeSet<String>>, DerivationError> {
        let mut inputs = BTreeMap::new();
        self.list(|cursor| {
            let offset = cursor.at;
            cursor.expect(b"(", "an input")?;
            let path = cursor.path()?;
            cursor.comma()?;
            let mut names = BTreeSet::new();
            cursor.list(|cursor| {
                let offset = cursor.at;
                if names.insert(cursor.name("output's name")?) {
                    Ok(())
                } else {
                    Err(DerivationError::Double(offset))
                }
            })?;
            cursor.expect(b")", "the end of an input")?;
            insert(&mut inputs, path, names, offset)
        })?;
        Ok(inputs)
    }

    fn input_srcs(&mut self) -> Result<BTreeSet<StorePath>, DerivationError> {
        let mut sources = BTreeSet::new();
        self.list(|cursor| {
            let offset = cursor.at;
            if sources.insert(cursor.path()?) {
                Ok(())
            } else {
                Err(DerivationError::Double(offset))
            }
        })?;
        Ok(sources)
    }

    /// Reads `[`, elements with commas between, `]`.
    fn list(
        &mut self,
        mut element: impl FnMut(&mut Self) -> Result<(), DerivationError>,
    ) -> Result<(), DerivationError> {
        self.expect(b"[", "a list")?;
        if self.take(b"]") {
            return Ok(());
        }
        loop {
            element(self)?;
            if self.take(b"]") {
                return Ok(());
            }
            self.expect(b",", "a comma or the end of a list")?;
        }
    }

    fn path(&mut self) -> Result<StorePath, DerivationError> {
        let offset = self.at;
        StorePath::parse(self.dir, &self.string()?)
            .map_err(|source| DerivationError::Path { offset, source })
    }

    /// Reads a string that is not empty and otherwise like [`Self::word`].
    fn name(&mut self, what: &'static str) -> Result<String, DerivationError> {
        let offset = self.at;
        let name = self.word(what)?;
        if name.is_empty() {
            return Err(malformed(what, offset));
        }
        Ok(name)
    }

    /// Reads a string of printable ASCII without spaces.
    fn word(&mut self, what: &'static str) -> Result<String, DerivationError> {
        let offset = self.at;
        let bytes = self.string()?;
        if !bytes.iter().all(u8::is_ascii_graphic) {
            return Err(malformed(what, offset));
        }
        String::from_utf8(bytes).map_err(|_| malformed(what, offset))
    }

    fn string(&mut self) -> Result<Vec<u8>, DerivationError> {
        let start = self.at;
        let unterminated = DerivationError::Unterminated(start);
        self.expect(b"\"", "a string")?;
        let mut string = Vec::new();
        loop {
            let rest = self.text.get(self.at..).unwrap_or_default();
            let Some(plain) = rest.iter().position(|byte| matches!(byte, b'"' | b'\\')) else {
                return Err(unterminated);
            };
            string.extend_from_slice(rest.get(..plain).unwrap_or_default());
            self.at = self.at.saturating_add(plain).saturating_add(1);
            if rest.get(plain) == Some(&b'"') {
                return Ok(string);
            }
            let Some(&escaped) = self.text.get(self.at) else {
                return Err(unterminated);
            };
            self.at = self.at.saturating_add(1);
            string.push(match escaped {
                b'n' => b'\n',
                b'r' => b'\r',
                b't' => b'\t',
                other => other,
            });
        }
    }

    fn comma(&mut self) -> Result<(), DerivationError> {
        self.expect(b",", "a comma")
    }

    fn expect(&mut self, token: &[u8], expected: &'static str) -> Result<(), DerivationError> {
        if self.take(token) {
            Ok(())
        } else {
            Err(self.expected(expected))
        }
    }

    fn take(&mut self, token: &[u8]) -> bool {
        let found = self
            .text
            .get(self.at..)
            .is_some_and(|rest| rest.starts_with(token));
        if found {
            self.at = self.at.saturating_add(token.len());
        }
        found
    }

    fn expected(&self, expected: &'static str) -> DerivationError {
        DerivationError::Expected {
            expected,
            offset: self.at,
        }
    }
}

fn malformed(what: &'static str, offset: usize) -> DerivationError {
    DerivationError::Malformed { what, offset }
}

fn insert<K: Ord, V>(
    map: &mut BTreeMap<K, V>,
    key: K,
    value: V,
    offset: usize,
) -> Result<(), DerivationError> {
    match map.entry(key) {
        btree_map::Entry::Vacant(place) => {
            place.insert(value);
            Ok(())
        }
        btree_map::Entry::Occupied(_) => Err(DerivationError::Double(offset)),
    }
}

fn put_list<T>(
    out: &mut Vec<u8>,
    elements: impl IntoIterator<Item = T>,
    mut put: impl FnMut(&mut Vec<u8>, T),
) {
    out.push(b'[');
    for (place, element) in elements.into_iter().enumerate() {
        if place > 0 {
            out.push(b',');
        }
        put(out, element);
    }
    out.push(b']');
}

fn put_strings<'a>(
    out: &mut Vec<u8>,
    [open, close]: [u8; 2],
    strings: impl IntoIterator<Item = &'a [u8]>,
) {
    out.push(open);
    for (place, string) in strings.into_iter().enumerate() {
        if place > 0 {
            out.push(b',');
        }
        put_string(out, string);
    }
    out.push(close);
}

fn put_string(out: &mut Vec<u8>, string: &[u8]) {
    out.push(b'"');
    for &byte in string {
        match byte {
            b'"' | b'\\' => out.extend([b'\\', byte]),
            b'\n' => out.extend(b"\\n"),
            b'\r' => out.extend(b"\\r"),
            b'\t' => out.extend(b"\\t"),
            _ => out.push(byte),
        }
    }
    out.push(b'"');
}

#[cfg(test)]
#[allow(clippy::indexing_slicing, clippy::arithmetic_side_effects)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const A: &str = "/gnu/store/00000000000000000000000000000001-a";
    const B: &str = "/gnu/store/00000000000000000000000000000002-b.drv";

    fn parse(text: &str) -> Result<Derivation, DerivationError> {
        Derivation::parse(&StoreDir::default(), text.as_bytes())
    }

    fn text(outputs: &str, drvs: &str, sources: &str, rest: &str) -> String {
        format!("Derive([{outputs}],[{drvs}],[{sources}],{rest})")
            .replace("$A", A)
            .replace("$B", B)
    }

    const REST: &str = r#""x86_64-linux","/b",[],[]"#;

    #[test]
    fn takes_a_derivation_apart() {
        let text = text(
            r#"("lib","$A-lib","",""),("out","$A","","")"#,
            r#"("$B",["lib","out"])"#,
            r#""$A""#,
            r#""x86_64-linux","builtin:download",["\"\\\n\r\t\x"],[("a","1"),("a","2"),("","")]"#,
        );
        let derivation = parse(&text).unwrap();
        assert_eq!(derivation.output_paths().count(), 2);
        assert_eq!(derivation.args, [b"\"\\\n\r\tx"]);
        assert_eq!(derivation.env(b"a"), Some(b"2".as_slice()));
        assert!(!derivation.env_flag(b"a"));
        assert!(derivation.is_builtin());
        assert_eq!(derivation.references().len(), 2);
        // `\x` is read as `x`, and nobody writes it so.
        assert_eq!(
            String::from_utf8(derivation.print()).unwrap(),
            text.replace(r"\x", "x")
        );
    }

    #[test]
    fn knows_fixed_outputs() {
        let fixed = |outputs: &str| parse(&text(outputs, "", "", REST)).unwrap();
        let derivation = fixed(r#"("out","$A","r:sha512","00ff")"#);
        let output = derivation.fixed_output().unwrap();
        assert_eq!(output.path.as_str(), A);
        assert!(output.recursive);
        assert_eq!(output.algorithm, "sha512");
        assert_eq!(output.hash, [0, 255]);
        assert!(fixed(r#"("out","$A","","")"#).fixed_output().is_none());
        assert!(fixed("").fixed_output().is_none());
        assert!(
            fixed(r#"("lib","$A","",""),("out","$A","sha1","00")"#)
                .fixed_output()
                .is_none()
        );
    }

    #[test]
    fn refuses_double_entries() {
        for (outputs, drvs, sources) in [
            (r#"("out","$A","",""),("out","$A","","")"#, "", ""),
            ("", r#"("$B",["out"]),("$B",["lib"])"#, ""),
            ("", r#"("$B",["out","out"])"#, ""),
            ("", "", r#""$A","$A""#),
        ] {
            let error = parse(&text(outputs, drvs, sources, REST)).unwrap_err();
            assert!(matches!(error, DerivationError::Double(_)), "{error}");
        }
    }

    #[test]
    fn refuses_names_that_are_none() {
        for (outputs, sources) in [
            (r#"("out","/tmp/x","","")"#, ""),
            (r#"("out","","","")"#, ""),
            ("", r#""/gnu/store""#),
        ] {
            let error = parse(&text(outputs, "", sources, REST)).unwrap_err();
            assert!(matches!(error, DerivationError::Path { .. }), "{error}");
        }
        for (outputs, rest) in [
            (r#"("","$A","","")"#, REST),
            (r#"("o t","$A","","")"#, REST),
            (r#"("out","$A","sha256","xyz")"#, REST),
            (r#"("out","$A","sha256","")"#, REST),
            (r#"("out","$A","","00")"#, REST),
            ("", r#""","/b",[],[]"#),
            ("", "\"x\n86\",\"/b\",[],[]"),
        ] {
            let error = parse(&text(outputs, "", "", rest)).unwrap_err();
            assert!(
                matches!(error, DerivationError::Malformed { .. }),
                "{error}"
            );
        }
    }

    #[test]
    fn refuses_other_texts() {
        for broken in [
            "",
            "Derive",
            "Derive([],[],[],\"s\",\"b\",[],[]",
            "Derive([],[],[],\"s\",\"b\",[],[])\n",
            "Derive([],[],[],\"s\",\"b\",[,],[])",
            "Derive([],[],[],\"s\",\"b\",[\"a\",],[])",
            "Derive([],[],[],\"s\",\"b\",[],[(\"a\")])",
            "Derive( [],[],[],\"s\",\"b\",[],[])",
            "DrvWithVersion(\"x\",[],[],[],\"s\",\"b\",[],[])",
        ] {
            let error = parse(broken).unwrap_err();
            assert!(
                matches!(error, DerivationError::Expected { .. }),
                "{broken}"
            );
        }
        for broken in [
            "Derive([],[],[],\"s",
            "Derive([],[],[],\"s\\",
            "Derive([],[],[],\"s\\\"",
        ] {
            assert_eq!(
                parse(broken),
                Err(DerivationError::Unterminated(16)),
                "{broken}"
            );
        }
        let long = vec![b'x'; MAX_DERIVATION + 1];
        assert!(matches!(
            Derivation::parse(&StoreDir::default(), &long),
            Err(DerivationError::TooLong(_))
        ));
    }

    fn path() -> impl Strategy<Value = StorePath> {
        "[0-9a-df-np-sv-z]{32}-[a-z0-9+._?=-]{1,20}"
            .prop_filter_map("a path", |base| StoreDir::default().join(&base).ok())
    }

    fn bytes() -> impl Strategy<Value = Vec<u8>> {
        prop::collection::vec(any::<u8>(), 0..30)
    }

    prop_compose! {
        fn derivation()(
            outputs in prop::collection::btree_map("[a-z]{1,8}", (path(), prop::option::of(bytes())), 0..4),
            input_drvs in prop::collection::btree_map(path(), prop::collection::btree_set("[a-z]{1,8}", 0..4), 0..4),
            input_srcs in prop::collection::btree_set(path(), 0..4),
            system in "[a-z0-9_-]{1,20}",
            builder in bytes(),
            args in prop::collection::vec(bytes(), 0..4),
            env in prop::collection::vec((bytes(), bytes()), 0..6),
        ) -> Derivation {
            let outputs = outputs.into_iter().map(|(name, (path, hash))| {
                let hash = digest::hex(&hash.unwrap_or_default());
                let hash_algo = if hash.is_empty() { "" } else { "r:sha256" }.to_owned();
                (name, Output { path, hash_algo, hash })
            }).collect();
            Derivation { outputs, input_drvs, input_srcs, system, builder, args, env }
        }
    }

    proptest! {
        #[test]
        fn round_trip(derivation in derivation()) {
            let text = derivation.print();
            let again = Derivation::parse(&StoreDir::default(), &text).unwrap();
            prop_assert_eq!(again.print(), text);
            prop_assert_eq!(again, derivation);
        }

        #[test]
        fn garbage_is_refused(garbage in bytes()) {
            let text = [b"Derive(".as_slice(), &garbage].concat();
            prop_assert!(Derivation::parse(&StoreDir::default(), &text).is_err());
        }
    }
}
