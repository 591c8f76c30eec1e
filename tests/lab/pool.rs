//! Farms, made when they are needed and used again.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result, bail};
use offload_lab::{Farm, Hook};

/// A test: what it is called, and what it does with a farm.
#[derive(Clone, Copy)]
pub struct Case {
    /// `FILE::WHAT`.
    pub name: &'static str,
    /// The test itself; the pool does what all have in common.
    pub run: fn(&mut Farm) -> Result<()>,
}

/// Lists a file's tests by their functions' names.
macro_rules! cases {
    ($($name:ident),* $(,)?) => {
        pub const CASES: &[$crate::pool::Case] = &[$(
            $crate::pool::Case { name: concat!(module_path!(), "::", stringify!($name)), run: $name }
        ),*];
    };
}
pub(crate) use cases;

/// How many farms work at once: `$OFFLOAD_LAB_LANES`, else one.
pub fn lanes() -> usize {
    std::env::var("OFFLOAD_LAB_LANES")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(1)
}

/// The hook that the tests are about.
fn hook() -> Result<Hook> {
    let program = PathBuf::from(env!("CARGO_BIN_EXE_offload"));
    match std::env::var("OFFLOAD_LAB_HOOK").as_deref() {
        Err(_) | Ok("front") => Ok(Hook::Front(program)),
        Ok("extension") => Ok(Hook::Extension(program)),
        Ok("stock") => Ok(Hook::Stock),
        Ok(other) => bail!("OFFLOAD_LAB_HOOK is {other}, not front, extension or stock"),
    }
}

/// Farms that wait for a test.
#[derive(Clone, Default)]
pub struct Pool(Arc<Mutex<Vec<Farm>>>);

impl Pool {
    pub fn new() -> Pool {
        Pool::default()
    }

    /// Runs a test on a farm that is as it should be, then checks the farm.
    ///
    /// A farm on which a test failed is not used again. The test itself is run
    /// once more, on a new one, and that is said: many of these tests have
    /// limits of milliseconds to seconds, which another program on the machine
    /// can break. What is wrong fails twice. `OFFLOAD_LAB_ONCE` switches the
    /// second run off.
    pub fn run(&self, case: &Case) -> Result<(), String> {
        let Err(first) = self.attempt(case) else {
            return Ok(());
        };
        let first = format!("{first:#}");
        if std::env::var_os("OFFLOAD_LAB_ONCE").is_some() {
            return Err(first);
        }
        println!("{} failed and is run once more:\n{first}", case.name);
        self.attempt(case)
            .map_err(|second| format!("{first}\nand the second time:\n{second:#}"))
    }

    fn attempt(&self, case: &Case) -> Result<()> {
        let waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut farm = match waiting {
            Some(mut farm) => {
                farm.reset()
                    .context("cannot bring the farm back to normal")?;
                farm
            }
            None => Farm::new(hook()?).context("cannot start a farm")?,
        };
        let result = (case.run)(&mut farm).and_then(|()| farm.check().context("after the test"));
        if let Err(e) = result {
            let said = |host: &offload_lab::Host| {
                format!("the daemon of {} says:\n{}", host.name(), host.daemon_log())
            };
            let logs = farm.hosts().map(said).join("\n");
            return Err(e.context(format!("{logs}\nfailure")));
        }
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(farm);
        Ok(())
    }
}
