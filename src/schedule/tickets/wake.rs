//! What wakes a waiter: the kernel's word that a file in a folder was closed.
//!
//! A process that is killed closes its files, so its slot and its ticket tell
//! of it as those of one that ends well. The word comes before the lock is
//! dropped, so a look may come too early: [`super`] looks again then.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Write};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};
use rustix::fs::inotify::{self, CreateFlags, ReadFlags, WatchFlags};
use rustix::io::Errno;

use super::folder::Name;

/// Wakes a waiter from another thread.
#[derive(Clone, Debug)]
pub struct Bell {
    event: Option<Arc<File>>,
}

impl Bell {
    /// A bell; a silent one where the kernel gives none.
    pub fn new() -> Self {
        let event = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK);
        Self {
            event: event.ok().map(|event| Arc::new(File::from(event))),
        }
    }

    /// Wakes whoever waits, now or the next time.
    pub fn ring(&self) {
        if let Some(event) = &self.event
            && let Err(error) = (&**event).write_all(&1_u64.to_ne_bytes())
        {
            log::debug!("cannot wake the waiting: {error}");
        }
    }

    /// Tells whether it rang since it was last asked.
    fn rang(&self) -> bool {
        let mut count = [0; 8];
        let Some(event) = &self.event else {
            return false;
        };
        match (&**event).read_exact(&mut count) {
            Ok(()) => true,
            Err(error) => {
                if error.kind() != io::ErrorKind::WouldBlock {
                    log::debug!("cannot read the bell: {error}");
                }
                false
            }
        }
    }
}

impl Default for Bell {
    fn default() -> Self {
        Self::new()
    }
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// A ticket's file came, went, or was closed.
    Ticket(Name),
    /// A slot file of the machine with this key was closed.
    Slot(String),
    /// Something was missed: look at everything.
    Missed,
}

/// What is watched.
#[derive(Debug)]
pub struct Wake {
    bell: Bell,
    kernel: Option<OwnedFd>,
    tickets: Option<i32>,
    machines: BTreeMap<i32, String>,
}

/// Closing takes the kernel some 14 ms (it waits until nobody can be using what
/// is freed), and the build that has just got its slot has no time for that.
impl Drop for Wake {
    fn drop(&mut self) {
        let Some(kernel) = self.kernel.take() else {
            return;
        };
        let closing = std::thread::Builder::new().name("close".to_owned());
        // Without a thread the closure is dropped, and with it closed here.
        if let Err(error) = closing.spawn(move || drop(kernel)) {
            log::debug!("closed in passing: {error}");
        }
    }
}

impl Wake {
    /// Watches nothing yet, except the bell.
    pub fn new(bell: Bell) -> Self {
        Self {
            bell,
            kernel: None,
            tickets: None,
            machines: BTreeMap::new(),
        }
    }

    /// Watches the tickets. It tells whether the kernel will wake us; there
    /// are few of what that needs (128 for each user, by default).
    pub fn watch_tickets(&mut self, folder: &Path) -> bool {
        let kernel = match inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK) {
            Ok(kernel) => kernel,
            Err(error) => {
                log::debug!("the line has to look by the clock: {error}");
                return false;
            }
        };
        let events = WatchFlags::CLOSE_WRITE
            | WatchFlags::MOVED_TO
            | WatchFlags::DELETE
            | WatchFlags::ONLYDIR;
        match inotify::add_watch(&kernel, folder, events) {
            Ok(watch) => {
                self.tickets = Some(watch);
                self.machines.clear();
                self.kernel = Some(kernel);
                true
            }
            Err(error) => {
                log::debug!("cannot watch {}: {error}", folder.display());
                false
            }
        }
    }

    /// Watches a machine's slots; `false` if the kernel will not tell.
    pub fn watch_slots(&mut self, key: &str, directory: &Path) -> bool {
        let Some(kernel) = &self.kernel else {
            return false;
        };
        let events = WatchFlags::CLOSE_WRITE | WatchFlags::ONLYDIR;
        match inotify::add_watch(kernel, directory, events) {
            Ok(watch) => {
                self.machines.insert(watch, key.to_owned());
                true
            }
            Err(error) => {
                log::debug!("cannot watch {}: {error}", directory.display());
                false
            }
        }
    }

    /// Sleeps until something happens, at most so long; tells whether the bell
    /// rang.
    pub fn sleep(&self, at_most: Duration) -> bool {
        let bell = self.bell.event.as_deref().map(AsFd::as_fd);
        let kernel = self.kernel.as_ref().map(AsFd::as_fd);
        let mut all: Vec<PollFd<'_>> = [bell, kernel]
            .into_iter()
            .flatten()
            .map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN))
            .collect();
        let timeout = Timespec {
            tv_sec: i64::try_from(at_most.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: at_most.subsec_nanos().into(),
        };
        // A signal ends the sleep: whoever caught it wants to be heard.
        if let Err(error) = poll(&mut all, Some(&timeout))
            && error != Errno::INTR
        {
            log::debug!("cannot wait: {error}");
            std::thread::sleep(at_most);
        }
        self.bell.rang()
    }

    /// What has happened since the last time, each once.
    pub fn news(&self) -> Vec<News> {
        let Some(kernel) = &self.kernel else {
            return Vec::new();
        };
        let mut buffer = [MaybeUninit::<u8>::uninit(); 4096];
        let mut reader = inotify::Reader::new(kernel, &mut buffer);
        let mut news = Vec::new();
        loop {
            match reader.next() {
                Ok(event) => {
                    if let Some(one) = self.told(&event)
                        && !news.contains(&one)
                    {
                        news.push(one);
                    }
                }
                Err(Errno::INTR) => {}
                Err(_) => return news,
            }
        }
    }

    fn told(&self, event: &inotify::Event<'_>) -> Option<News> {
        let gone = ReadFlags::QUEUE_OVERFLOW | ReadFlags::IGNORED | ReadFlags::UNMOUNT;
        if event.events().intersects(gone) {
            return Some(News::Missed);
        }
        if Some(event.wd()) == self.tickets {
            let name = event.file_name()?.to_str().ok()?;
            return Some(News::Ticket(Name::parse(name)?));
        }
        self.machines.get(&event.wd()).cloned().map(News::Slot)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    const LONG: Duration = Duration::from_secs(20);

    #[test]
    fn closing_tells_when_it_was_open_for_writing_only() {
        let folder = tempfile::tempdir().unwrap();
        let mut wake = Wake::new(Bell::new());
        assert!(wake.watch_tickets(folder.path()));
        let slots = tempfile::tempdir().unwrap();
        assert!(wake.watch_slots("w1:22", slots.path()));
        let file = File::create(slots.path().join("0")).unwrap();
        assert_eq!(wake.news(), []);
        drop(file);
        wake.sleep(LONG);
        assert_eq!(wake.news(), [News::Slot("w1:22".to_owned())]);
        drop(File::open(slots.path().join("0")).unwrap());
        assert_eq!(wake.news(), []);
    }

    #[test]
    fn the_bell_wakes_and_a_bell_that_rang_before_too() {
        let bell = Bell::new();
        let wake = Wake::new(bell.clone());
        bell.ring();
        let begun = Instant::now();
        assert!(wake.sleep(LONG));
        assert!(begun.elapsed() < LONG);
        assert!(!wake.sleep(Duration::from_millis(1)));
        assert!(begun.elapsed() < LONG);
    }

    #[test]
    fn a_folder_that_goes_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let mut wake = Wake::new(Bell::new());
        assert!(wake.watch_tickets(folder.path()));
        drop(folder);
        wake.sleep(LONG);
        assert_eq!(wake.news(), [News::Missed]);
        assert!(!Wake::new(Bell::new()).watch_tickets(Path::new("/nowhere")));
    }
}
