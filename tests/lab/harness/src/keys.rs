//! Whose signatures a host's store accepts.

use anyhow::Result;

use crate::host::Host;

const ACL: &str = "/etc/guix/acl";

impl Host {
    /// Its public signing key, an s-expression.
    pub fn signing_key(&self) -> Result<String> {
        self.read_text("/etc/guix/signing-key.pub")
    }

    /// Accepts what another host has signed.
    pub fn authorize(&self, other: &Host) -> Result<()> {
        let mut keys = self.authorized()?;
        let key = compact(&other.signing_key()?);
        if !keys.contains(&key) {
            keys.push(key);
        }
        self.write_acl(&keys)
    }

    /// Accepts no longer what another host has signed.
    pub fn deauthorize(&self, other: &Host) -> Result<()> {
        let gone = compact(&other.signing_key()?);
        let mut keys = self.authorized()?;
        keys.retain(|k| *k != gone);
        self.write_acl(&keys)
    }

    /// Accepts nobody's signatures.
    pub fn deauthorize_all(&self) -> Result<()> {
        self.write_acl(&[])
    }

    fn authorized(&self) -> Result<Vec<String>> {
        if !self.path(ACL).exists() {
            return Ok(Vec::new());
        }
        let text = compact(&self.read_text(ACL)?);
        let keys = text
            .split("(entry")
            .skip(1)
            .filter_map(|e| e.split("(tag").next());
        Ok(keys.map(|k| k.trim().to_owned()).collect())
    }

    /// Written in the form that `guix archive --authorize` gives it.
    fn write_acl(&self, keys: &[String]) -> Result<()> {
        let entries: String = keys
            .iter()
            .map(|k| format!("\n (entry\n  {k}\n  (tag\n   (guix import)\n   )\n  )"))
            .collect();
        self.write(ACL, format!("(acl{entries}\n )\n"))
    }
}

/// An s-expression with single spaces for all white space.
fn compact(text: &str) -> String {
    let joined = text.split_whitespace().collect::<Vec<_>>().join(" ");
    joined.replace("( ", "(").replace(" )", ")")
}
