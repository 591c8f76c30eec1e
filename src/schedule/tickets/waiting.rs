//! One wait: what is looked at, and when.
//!
//! First everything is watched, then looked at: what happens in between wakes.
//! A word of the kernel's names one file, so only that is looked at again, and
//! once more shortly after, for the word comes before the lock is gone. Each
//! second everything that can matter is looked at, in case a word was missed.

use std::borrow::Borrow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::super::line::{Number, Standing, Ticket, may_take, standing};
use super::super::slots::{Slot, SlotError, key};
use super::folder::Name;
use super::wake::{News, Wake};
use super::{Candidates, Place, Waited, Wish};

/// How often everything is looked at, and the build asked for its wish.
const LOOK: Duration = Duration::from_secs(1);

/// How often a build far behind is asked for its wish.
const FAR_LOOK: Duration = Duration::from_secs(5);

/// So many may let the kernel wake them because they are near the front.
const NEAR: usize = 32;

/// How long a look waits for each one that is ahead, far behind.
const FOR_EACH_AHEAD: Duration = Duration::from_millis(5);

/// How often the kernel is asked again whether it will wake us.
const ASK_KERNEL: Duration = Duration::from_secs(5);

/// Shortest time between two looks by the clock.
const BY_CLOCK: Duration = Duration::from_millis(20);

/// How much longer than a look the sleep before it is, by the clock.
const SLEEP_TO_LOOK: u32 = 20;

/// When to look again after the kernel's word: it comes just before the lock
/// is dropped.
const AGAIN: [Duration; 4] = [
    Duration::from_millis(1),
    Duration::from_millis(4),
    Duration::from_millis(16),
    Duration::from_millis(64),
];

/// A free slot that the one ahead leaves for so long is taken: its process is
/// stopped or busy with something else.
const PASS_OVER: Duration = Duration::from_secs(2);

/// How long a machine is left out whose slots cannot be used.
const LEFT_OUT: Duration = Duration::from_secs(30);

/// A build that waits.
pub struct Waiting<'a, C: Candidates> {
    place: &'a mut Place,
    candidates: &'a mut C,
    machines: Vec<C::Machine>,
    /// What each machine's slots are named by; `None`: not to be used.
    keys: Vec<Option<String>>,
    left_out: Option<Instant>,
    before: BTreeMap<Name, Ticket>,
    wake: Wake,
    near: bool,
    by_kernel: bool,
    kernel_asked: Instant,
    watched: BTreeSet<String>,
    due: Vec<bool>,
    doubts: Doubts,
    idle: BTreeMap<usize, (Number, Instant)>,
    asked: Instant,
    looked: Instant,
    cost: Duration,
}

/// What is to be looked at once more.
#[derive(Default)]
struct Doubts {
    step: usize,
    at: Option<Instant>,
    machines: BTreeSet<String>,
    tickets: BTreeSet<Name>,
}

impl Doubts {
    fn begin(&mut self) {
        self.step = 0;
        self.next();
    }

    fn next(&mut self) {
        match AGAIN.get(self.step) {
            Some(&pause) => self.at = Instant::now().checked_add(pause),
            None => *self = Self::default(),
        }
        self.step = self.step.saturating_add(1);
    }
}

impl<'a, C: Candidates> Waiting<'a, C> {
    /// A wait that has not begun.
    pub fn new(place: &'a mut Place, candidates: &'a mut C) -> Self {
        let wake = Wake::new(place.bell());
        let now = Instant::now();
        Self {
            place,
            candidates,
            machines: Vec::new(),
            keys: Vec::new(),
            left_out: None,
            before: BTreeMap::new(),
            wake,
            near: true,
            by_kernel: false,
            kernel_asked: now,
            watched: BTreeSet::new(),
            due: Vec::new(),
            doubts: Doubts::default(),
            idle: BTreeMap::new(),
            asked: now,
            looked: now,
            cost: Duration::ZERO,
        }
    }

    /// Waits.
    pub fn run(mut self, cancelled: &AtomicBool) -> Waited<C::Machine> {
        if !self.ask() {
            return Waited::NoWish;
        }
        self.show();
        self.begin();
        loop {
            if cancelled.load(Ordering::SeqCst) {
                return Waited::Cancelled;
            }
            if let Some((index, slot)) = self.take() {
                let machine = self.machines.swap_remove(index);
                return Waited::Taken {
                    index,
                    machine,
                    slot,
                };
            }
            if self.wake.sleep(self.until_next()) {
                // Whoever rang has news of machines.
                if !self.ask() {
                    return Waited::NoWish;
                }
                self.show();
            }
            self.hear();
            self.look_again();
            if self.looked.elapsed() >= self.pace() && !self.look_around() {
                return Waited::NoWish;
            }
        }
    }

    /// Asks for the wish; `false` when there is none any more.
    fn ask(&mut self) -> bool {
        self.asked = Instant::now();
        match self.candidates.wish() {
            Wish::Same => {}
            Wish::Nothing => return false,
            Wish::Machines(machines) => {
                self.machines = machines;
                self.name_machines();
            }
        }
        true
    }

    fn name_machines(&mut self) {
        self.left_out = None;
        self.keys.clear();
        self.idle.clear();
        self.due = vec![true; self.machines.len()];
        let mut troubles = Vec::new();
        for machine in &self.machines {
            match key(machine.borrow()) {
                Ok(key) => self.keys.push(Some(key)),
                Err(error) => {
                    self.keys.push(None);
                    troubles.push(error);
                }
            }
        }
        for error in troubles {
            self.candidates.trouble(error);
        }
    }

    /// Makes the ticket say what is wished for. Where it cannot be written the
    /// build waits without, and others do not see it.
    fn show(&mut self) {
        let wanted = self.keys.iter().flatten().cloned().collect();
        let ticket = Ticket::new(self.place.number, wanted);
        if self.place.shows(&ticket) {
            return;
        }
        if let Err(error) = self.place.show(&ticket) {
            log::debug!("cannot put a ticket up: {error}");
        }
    }

    /// Watches, then looks at the whole line.
    fn begin(&mut self) {
        self.watched.clear();
        self.kernel_asked = Instant::now();
        self.wake = Wake::new(self.place.bell());
        self.by_kernel = self.near && self.wake.watch_tickets(self.place.line.folder.path());
        self.read_line();
        self.near = self.is_near();
        // Only now it is known how far behind it is.
        if self.by_kernel && !self.near {
            self.wake = Wake::new(self.place.bell());
            self.by_kernel = false;
        }
        self.due.fill(true);
    }

    fn read_line(&mut self) {
        let own = self.place.number;
        self.before = self.place.line.folder.living(|number| number < own);
    }

    /// Near the front, or first for some machine.
    fn is_near(&self) -> bool {
        let first = |key: &String| may_take(self.place.number, self.before.values(), key);
        self.before.len() < NEAR || self.keys.iter().flatten().any(first)
    }

    /// Takes a free slot of the best machine whose turn it is, of those to be
    /// looked at.
    fn take(&mut self) -> Option<(usize, Slot)> {
        let begun = Instant::now();
        let all = !self.due.contains(&false);
        let mut taken = None;
        for index in 0..self.due.len() {
            if !self.due.get_mut(index).is_some_and(std::mem::take) {
                continue;
            }
            if self.standing(index) == Some(Standing::First) {
                self.watch(index);
                taken = self.take_slot(index);
                if taken.is_some() {
                    break;
                }
            }
        }
        if all {
            self.cost = begun.elapsed();
        }
        Some((taken.as_ref()?.0, taken?.1))
    }

    fn standing(&self, index: usize) -> Option<Standing> {
        let key = self.keys.get(index)?.as_ref()?;
        Some(standing(self.place.number, self.before.values(), key))
    }

    /// Lets the kernel tell of a machine's slots, before they are looked at.
    fn watch(&mut self, index: usize) {
        let (Some(machine), Some(Some(key))) = (self.machines.get(index), self.keys.get(index))
        else {
            return;
        };
        if !self.by_kernel || self.watched.contains(key) {
            return;
        }
        match self.place.line.slots.make_directory(machine.borrow()) {
            Ok(directory) => {
                if self.wake.watch_slots(key, &directory) {
                    self.watched.insert(key.clone());
                } else {
                    self.by_kernel = false;
                }
            }
            Err(error) => self.leave_out(index, error),
        }
    }

    fn take_slot(&mut self, index: usize) -> Option<(usize, Slot)> {
        // Left out: no key.
        self.keys.get(index)?.as_ref()?;
        let slots = &self.place.line.slots;
        match slots.take(self.machines.get(index)?.borrow()) {
            Ok(slot) => slot.map(|slot| (index, slot)),
            Err(error) => {
                self.leave_out(index, error);
                None
            }
        }
    }

    /// A machine whose slots cannot be used shall hold up nobody.
    fn leave_out(&mut self, index: usize, error: SlotError) {
        if let Some(key) = self.keys.get_mut(index) {
            *key = None;
        }
        self.left_out.get_or_insert_with(Instant::now);
        self.candidates.trouble(error);
        self.show();
    }

    fn pace(&self) -> Duration {
        if self.by_kernel {
            LOOK
        } else if self.near {
            BY_CLOCK
                .max(self.cost.saturating_mul(SLEEP_TO_LOOK))
                .min(LOOK)
        } else {
            let ahead = u32::try_from(self.before.len()).unwrap_or(u32::MAX);
            FOR_EACH_AHEAD.saturating_mul(ahead).min(LOOK)
        }
    }

    fn until_next(&self) -> Duration {
        if self.due.contains(&true) {
            return Duration::ZERO;
        }
        let look = self.pace().saturating_sub(self.looked.elapsed());
        match self.doubts.at {
            Some(at) => look.min(at.saturating_duration_since(Instant::now())),
            None => look,
        }
    }

    /// Takes note of what the kernel tells.
    fn hear(&mut self) {
        for news in self.wake.news() {
            match news {
                News::Slot(key) => {
                    self.mark(&key);
                    self.doubts.machines.insert(key);
                    self.doubts.begin();
                }
                News::Ticket(name) if name.number < self.place.number => {
                    self.look_at_ticket(name);
                    self.doubts.tickets.insert(name);
                    self.doubts.begin();
                }
                News::Ticket(_) => {}
                News::Missed => {
                    self.show();
                    self.begin();
                }
            }
        }
    }

    /// Looks once more at what was told of.
    fn look_again(&mut self) {
        if self.doubts.at.is_none_or(|at| at > Instant::now()) {
            return;
        }
        for key in std::mem::take(&mut self.doubts.machines) {
            self.mark(&key);
            self.doubts.machines.insert(key);
        }
        for name in std::mem::take(&mut self.doubts.tickets) {
            if self.before.contains_key(&name) {
                self.look_at_ticket(name);
                self.doubts.tickets.insert(name);
            }
        }
        self.doubts.next();
    }

    fn mark(&mut self, machine: &str) {
        for (key, due) in self.keys.iter().zip(&mut self.due) {
            if key.as_deref() == Some(machine) {
                *due = true;
            }
        }
    }

    fn look_at_ticket(&mut self, name: Name) {
        if self.before.contains_key(&name) {
            if !self.place.line.folder.is_living(name) {
                self.before.remove(&name);
                self.due.fill(true);
            }
        } else if let Some(ticket) = self.place.line.folder.read(name) {
            self.before.insert(name, ticket);
        }
    }

    /// Looks at everything that can matter; `false` when nothing is wished
    /// for any more.
    fn look_around(&mut self) -> bool {
        self.looked = Instant::now();
        let often = if self.near { LOOK } else { FAR_LOOK };
        if self.asked.elapsed() >= often {
            if !self.ask() {
                return false;
            }
            if self
                .left_out
                .is_some_and(|since| since.elapsed() >= LEFT_OUT)
            {
                self.name_machines();
            }
            self.show();
        }
        self.recount();
        let was_near = self.near;
        self.near = self.is_near();
        let asked = was_near && self.kernel_asked.elapsed() < ASK_KERNEL;
        if self.near && !self.by_kernel && !asked {
            self.begin();
        }
        self.due.fill(true);
        self.pass_over();
        true
    }

    /// Sees who came, went or died. Far behind only the oldest are asked for
    /// their lives: they are those that can hold up everybody.
    fn recount(&mut self) {
        let own = self.place.number;
        let folder = &self.place.line.folder;
        let names = folder.names().into_iter().filter(|name| name.number < own);
        let names: BTreeSet<Name> = names.collect();
        self.before.retain(|name, _| names.contains(name));
        for name in names {
            if !self.before.contains_key(&name)
                && let Some(ticket) = folder.read(name)
            {
                self.before.insert(name, ticket);
            }
        }
        let all_live = self
            .before
            .keys()
            .take(NEAR)
            .all(|name| folder.is_living(*name));
        if !all_live {
            self.before.retain(|name, _| folder.is_living(*name));
        }
    }

    /// Takes itself to be first where the one ahead leaves a free slot lie.
    fn pass_over(&mut self) {
        let mut asleep = BTreeSet::new();
        for index in 0..self.keys.len() {
            let Some(Standing::Second(ahead)) = self.standing(index) else {
                self.idle.remove(&index);
                continue;
            };
            let slots = &self.place.line.slots;
            let machine = self.machines.get(index);
            if !machine.is_some_and(|it| slots.is_any_free(it.borrow()).unwrap_or(false)) {
                self.idle.remove(&index);
                continue;
            }
            let now = Instant::now();
            let seen = self.idle.entry(index).or_insert((ahead, now));
            if seen.0 != ahead {
                *seen = (ahead, now);
            } else if seen.1.elapsed() >= PASS_OVER {
                asleep.insert(ahead);
            }
        }
        // It stays in line for everybody else, and for us in the next look.
        self.before.retain(|name, _| !asleep.contains(&name.number));
    }
}
