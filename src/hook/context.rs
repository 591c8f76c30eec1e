//! What every step of a hook knows.

use std::path::PathBuf;

use super::Arguments;
use crate::events::Journal;
use crate::gateway;
use crate::schedule::slots::Slots;
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
}

impl Context {
    /// Limits for a connection; before the reply a machine gets less time,
    /// because the daemon does nothing else meanwhile.
    pub fn gateway_limits(&self, before_reply: bool) -> gateway::Limits {
        let settings = &self.settings;
        gateway::Limits {
            connect: if before_reply {
                settings.connect.min(settings.reply)
            } else {
                settings.connect
            },
            handshake: settings.handshake,
            keepalive: settings.keepalive,
            user_timeout: settings.user_timeout,
            silent: settings.silence,
            retries: if before_reply { 1 } else { 3 },
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
