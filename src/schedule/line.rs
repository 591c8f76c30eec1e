//! The line before the slots: who may take which.
//!
//! A build that finds every slot taken waits for one, and shows it with a
//! ticket: a number and the machines that it would take now. One rule decides:
//! *a machine's free slot is for the oldest living ticket that names it.* What
//! tickets are made of, how the living are told from the dead and how the
//! waiting are woken is in [`super::tickets`].
//!
//! **Nothing deadlocks.** A waiter holds no slot, and a ticket is nothing that
//! another could need: it only orders. So a waiter waits for holders of slots,
//! who wait for nothing here, and for tickets older than its own. Numbers are
//! totally ordered; a circle would need one that is older than itself. A build
//! that lost its machine gives the slot back before it stands in line again.
//!
//! **Nobody starves.** Before a ticket there are only those that were there
//! when it came (a build that comes back with its old number is one of them),
//! and each of these leaves when it gets a slot, gives up or dies; none may
//! take a second turn before it without having had its slot in between, which
//! the bound on tries and on patience ends. The oldest is before everybody, on
//! each of its machines.
//!
//! **No slot idles while somebody waits for it.** If a machine has a free slot
//! and living tickets name it, exactly one of them may take it: the oldest.
//! One that does not (a stopped process) is passed over: [`Standing::Second`]
//! tells who watches it. A ticket names only what its holder would take at
//! this moment, so a machine that a build has failed on, or a rare system's
//! turn at the front, holds up nobody else.
//!
//! **What remains:** a look at the line is old by the time that the slot is
//! locked. A younger ticket can so get a slot in the moment in which an older
//! one appears; the lock decides, and the next look knows. A machine that is
//! new to all goes to who asks for it first. Stock's hook knows no line and
//! takes what it finds.

use std::fmt;
use std::time::Duration;

#[cfg(test)]
mod model;

/// Fewest builds that may stand in line, however few slots they wait for.
const SHORTEST: usize = 32;

/// Most builds that may stand in line.
const LONGEST: usize = 256;

/// How many may wait for each slot.
const FOR_EACH_SLOT: usize = 4;

/// The part of a build's time limit that waiting may take.
const PART_OF_LIMIT: u32 = 10;

/// A ticket's first line.
const HEADER: &str = "offload-ticket 1";

/// Longest ticket that is read: some thousand machines.
pub const MAX_TEXT: usize = 1 << 20;

/// Most machines that a ticket names.
const MAX_MACHINES: usize = 4096;

/// Longest name of a machine with its port: that of a directory.
pub const MAX_KEY: usize = 255;

/// A place in the order: since when it is wanted, and chance for two of the
/// same moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Number {
    /// Nanoseconds since the system started, sleep included: the same clock
    /// for all processes, and one that nobody sets.
    pub since: u64,
    /// Tells two of the same moment apart.
    pub chance: u32,
}

impl Number {
    /// Parses what `Display` prints, and nothing else.
    pub fn parse(text: &str) -> Option<Self> {
        let (since, chance) = text.split_once('-')?;
        let is_number = |text: &str, length| {
            text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit())
        };
        if !is_number(since, 20) || !is_number(chance, 10) {
            return None;
        }
        Some(Self {
            since: since.parse().ok()?,
            chance: chance.parse().ok()?,
        })
    }
}

/// As in a file's name: the order of the names is that of the numbers.
impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:020}-{:010}", self.since, self.chance)
    }
}

/// A build in line, and the machines of type `M` that it would take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ticket<M = String> {
    number: Number,
    machines: Vec<M>,
    /// Those that it would take as well, were they up.
    others: Vec<M>,
}

impl<M: Ord> Ticket<M> {
    /// A ticket for these machines.
    pub fn new(number: Number, machines: Vec<M>) -> Self {
        Self {
            number,
            machines: sorted(machines),
            others: Vec::new(),
        }
    }

    /// The same, which would take these as well, were they up: nobody waits
    /// for it there, but it is counted among those that wait.
    #[must_use]
    pub fn or_later(mut self, mut others: Vec<M>) -> Self {
        others.retain(|other| !self.names(other));
        self.others = sorted(others);
        self
    }

    /// Its place in the order.
    pub const fn number(&self) -> Number {
        self.number
    }

    /// The machines, sorted, each once.
    pub fn machines(&self) -> &[M] {
        &self.machines
    }

    /// Tells whether its holder would take a slot of that machine.
    pub fn names(&self, machine: &M) -> bool {
        self.machines.binary_search(machine).is_ok()
    }

    /// Tells whether there is a machine that both would take, now or later.
    pub fn shares(&self, other: &Self) -> bool {
        let (few, many) = if self.machines.len() < other.machines.len() {
            (self, other)
        } else {
            (other, self)
        };
        let mut all = few.machines.iter().chain(&few.others);
        all.any(|machine| many.names(machine) || many.others.binary_search(machine).is_ok())
    }
}

fn sorted<M: Ord>(mut machines: Vec<M>) -> Vec<M> {
    machines.sort_unstable();
    machines.dedup();
    machines
}

impl Ticket<String> {
    /// Writes its machines down, with the build it is for.
    pub fn print(&self, derivation: &str, pid: u32) -> String {
        let mut text = format!("{HEADER}\nfor {derivation}\npid {pid}\n");
        let now = self.machines.iter().map(|machine| ("machine ", machine));
        let later = self.others.iter().map(|machine| ("later ", machine));
        for (word, machine) in now.chain(later) {
            text.push_str(word);
            text.push_str(machine);
            text.push('\n');
        }
        text
    }

    /// Reads what [`print`](Self::print) wrote; `None` for anything else.
    pub fn parse(number: Number, text: &str) -> Option<Self> {
        if text.len() > MAX_TEXT {
            return None;
        }
        let body = text.strip_prefix(HEADER)?.strip_prefix('\n')?;
        if !body.is_empty() && !body.ends_with('\n') {
            return None;
        }
        let named = |word: &str| -> Vec<String> {
            let lines = body.lines().filter_map(|line| line.strip_prefix(word));
            lines.take(MAX_MACHINES).map(str::to_owned).collect()
        };
        let (machines, others) = (named("machine "), named("later "));
        if machines
            .iter()
            .chain(&others)
            .any(|machine| !is_key(machine))
        {
            return None;
        }
        Some(Self::new(number, machines).or_later(others))
    }
}

/// What a build's ticket says besides, for people: its derivation and process.
pub fn described(text: &str) -> (Option<&str>, Option<u32>) {
    let word = |name: &str| text.lines().find_map(|line| line.strip_prefix(name));
    (
        word("for "),
        word("pid ").and_then(|digits| digits.parse().ok()),
    )
}

/// Tells whether a machine's name and port can name a directory and stand on a
/// line of a ticket.
pub fn is_key(key: &str) -> bool {
    let whole = !key.is_empty() && key.len() <= MAX_KEY;
    whole && !key.contains('/') && !key.contains(char::is_control)
}

/// Where a build stands in the line before one machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// A free slot is for it.
    First,
    /// One older ticket names the machine, the one told: its holder's neighbour
    /// watches that it does take what is free.
    Second(Number),
    /// Several do.
    Further,
}

/// Where the build with this number stands before that machine, among the
/// living.
pub fn standing<'a, M: Ord + 'a>(
    own: Number,
    living: impl IntoIterator<Item = &'a Ticket<M>>,
    machine: &M,
) -> Standing {
    let mut before = living
        .into_iter()
        .filter(|ticket| ticket.number < own && ticket.names(machine))
        .map(Ticket::number);
    match (before.next(), before.next()) {
        (None, _) => Standing::First,
        (Some(one), None) => Standing::Second(one),
        (Some(one), Some(other)) if one == other => Standing::Second(one),
        (Some(_), Some(_)) => Standing::Further,
    }
}

/// The rule: no older living ticket names the machine.
pub fn may_take<'a, M: Ord + 'a>(
    own: Number,
    living: impl IntoIterator<Item = &'a Ticket<M>>,
    machine: &M,
) -> bool {
    standing(own, living, machine) == Standing::First
}

/// How many may stand in line for so many slots; `set` is the administrator's
/// word, 0 for no line at all.
pub fn bound(slots: usize, set: Option<usize>) -> usize {
    set.unwrap_or_else(|| slots.saturating_mul(FOR_EACH_SLOT).clamp(SHORTEST, LONGEST))
}

/// How long the next in line waits behind `ahead` others, for one of so many
/// slots whose builds take as long as `usual`.
pub fn expected_wait(ahead: usize, slots: usize, usual: Duration) -> Duration {
    let turns = f64::from(u32::try_from(ahead.saturating_add(1)).unwrap_or(u32::MAX));
    let slots = f64::from(u32::try_from(slots.max(1)).unwrap_or(u32::MAX));
    Duration::try_from_secs_f64(usual.as_secs_f64() * turns / slots).unwrap_or(Duration::MAX)
}

/// Tells whether a wait is short enough for a build with that time limit; a
/// limit of zero is none.
pub fn is_worth_it(expected: Duration, limit: Duration) -> bool {
    limit.is_zero() || expected <= limit / PART_OF_LIMIT
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn number(since: u64) -> Number {
        Number { since, chance: 0 }
    }

    fn ticket(since: u64, machines: &[&'static str]) -> Ticket<&'static str> {
        Ticket::new(number(since), machines.to_vec())
    }

    #[test]
    fn the_oldest_that_names_a_machine_is_first_there() {
        let line = [
            ticket(1, &["arm"]),
            ticket(2, &["w1", "w2"]),
            ticket(3, &["w2", "w3"]),
            ticket(4, &["w2"]),
        ];
        let at = |own, machine| standing(number(own), &line, &machine);
        assert_eq!(at(2, "w1"), Standing::First);
        assert_eq!(at(2, "w2"), Standing::First);
        assert_eq!(at(3, "w2"), Standing::Second(number(2)));
        assert_eq!(at(3, "w3"), Standing::First);
        assert_eq!(at(4, "w2"), Standing::Further);
        assert_eq!(at(4, "w9"), Standing::First);
        assert!(!may_take(number(9), &line, &"arm"));
    }

    #[test]
    fn a_ticket_that_is_being_replaced_counts_once() {
        let line = [ticket(1, &["w1"]), ticket(1, &["w1", "w2"])];
        assert_eq!(
            standing(number(2), &line, &"w1"),
            Standing::Second(number(1))
        );
        assert_eq!(standing(number(1), &line, &"w1"), Standing::First);
    }

    #[test]
    fn who_comes_back_with_its_number_is_before_those_that_came_meanwhile() {
        let line = [ticket(5, &["w1"]), ticket(6, &["w1"])];
        assert!(may_take(number(4), &line, &"w1"));
    }

    #[test]
    fn who_waits_for_a_machine_to_come_back_is_counted_and_holds_up_nobody() {
        let resting = ticket(1, &[]).or_later(vec!["w1", "w2"]);
        assert!(resting.shares(&ticket(2, &["w2"])));
        assert!(ticket(2, &["w2"]).shares(&resting));
        assert!(!resting.shares(&ticket(2, &["arm"]).or_later(vec!["arm2"])));
        assert!(may_take(number(2), &[resting], &"w2"));
    }

    #[test]
    fn the_line_is_bounded_by_the_slots() {
        assert_eq!(bound(1, None), 32);
        assert_eq!(bound(20, None), 80);
        assert_eq!(bound(4000, None), 256);
        assert_eq!(bound(usize::MAX, None), 256);
        assert_eq!(bound(20, Some(0)), 0);
        assert_eq!(bound(20, Some(1000)), 1000);
    }

    #[test]
    fn a_wait_may_take_a_tenth_of_the_limit() {
        let wait = expected_wait(7, 4, Duration::from_secs(30));
        assert_eq!(wait, Duration::from_secs(60));
        assert!(is_worth_it(wait, Duration::ZERO));
        assert!(is_worth_it(wait, Duration::from_secs(600)));
        assert!(!is_worth_it(wait, Duration::from_secs(599)));
        assert_eq!(expected_wait(usize::MAX, 0, Duration::MAX), Duration::MAX);
    }

    #[test]
    fn what_is_no_ticket_is_refused() {
        for text in [
            "",
            "offload-ticket 1",
            "offload-ticket 2\nmachine w1:22\n",
            "offload-ticket 1\nmachine w1:2",
            "offload-ticket 1\nmachine \n",
            "offload-ticket 1\nmachine ../w1:22\n",
            "offload-ticket 1\nmachine w1\u{1b}:22\n",
        ] {
            assert_eq!(Ticket::parse(number(1), text), None, "{text:?}");
        }
        let unknown = "offload-ticket 1\nmood good\nmachine w1:22\n";
        let ticket = Ticket::parse(number(1), unknown).unwrap();
        assert_eq!(ticket.machines(), ["w1:22"]);
        for name in [
            "",
            "1-2",
            "00000000000000000001",
            "+0000000000000000001-0000000001",
        ] {
            assert_eq!(Number::parse(name), None);
        }
    }

    proptest! {
        #[test]
        fn a_ticket_is_read_as_it_was_written(
            since: u64,
            chance: u32,
            machines in proptest::collection::vec("[a-z0-9.é-]{1,12}:[0-9]{1,5}", 0..9),
            others in proptest::collection::vec("[a-c]:[0-9]", 0..9),
        ) {
            let number = Number { since, chance };
            prop_assert_eq!(Number::parse(&number.to_string()), Some(number));
            let ticket = Ticket::new(number, machines).or_later(others);
            let text = ticket.print("x.drv", 7);
            prop_assert_eq!(Ticket::parse(number, &text), Some(ticket));
            prop_assert_eq!(described(&text), (Some("x.drv"), Some(7)));
        }

        #[test]
        fn names_of_files_are_ordered_as_the_numbers(a: (u64, u32), b: (u64, u32)) {
            let [a, b] = [a, b].map(|(since, chance)| Number { since, chance });
            prop_assert_eq!(a.cmp(&b), a.to_string().cmp(&b.to_string()));
        }

        /// Of all who name a machine, exactly one may take it.
        #[test]
        fn one_and_only_one_may_take(
            wanted in proptest::collection::vec(proptest::collection::vec(0..5_u8, 0..5), 1..9),
            machine in 0..5_u8,
        ) {
            let line: Vec<_> = (1..).zip(wanted).map(|(n, m)| Ticket::new(number(n), m)).collect();
            let may: Vec<_> = line
                .iter()
                .filter(|own| own.names(&machine) && may_take(own.number(), &line, &machine))
                .collect();
            let oldest: Vec<_> = line.iter().filter(|t| t.names(&machine)).take(1).collect();
            prop_assert_eq!(may, oldest);
        }

        #[test]
        fn never_panics(text: String, name: String) {
            drop(Ticket::parse(number(0), &text));
            drop(Ticket::parse(number(0), &format!("{HEADER}\n{text}")));
            prop_assert!(Number::parse(&name).is_none_or(|number| number.to_string() == name));
            described(&text);
        }
    }
}
