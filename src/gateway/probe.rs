//! Several machines asked at once: which of them answers first.
//!
//! A probe is the beginning of a real connection. A server's greeting is its
//! answer; the rest of the connection goes on by itself, because servers
//! punish clients that leave before they have logged in (measured, OpenSSH
//! 10: facts on SSH, section 9). What nobody wants any more is closed once it
//! has logged in.

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use super::shared::Doorstep;
use super::{GatewayError, Limits, Route, Usher};
use crate::machines::record::BuildMachine;

/// What became known of a machine.
#[derive(Debug)]
pub enum News {
    /// Somebody has accepted the connection.
    Accepted,
    /// Its server has greeted, so long after the probe began.
    Greeted(Duration),
    /// It is logged in to.
    Connected(Box<Route>),
    /// It cannot be had.
    Failed(GatewayError),
}

/// Who is present while one machine is connected to.
pub trait Witness: Send {
    /// Waits until the machine may be greeted, as [`Usher::admit`] does.
    fn admit(&mut self) -> Box<dyn Send>;

    /// The machine is logged in to after this time, or cannot be had.
    fn outcome(&mut self, outcome: Result<Duration, &GatewayError>);
}

/// Nobody.
impl Witness for () {
    fn admit(&mut self) -> Box<dyn Send> {
        Box::new(())
    }

    fn outcome(&mut self, _: Result<Duration, &GatewayError>) {}
}

struct Attended<'a> {
    witness: &'a mut dyn Witness,
    tell: &'a mut dyn FnMut(News),
    begun: Instant,
}

impl Usher for Attended<'_> {
    fn admit(&mut self) -> Box<dyn Send> {
        self.witness.admit()
    }

    fn accepted(&mut self) {
        (self.tell)(News::Accepted);
    }

    fn greeted(&mut self) {
        (self.tell)(News::Greeted(self.begun.elapsed()));
    }
}

/// Machines that are being connected to.
pub struct Probe {
    teller: Teller,
    news: Receiver<(usize, News)>,
    running: usize,
    doorstep: Option<Doorstep>,
}

/// Takes news to whoever waits for them.
#[derive(Clone)]
struct Teller {
    sender: Sender<(usize, News)>,
    told: Arc<dyn Fn() + Send + Sync>,
}

impl Teller {
    /// Nobody may be listening any more: then a connection is closed here.
    fn tell(&self, number: usize, news: News) {
        drop(self.sender.send((number, news)));
        (self.told)();
    }
}

impl Probe {
    /// Connections are to be shared, from now on.
    pub fn share(&mut self, doorstep: Option<Doorstep>) {
        self.doorstep = doorstep;
    }

    /// Nothing yet; `told` is called, in a thread, after each news.
    pub fn new(told: impl Fn() + Send + Sync + 'static) -> Self {
        let (sender, news) = mpsc::channel();
        Self {
            teller: Teller {
                sender,
                told: Arc::new(told),
            },
            news,
            running: 0,
            doorstep: None,
        }
    }

    /// Begins to connect to a machine, which news call by this number.
    ///
    /// Whatever can fail without a connection, such as reading a key, shows
    /// as news as well. The witness is called in a thread, at once, also when
    /// nobody asks for news any more.
    pub fn begin(
        &mut self,
        number: usize,
        machine: &BuildMachine,
        home: Option<&Path>,
        limits: &Limits,
        mut witness: impl Witness + 'static,
    ) {
        let (machine, home) = (machine.clone(), home.map(Path::to_owned));
        let doorstep = self.doorstep.clone();
        let (limits, teller) = (limits.clone(), self.teller.clone());
        let begun = Instant::now();
        let spawned = thread::Builder::new()
            .name(format!("probe {number}"))
            .spawn(move || {
                let mut attended = Attended {
                    witness: &mut witness,
                    tell: &mut |news| teller.tell(number, news),
                    begun,
                };
                let opened = Route::open(
                    doorstep.as_ref(),
                    &machine,
                    home.as_deref(),
                    &limits,
                    &mut attended,
                );
                witness.outcome(opened.as_ref().map(|_| begun.elapsed()));
                let news = match opened {
                    Ok(connection) => News::Connected(Box::new(connection)),
                    Err(error) => News::Failed(error),
                };
                teller.tell(number, news);
            });
        self.running = self.running.saturating_add(1);
        if let Err(error) = spawned {
            let detail = format!("starting a thread: {error}");
            let at = format!("machine {number}");
            let error = GatewayError::Local { at, detail };
            self.teller.tell(number, News::Failed(error));
        }
    }

    /// The next news, waited for until then; `None` when nothing came, or
    /// nothing can come any more.
    pub fn next(&mut self, until: Instant) -> Option<(usize, News)> {
        if self.running == 0 {
            return None;
        }
        let left = until.saturating_duration_since(Instant::now());
        match self.news.recv_timeout(left) {
            Ok((number, news)) => {
                if matches!(news, News::Connected(_) | News::Failed(_)) {
                    self.running = self.running.saturating_sub(1);
                }
                Some((number, news))
            }
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => None,
        }
    }

    /// How many have neither failed nor been logged in to.
    pub fn running(&self) -> usize {
        self.running
    }
}
