//! The events that the hooks of a host tell, as one course of things.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Deref;
use std::time::Duration;

use anyhow::{Context, Result};
use nix::time::{ClockId, clock_gettime};

use crate::host::Host;
use crate::sys::wait_until;

/// Time since this machine started: what events are dated by.
pub fn since_boot() -> Duration {
    clock_gettime(ClockId::CLOCK_BOOTTIME).map_or(Duration::ZERO, Duration::from)
}

/// Something that a hook told.
#[derive(Clone, Debug)]
pub struct Told {
    /// When, since the machine started.
    pub at: Duration,
    /// The same since the hook's start.
    pub since_start: Duration,
    /// The hook's process, as its host numbers it.
    pub pid: i32,
    /// What.
    pub name: String,
    /// The fields, as the program prints them.
    pub details: String,
}

impl Told {
    /// A field of text.
    pub fn value(&self, field: &str) -> Option<&str> {
        let start = format!("{field}: \"");
        let value = self.details.split_once(&start)?.1;
        Some(value.split_once('"')?.0)
    }

    /// The machine that it is about.
    pub fn machine(&self) -> Option<&str> {
        self.value("machine")
    }

    /// A field that is a list of texts.
    pub fn list(&self, field: &str) -> Vec<String> {
        let start = format!("{field}: [");
        let value = self.details.split_once(&start).map_or("", |it| it.1);
        let inside = value.split_once(']').map_or("", |it| it.0);
        let words = inside.split(", ").filter(|word| !word.is_empty());
        words
            .map(|word| word.trim_matches('"').to_owned())
            .collect()
    }

    fn number(&self, field: &str) -> Option<u64> {
        let start = format!("{field}: ");
        let value = self.details.split_once(&start)?.1;
        value
            .split(|c: char| !c.is_ascii_digit())
            .next()?
            .parse()
            .ok()
    }
}

impl Host {
    /// What the hooks have told so far, in order of time.
    pub fn told(&self) -> Events {
        let mut begun = BTreeMap::new();
        let mut events = Vec::new();
        for line in self.trace().lines() {
            // PID MICROSECONDS NAME DETAILS
            let mut words = line.splitn(4, ' ');
            let mut number = || words.next()?.parse::<u64>().ok();
            let (Some(pid), Some(micros)) = (number(), number()) else {
                continue;
            };
            let mut happened = Told {
                at: Duration::ZERO,
                since_start: Duration::from_micros(micros),
                pid: i32::try_from(pid).unwrap_or_default(),
                name: words.next().unwrap_or_default().to_owned(),
                details: words.next().unwrap_or_default().to_owned(),
            };
            if happened.name == "started" {
                begun.insert(pid, happened.number("since_boot").unwrap_or_default());
            }
            let begun = Duration::from_micros(*begun.get(&pid).unwrap_or(&0));
            happened.at = begun + happened.since_start;
            events.push(happened);
        }
        events.sort_by_key(|event| event.at);
        Events(events)
    }

    /// Waits for events that pass, for so many; gives all that pass.
    pub fn wait_for_events(
        &self,
        what: &str,
        many: usize,
        limit: Duration,
        passes: impl Fn(&Told) -> bool,
    ) -> Result<Vec<Told>> {
        let mut found = Vec::new();
        wait_until(&format!("{many} times: {what}"), limit, || {
            found = self.told().0;
            found.retain(|event| passes(event));
            Ok(found.len() >= many)
        })
        .with_context(|| format!("the hooks told:\n{}", self.trace()))?;
        Ok(found)
    }
}

/// What hooks have told of since the trace was emptied, in order of time.
#[derive(Clone, Debug)]
pub struct Events(Vec<Told>);

impl Deref for Events {
    type Target = [Told];

    fn deref(&self) -> &[Told] {
        &self.0
    }
}

impl Events {
    /// All of one name.
    pub fn named(&self, name: &str) -> impl Iterator<Item = &Told> {
        self.0.iter().filter(move |told| told.name == name)
    }

    /// All of one hook.
    pub fn of(&self, pid: i32) -> Events {
        let own = self.0.iter().filter(|told| told.pid == pid);
        Events(own.cloned().collect())
    }

    /// How long each question waited for its reply, with the reply.
    pub fn replies(&self) -> Vec<(String, Duration)> {
        let mut asked: BTreeMap<i32, Duration> = BTreeMap::new();
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

/// From when to when.
pub type Span = (Duration, Duration);

/// Who had a slot, and when; until it was given back, if it was.
#[derive(Clone, Debug)]
pub struct Turn {
    /// The slot.
    pub slot: String,
    /// The hook.
    pub pid: i32,
    /// When it had it.
    pub span: Span,
    /// The moment that its place in the order is of.
    pub since: Duration,
}

/// A ticket with its machines.
#[derive(Clone, Debug)]
pub struct Waiting {
    /// The hook.
    pub pid: i32,
    /// When it showed this ticket.
    pub span: Span,
    /// The moment that its place in the order is of.
    pub since: Duration,
    /// What it would have taken.
    pub machines: Vec<String>,
}

/// Slots and tickets over time, as the hooks told of them.
#[derive(Clone, Debug, Default)]
pub struct Course {
    /// Who had slots, by the time when they were taken.
    pub turns: Vec<Turn>,
    /// Who waited.
    pub waiting: Vec<Waiting>,
}

impl Course {
    /// What the events say; who is said to be dead by `deaths` waits and holds
    /// no longer.
    pub fn of(events: &[Told], deaths: &[(i32, Duration)]) -> Course {
        let mut course = Course::default();
        let mut asked = BTreeMap::new();
        let mut number = BTreeMap::new();
        let end = |pid: i32| {
            let death = deaths.iter().find(|(dead, _)| *dead == pid);
            death.map_or(Duration::MAX, |(_, at)| *at)
        };
        for event in events {
            let (pid, at) = (event.pid, event.at);
            match event.name.as_str() {
                "asked" => drop(asked.insert(pid, at)),
                "slot" => course.turns.push(Turn {
                    slot: event.value("slot").unwrap_or_default().to_owned(),
                    pid,
                    span: (at, end(pid)),
                    since: *number.get(&pid).or(asked.get(&pid)).unwrap_or(&at),
                }),
                "released" => {
                    let slot = event.value("slot").unwrap_or_default();
                    let mut turns = course.turns.iter_mut().rev();
                    if let Some(turn) = turns.find(|turn| turn.pid == pid && turn.slot == slot) {
                        turn.span.1 = at;
                    }
                }
                "in-line" | "out-of-line" => {
                    let mut before = course.waiting.iter_mut().rev();
                    if let Some(waiting) = before.find(|waiting| waiting.pid == pid) {
                        waiting.span.1 = waiting.span.1.min(at);
                    }
                    if event.name == "in-line" {
                        let since = event.value("number").and_then(nanoseconds).unwrap_or(at);
                        number.insert(pid, since);
                        course.waiting.push(Waiting {
                            pid,
                            span: (at, end(pid)),
                            since,
                            machines: event.list("machines"),
                        });
                    }
                }
                _ => {}
            }
        }
        course
    }

    /// The slots that were ever taken.
    pub fn slots(&self) -> BTreeSet<&str> {
        self.turns.iter().map(|turn| turn.slot.as_str()).collect()
    }

    /// The longest time that a slot was free while somebody waited for it, and
    /// which.
    pub fn longest_idle(&self) -> (Duration, String) {
        let mut longest = (Duration::ZERO, String::new());
        for slot in self.slots() {
            let machine = slot.split('/').next().unwrap_or_default();
            let waited = union(self.waiting.iter().filter_map(|waiting| {
                let names = waiting.machines.iter().any(|name| name == machine);
                names.then_some(waiting.span)
            }));
            let taken = self.turns.iter().filter(|turn| turn.slot == slot);
            let taken = union(taken.map(|turn| turn.span));
            let mut free_from = Duration::ZERO;
            let never = (Duration::MAX, Duration::MAX);
            for (from, to) in taken.into_iter().chain([never]) {
                for (begun, ended) in &waited {
                    let idle = from.min(*ended).saturating_sub(free_from.max(*begun));
                    if idle > longest.0 {
                        longest = (idle, format!("{slot} from {:?}", free_from.max(*begun)));
                    }
                }
                free_from = to;
            }
        }
        longest
    }

    /// Those who took a slot for which an older one waited, and that one, where
    /// it had waited for longer than the tolerance, and did so after it.
    pub fn overtakings(&self, tolerance: Duration) -> Vec<(&Turn, &Waiting)> {
        let mut found = Vec::new();
        for turn in &self.turns {
            let machine = turn.slot.split('/').next().unwrap_or_default();
            let at = turn.span.0;
            found.extend(self.waiting.iter().filter_map(|waiting| {
                let older = waiting.since < turn.since && waiting.pid != turn.pid;
                let there = waiting.span.0 + tolerance < at
                    && at.saturating_add(tolerance) < waiting.span.1;
                let named = waiting.machines.iter().any(|name| name == machine);
                (older && there && named).then_some((turn, waiting))
            }));
        }
        found
    }

    /// How many had a slot of the machine at once, at most.
    pub fn most_at_once(&self, machine: &str) -> usize {
        let ours = |turn: &&Turn| turn.slot.split('/').next() == Some(machine);
        let turns: Vec<&Turn> = self.turns.iter().filter(ours).collect();
        let at_once = turns.iter().map(|turn| {
            let then = turn.span.0;
            let others = turns.iter().filter(|other| other.span.0 <= then);
            others.filter(|other| then < other.span.1).count()
        });
        at_once.max().unwrap_or_default()
    }
}

/// A ticket's number begins with the nanoseconds since the system started.
fn nanoseconds(number: &str) -> Option<Duration> {
    let digits = number.split('-').next()?;
    Some(Duration::from_nanos(digits.parse().ok()?))
}

/// Spans that overlap as one, in order.
fn union(spans: impl Iterator<Item = Span>) -> Vec<Span> {
    let mut spans: Vec<Span> = spans.collect();
    spans.sort_unstable();
    let mut joined: Vec<Span> = Vec::new();
    for (from, to) in spans {
        match joined.last_mut() {
            Some(last) if from <= last.1 => last.1 = last.1.max(to),
            _ => joined.push((from, to)),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(pid: i32, at: u64, name: &str, details: &str) -> Told {
        Told {
            at: Duration::from_millis(at),
            since_start: Duration::from_millis(at),
            pid,
            name: name.to_owned(),
            details: details.to_owned(),
        }
    }

    fn slot(pid: i32, at: u64) -> Told {
        event(
            pid,
            at,
            "slot",
            "Slot { machine: \"w1\", slot: \"w1:22/0\" }",
        )
    }

    fn released(pid: i32, at: u64) -> Told {
        event(pid, at, "released", "Released { slot: \"w1:22/0\" }")
    }

    fn in_line(pid: i32, at: u64) -> Told {
        let number = format!("{:020}-0000000001", Duration::from_millis(at).as_nanos());
        let details =
            format!("InLine {{ number: \"{number}\", machines: [\"w1:22\", \"w2:22\"] }}");
        event(pid, at, "in-line", &details)
    }

    #[test]
    fn idle_is_what_is_free_while_somebody_waits() {
        let mut events = vec![slot(1, 10), in_line(2, 20), released(1, 30), slot(2, 37)];
        events.extend([
            event(2, 38, "out-of-line", ""),
            released(2, 90),
            slot(3, 200),
        ]);
        let course = Course::of(&events, &[]);
        assert_eq!(course.longest_idle().0, Duration::from_millis(7));
        assert!(course.overtakings(Duration::ZERO).is_empty());
        assert_eq!(course.most_at_once("w1:22"), 1);
    }

    #[test]
    fn the_younger_before_the_older_overtakes() {
        let events = [
            slot(1, 10),
            in_line(2, 20),
            in_line(3, 21),
            released(1, 30),
            slot(3, 31),
            event(3, 31, "out-of-line", ""),
            released(3, 50),
            slot(2, 51),
        ];
        let course = Course::of(&events, &[]);
        let overtakings = course.overtakings(Duration::from_millis(2));
        assert_eq!(overtakings.len(), 1);
        assert_eq!((overtakings[0].0.pid, overtakings[0].1.pid), (3, 2));
    }

    #[test]
    fn a_dead_holder_s_slot_is_free() {
        let events = [slot(1, 10), in_line(2, 20), slot(2, 44)];
        let course = Course::of(&events, &[(1, Duration::from_millis(40))]);
        assert_eq!(course.longest_idle().0, Duration::from_millis(4));
    }
}
