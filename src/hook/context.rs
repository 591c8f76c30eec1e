//! What every step of a hook knows.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::Arguments;
use crate::events::Journal;
use crate::gateway;
use crate::gateway::shared::Doorstep;
use crate::schedule::handshakes::Handshakes;
use crate::schedule::ledger::Ledger;
use crate::schedule::slots::Slots;
use crate::schedule::tickets::Line;
use crate::settings::Settings;
use crate::store::path::StoreDir;

/// What does not change while the process lives.
#[derive(Debug)]
pub struct Context {
    /// What the daemon called the hook with.
    pub arguments: Arguments,
    /// What the administrator set.
    pub settings: Settings,
    /// The store.
    pub dir: StoreDir,
    /// Where events and messages go.
    pub journal: Journal,
    /// The user's home directory.
    pub home: Option<PathBuf>,
    /// The user's name.
    pub user: String,
    /// The machines' slots.
    pub slots: Slots,
    /// Those that wait for one.
    pub line: Line,
    /// The places to greet machines.
    pub handshakes: Handshakes,
    /// Where connections are shared.
    pub shared: Doorstep,
    /// Connections are this process's own from now on.
    pub alone: AtomicBool,
    /// What is known of the machines.
    pub ledger: Arc<Ledger>,
}

impl Context {
    /// Where connections are to be shared, if they are.
    pub fn doorstep(&self) -> Option<Doorstep> {
        (!self.alone.load(Ordering::Relaxed)).then(|| self.shared.clone())
    }

    /// Tells whether connections are shared.
    pub fn is_sharing(&self) -> bool {
        !self.alone.load(Ordering::Relaxed) && !self.shared.stays.is_zero()
    }

    /// The process that held them has failed: no more of that.
    pub fn stop_sharing(&self) {
        self.alone.store(true, Ordering::Relaxed);
    }

    /// Limits for a connection.
    pub fn gateway_limits(&self) -> gateway::Limits {
        let settings = &self.settings;
        gateway::Limits {
            connect: settings.connect,
            handshake: settings.handshake,
            keepalive: settings.keepalive,
            user_timeout: settings.user_timeout,
            silent: settings.silence,
            retries: 3,
        }
    }

    /// Tells whether the daemon could run a builder for that system itself:
    /// its own, or one that the same kernel runs.
    pub fn is_native(&self, system: &str) -> bool {
        let own = self.arguments.system.as_str();
        own == system
            || matches!(
                (own, system),
                ("x86_64-linux", "i686-linux") | ("aarch64-linux", "armhf-linux")
            )
    }
}
