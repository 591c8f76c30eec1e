//! The hook's own events, with their times.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::host::Host;

/// Something that a hook has told of.
#[derive(Clone, Debug)]
pub struct Told {
    /// The hook.
    pub pid: u32,
    /// Since its start.
    pub at: Duration,
    /// The event's name.
    pub name: String,
    /// The event with its values.
    pub text: String,
}

impl Told {
    fn parse(line: &str) -> Option<Told> {
        let mut words = line.splitn(4, ' ');
        Some(Told {
            pid: words.next()?.parse().ok()?,
            at: Duration::from_micros(words.next()?.parse().ok()?),
            name: words.next()?.to_owned(),
            text: words.next()?.to_owned(),
        })
    }

    /// A value of the event that is a text; `None` where it has no such value.
    pub fn value(&self, name: &str) -> Option<&str> {
        let (_, rest) = self.text.split_once(&format!("{name}: \""))?;
        Some(rest.split_once('"')?.0)
    }

    /// The machine that it is about.
    pub fn machine(&self) -> Option<&str> {
        self.value("machine")
    }
}

/// What hooks have told of since the trace was emptied.
#[derive(Clone, Debug)]
pub struct Events(Vec<Told>);

impl Host {
    /// What hooks have told of so far, where they were told to.
    pub fn told(&self) -> Events {
        Events(self.trace().lines().filter_map(Told::parse).collect())
    }
}

impl Events {
    /// All of one name.
    pub fn named(&self, name: &str) -> impl Iterator<Item = &Told> {
        self.0.iter().filter(move |told| told.name == name)
    }

    /// All of one hook.
    pub fn of(&self, pid: u32) -> Events {
        let own = self.0.iter().filter(|told| told.pid == pid);
        Events(own.cloned().collect())
    }

    /// How long each question waited for its reply, with the reply.
    pub fn replies(&self) -> Vec<(String, Duration)> {
        let mut asked: BTreeMap<u32, Duration> = BTreeMap::new();
        let mut replies = Vec::new();
        for told in &self.0 {
            match told.name.as_str() {
                "asked" => drop(asked.insert(told.pid, told.at)),
                "replied" => {
                    if let Some(begun) = asked.remove(&told.pid) {
                        let reply = told.value("reply").unwrap_or_default().to_owned();
                        replies.push((reply, told.at.saturating_sub(begun)));
                    }
                }
                _ => {}
            }
        }
        replies
    }

    /// The slowest reply.
    pub fn slowest_reply(&self) -> Duration {
        let replies = self.replies();
        let times = replies.iter().map(|(_, took)| *took);
        times.max().unwrap_or_default()
    }

    /// From the first event of that name, about that machine, to the next one
    /// of the other name and machine, within one hook.
    pub fn between(&self, from: (&str, &str), to: (&str, &str)) -> Result<Duration> {
        let is = |told: &Told, (name, machine): (&str, &str)| {
            told.name == name && told.machine().is_none_or(|it| it == machine)
        };
        let begun = self.0.iter().find(|told| is(told, from));
        let begun = begun.with_context(|| format!("no event {from:?} in {:#?}", self.0))?;
        let mut later = self.0.iter().skip_while(|told| !is(told, from));
        let ended = later.find(|told| told.pid == begun.pid && is(told, to));
        let ended = ended.with_context(|| format!("no event {to:?} in {:#?}", self.0))?;
        Ok(ended.at.saturating_sub(begun.at))
    }

    /// How many there are.
    pub fn count(&self, name: &str) -> usize {
        self.named(name).count()
    }

    /// The machines that builds were asked of, in the order of asking.
    pub fn builders(&self) -> Vec<&str> {
        self.named("building").filter_map(Told::machine).collect()
    }
}
