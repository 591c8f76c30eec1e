//! Derivations made to order.
//!
//! Every builder is a static busybox, its script a text item: there are no
//! bootstrap seeds and no network in a lab.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::Result;
use sha2::{Digest, Sha256};

use crate::host::Host;
use crate::nar::Node;
use crate::sys::unique;
use crate::wire::Daemon;

const STORE: &str = "/gnu/store";

/// What builders find in their PATH, each a link to busybox.
const TOOLS: &[&str] = &[
    "awk", "basename", "cat", "chmod", "cp", "cut", "date", "dd", "echo", "env", "false", "find",
    "grep", "head", "kill", "ln", "ls", "mkdir", "mv", "od", "printf", "pwd", "rm", "sed", "seq",
    "sh", "sleep", "sort", "stat", "tail", "touch", "tr", "true", "wc", "yes",
];

/// A derivation to be made; each has a name of its own and so is new.
#[derive(Clone, Debug)]
pub struct Drv {
    name: String,
    script: String,
    system: String,
    outputs: Vec<String>,
    variables: Vec<(String, String)>,
    inputs: Vec<(String, Drv)>,
    sources: Vec<(String, Source)>,
    fixed: Option<(String, String)>,
}

#[derive(Clone, Debug)]
enum Source {
    Text(Vec<u8>),
    Tree(Node),
    Flat(Vec<u8>),
}

/// A derivation that is in a host's store.
#[derive(Clone, Debug)]
pub struct Built {
    /// Path of the `.drv`.
    pub path: String,
    /// Paths of its outputs by name.
    pub outputs: BTreeMap<String, String>,
    /// What stands for it in the hash of a derivation that needs it.
    modulo: String,
}

impl Built {
    /// Path of the output `out`.
    pub fn out(&self) -> &str {
        self.output("out")
    }

    /// Path of an output; empty when there is none of that name.
    pub fn output(&self, name: &str) -> &str {
        self.outputs.get(name).map_or("", String::as_str)
    }
}

/// This machine's system type.
pub fn system() -> String {
    format!("{}-linux", std::env::consts::ARCH)
}

impl Drv {
    /// A derivation whose builder makes a small file.
    pub fn new(name: &str) -> Drv {
        let name = format!("{name}-{}", unique());
        Drv {
            script: format!("echo building {name}\necho {name} > $out\n"),
            name,
            system: system(),
            outputs: vec!["out".into()],
            variables: Vec::new(),
            inputs: Vec::new(),
            sources: Vec::new(),
            fixed: None,
        }
    }

    /// Its full name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What its builder runs, by busybox' `sh`; busybox' commands are in its
    /// PATH, outputs, inputs and sources in its variables.
    #[must_use]
    pub fn script(mut self, script: &str) -> Drv {
        self.script = format!("{script}\n");
        self
    }

    /// What it makes; each output's path is in the variable of that name.
    #[must_use]
    pub fn outputs(mut self, names: &[&str]) -> Drv {
        self.outputs = names.iter().map(|n| (*n).to_owned()).collect();
        self
    }

    /// Sets a variable of the builder.
    #[must_use]
    pub fn variable(mut self, name: &str, value: &str) -> Drv {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Needs all outputs of another; the builder finds `out`'s path in a
    /// variable of the given name, another's in `NAME_OUTPUT`.
    #[must_use]
    pub fn input(mut self, variable: &str, drv: &Drv) -> Drv {
        self.inputs.push((variable.to_owned(), drv.clone()));
        self
    }

    /// Needs a tree, whose path is in a variable of the given name.
    #[must_use]
    pub fn source(mut self, variable: &str, tree: Node) -> Drv {
        self.sources.push((variable.to_owned(), Source::Tree(tree)));
        self
    }

    /// Needs a text item, whose path is in a variable of the given name.
    #[must_use]
    pub fn text(mut self, variable: &str, contents: impl Into<Vec<u8>>) -> Drv {
        self.sources
            .push((variable.to_owned(), Source::Text(contents.into())));
        self
    }

    /// Needs a file that is named by its contents alone, whose path is in a
    /// variable of the given name.
    #[must_use]
    pub fn flat(mut self, variable: &str, contents: impl Into<Vec<u8>>) -> Drv {
        self.sources
            .push((variable.to_owned(), Source::Flat(contents.into())));
        self
    }

    /// Has a fixed output: `sha256` or `r:sha256`, and the hash in base 16.
    #[must_use]
    pub fn fixed(mut self, algorithm: &str, hash: &str) -> Drv {
        self.fixed = Some((algorithm.to_owned(), hash.to_owned()));
        self
    }

    /// Has a fixed output: a plain file with these contents.
    #[must_use]
    pub fn fixed_file(self, contents: &[u8]) -> Drv {
        let hash = hex(&Sha256::digest(contents));
        self.fixed("sha256", &hash)
    }

    /// Requires system features.
    #[must_use]
    pub fn features(self, features: &[&str]) -> Drv {
        self.variable("requiredSystemFeatures", &features.join(" "))
    }

    /// Is for another system.
    #[must_use]
    pub fn system(mut self, system: &str) -> Drv {
        system.clone_into(&mut self.system);
        self
    }

    fn add_to(&self, daemon: &mut Daemon, tools: &str) -> Result<Built> {
        let script = daemon.add_text(
            &format!("{}-builder", self.name),
            self.script.as_bytes(),
            &[],
        )?;
        let mut term = Term {
            outputs: self
                .outputs
                .iter()
                .map(|o| (o.clone(), String::new()))
                .collect(),
            fixed: self.fixed.clone(),
            inputs: BTreeMap::new(),
            sources: vec![tools.to_owned(), script.clone()],
            system: self.system.clone(),
            builder: format!("{tools}/bin/busybox"),
            arguments: vec!["sh".into(), script],
            variables: self.variables.iter().cloned().collect(),
        };
        term.variables.insert("PATH".into(), format!("{tools}/bin"));
        for (variable, source) in &self.sources {
            let name = format!("{}-{variable}", self.name);
            let path = match source {
                Source::Text(contents) => daemon.add_text(&name, contents, &[])?,
                Source::Tree(tree) => daemon.add_source(&name, tree)?,
                Source::Flat(contents) => daemon.add_flat(&name, contents)?,
            };
            term.variables.insert(variable.clone(), path.clone());
            term.sources.push(path);
        }
        let mut modulos = BTreeMap::new();
        for (variable, input) in &self.inputs {
            let built = input.add_to(daemon, tools)?;
            for (output, path) in &built.outputs {
                let name = if output == "out" {
                    variable.clone()
                } else {
                    format!("{variable}_{output}")
                };
                term.variables.insert(name, path.clone());
            }
            term.inputs
                .insert(built.path.clone(), built.outputs.keys().cloned().collect());
            modulos.insert(built.path, built.modulo);
        }
        term.sources.sort();
        term.sources.dedup();
        let modulo = term.fill_in(&self.name, &modulos);
        let references: Vec<String> = {
            let mut all: Vec<String> = term.inputs.keys().chain(&term.sources).cloned().collect();
            all.sort();
            all
        };
        let path = daemon.add_text(
            &format!("{}.drv", self.name),
            term.print(None).as_bytes(),
            &references,
        )?;
        Ok(Built {
            path,
            outputs: term.outputs,
            modulo,
        })
    }
}

impl Host {
    /// Adds a derivation with all its inputs to the store.
    pub fn add(&self, drv: &Drv) -> Result<Built> {
        self.with_daemon(|daemon| {
            let tools = if let Some(path) = &daemon.tools {
                path.clone()
            } else {
                let busybox = self.read("/usr/bin/busybox")?;
                daemon.add_source("tools", &tools(&busybox))?
            };
            daemon.tools = Some(tools.clone());
            drv.add_to(daemon, &tools)
        })
    }
}

/// The tree of the builders' tools.
fn tools(busybox: &[u8]) -> Node {
    let mut bin: BTreeMap<Vec<u8>, Node> = TOOLS
        .iter()
        .map(|t| (t.as_bytes().to_vec(), Node::link("busybox")))
        .collect();
    bin.insert(b"busybox".to_vec(), Node::program(busybox));
    Node::directory([("bin", Node::Directory(bin))])
}

/// What is written into a `.drv`.
struct Term {
    outputs: BTreeMap<String, String>,
    fixed: Option<(String, String)>,
    inputs: BTreeMap<String, Vec<String>>,
    sources: Vec<String>,
    system: String,
    builder: String,
    arguments: Vec<String>,
    variables: BTreeMap<String, String>,
}

impl Term {
    /// Computes the output paths; gives what stands for this derivation in
    /// the hash of others (`hashDerivationModulo` in Guix's derivations.cc).
    fn fill_in(&mut self, name: &str, modulos: &BTreeMap<String, String>) -> String {
        if let Some((algorithm, hash)) = &self.fixed {
            let (recursive, plain) = match algorithm.strip_prefix("r:") {
                Some(plain) => ("r:", plain),
                None => ("", algorithm.as_str()),
            };
            let inner = format!("fixed:out:{recursive}{plain}:{hash}:");
            let path = if recursive == "r:" && plain == "sha256" {
                store_path("source", hash, name)
            } else {
                store_path("output:out", &hex(&Sha256::digest(&inner)), name)
            };
            self.outputs.insert("out".into(), path.clone());
            self.variables.insert("out".into(), path.clone());
            return hex(&Sha256::digest(format!("{inner}{path}")));
        }
        let names: Vec<String> = self.outputs.keys().cloned().collect();
        for output in &names {
            self.variables.insert(output.clone(), String::new());
        }
        let masked = hex(&Sha256::digest(self.print(Some(modulos))));
        for output in names {
            let full = if output == "out" {
                name.to_owned()
            } else {
                format!("{name}-{output}")
            };
            let path = store_path(&format!("output:{output}"), &masked, &full);
            self.variables.insert(output.clone(), path.clone());
            self.outputs.insert(output, path);
        }
        hex(&Sha256::digest(self.print(Some(modulos))))
    }

    /// Prints it, with the inputs' hashes in place of their paths if given.
    fn print(&self, modulos: Option<&BTreeMap<String, String>>) -> String {
        let (algorithm, hash) = self.fixed.clone().unwrap_or_default();
        let outputs = self.outputs.iter().map(|(name, path)| {
            format!(
                "({},{},{},{})",
                quote(name),
                quote(path),
                quote(&algorithm),
                quote(&hash)
            )
        });
        let mut inputs = BTreeMap::new();
        for (path, names) in &self.inputs {
            let key = modulos.and_then(|m| m.get(path)).unwrap_or(path);
            inputs.insert(key.clone(), names);
        }
        let inputs = inputs.iter().map(|(path, names)| {
            format!(
                "({},[{}])",
                quote(path),
                join(names.iter().map(|n| quote(n)))
            )
        });
        let variables = self
            .variables
            .iter()
            .map(|(name, value)| format!("({},{})", quote(name), quote(value)));
        format!(
            "Derive([{}],[{}],[{}],{},{},[{}],[{}])",
            join(outputs),
            join(inputs),
            join(self.sources.iter().map(|s| quote(s))),
            quote(&self.system),
            quote(&self.builder),
            join(self.arguments.iter().map(|a| quote(a))),
            join(variables)
        )
    }
}

fn join(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(",")
}

fn quote(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// Computes a store path from its kind, a hash and a name.
fn store_path(kind: &str, hash: &str, name: &str) -> String {
    let full = Sha256::digest(format!("{kind}:sha256:{hash}:{STORE}:{name}"));
    let mut short = [0_u8; 20];
    for (i, byte) in full.iter().enumerate() {
        if let Some(s) = short.get_mut(i % 20) {
            *s ^= byte;
        }
    }
    format!("{STORE}/{}-{name}", base32(&short))
}

/// Guix's base 32: the value's least significant five bits come last.
pub(crate) fn base32(bytes: &[u8]) -> String {
    const ALPHABET: &[u8] = b"0123456789abcdfghijklmnpqrsvwxyz";
    let digits = (bytes.len() * 8).div_ceil(5);
    let digit = |i: usize| {
        let (byte, shift) = (i * 5 / 8, i * 5 % 8);
        let low = u16::from(bytes.get(byte).copied().unwrap_or(0));
        let high = u16::from(bytes.get(byte + 1).copied().unwrap_or(0));
        usize::from(((high << 8 | low) >> shift) & 31)
    };
    (0..digits)
        .rev()
        .filter_map(|i| ALPHABET.get(digit(i)))
        .map(|c| char::from(*c))
        .collect()
}

/// Base 16.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_those_that_a_real_daemon_gave() {
        // Recorded from Guix 1.5.0: `hello world` and a newline as text and
        // as a recursive source.
        let text = hex(&Sha256::digest("hello world\n"));
        assert_eq!(
            store_path("text", &text, "worked-text"),
            "/gnu/store/1hqp1kznhm15lxn7h668f9x88i6mzsvc-worked-text"
        );
        let mut archive = Vec::new();
        Node::file("hello world\n")
            .write_archive(&mut archive)
            .unwrap();
        assert_eq!(
            store_path("source", &hex(&Sha256::digest(archive)), "worked-rec"),
            "/gnu/store/3n2ndm96wd31b5sg5fz8yflwahzp9yb6-worked-rec"
        );
    }
}
