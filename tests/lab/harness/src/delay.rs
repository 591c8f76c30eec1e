//! A long line: a proxy that holds every byte back for a while.
//!
//! Kernels without `netem` cannot delay packets; this stands in front of a
//! host's sshd instead.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;
use nix::sched::{CloneFlags, setns};

use crate::enter;
use crate::host::Host;

/// What may be under way in one direction, as a long fat line's buffers.
const UNDER_WAY: usize = 8 << 20;

/// A proxy that listens in a host's network; dropping it ends it.
pub struct Delay {
    port: u16,
    ends: Arc<AtomicBool>,
}

impl Delay {
    /// The port to use in place of the one behind it.
    pub fn port(&self) -> u16 {
        self.port
    }
}

impl Drop for Delay {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::Relaxed);
    }
}

/// What a line is like.
#[derive(Clone, Copy, Debug)]
pub struct Line {
    /// From one end to the other and back.
    pub round_trip: Duration,
    /// Bytes a second in each direction; `None`: as many as come.
    pub rate: Option<u64>,
}

impl Host {
    /// Starts a long line in front of its sshd; the port to use is the
    /// value's.
    pub fn delay(&self, line: Line) -> Result<Delay> {
        let listener = self.in_network(|| TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0)))??;
        let port = listener.local_addr()?.port();
        let ends = Arc::new(AtomicBool::new(false));
        let namespace = enter::network(self.init())?;
        let stop = Arc::clone(&ends);
        thread::spawn(move || {
            // Connections made by threads of this one start in that network.
            if setns(namespace, CloneFlags::CLONE_NEWNET).is_ok() {
                serve(&listener, line, &stop);
            }
        });
        Ok(Delay { port, ends })
    }
}

fn serve(listener: &TcpListener, line: Line, stop: &Arc<AtomicBool>) {
    if listener.set_nonblocking(true).is_err() {
        return;
    }
    while !stop.load(Ordering::Relaxed) {
        let Ok((near, _)) = listener.accept() else {
            thread::sleep(Duration::from_millis(1));
            continue;
        };
        let Ok(far) = TcpStream::connect(SocketAddr::from(([127, 0, 0, 1], 22))) else {
            continue;
        };
        if join(near, far, line, stop).is_err() {
            eprintln!("lab: the delaying proxy lost a connection at its beginning");
        }
    }
}

fn join(near: TcpStream, far: TcpStream, line: Line, stop: &Arc<AtomicBool>) -> io::Result<()> {
    for stream in [&near, &far] {
        stream.set_nonblocking(false)?;
        stream.set_nodelay(true)?;
        // So that a proxy whose lab is gone ends too.
        stream.set_read_timeout(Some(Duration::from_millis(500)))?;
    }
    direction(near.try_clone()?, far.try_clone()?, line, stop);
    direction(far, near, line, stop);
    Ok(())
}

/// What is under way: pieces with the moment when they arrive.
#[derive(Default)]
struct Wire {
    state: Mutex<UnderWay>,
    changed: Condvar,
}

#[derive(Default)]
struct UnderWay {
    pieces: VecDeque<(Instant, Vec<u8>)>,
    bytes: usize,
    /// Nobody takes any more.
    closed: bool,
}

fn direction(mut from: TcpStream, mut to: TcpStream, line: Line, stop: &Arc<AtomicBool>) {
    let wire = Arc::new(Wire::default());
    let other = Arc::clone(&wire);
    let stop = Arc::clone(stop);
    thread::spawn(move || {
        let mut free = Instant::now();
        let mut buffer = vec![0; 1 << 16];
        loop {
            let n = match from.read(&mut buffer) {
                Err(e) if would_block(&e) && !stop.load(Ordering::Relaxed) => continue,
                Ok(n) => n,
                Err(_) => 0,
            };
            if let Some(rate) = line.rate {
                let time = Duration::from_secs_f64(n as f64 / rate as f64);
                free = free.max(Instant::now()) + time;
                thread::sleep(free.saturating_duration_since(Instant::now()));
            }
            let arrival = Instant::now() + line.round_trip / 2;
            wire.put(arrival, buffer.get(..n).unwrap_or_default().to_vec());
            if n == 0 {
                return;
            }
        }
    });
    thread::spawn(move || {
        loop {
            let (arrival, piece) = other.take();
            thread::sleep(arrival.saturating_duration_since(Instant::now()));
            if piece.is_empty() || to.write_all(&piece).is_err() {
                // That the other end is gone already is no matter.
                let _ = to.shutdown(Shutdown::Write);
                other.close();
                return;
            }
        }
    });
}

fn would_block(e: &io::Error) -> bool {
    matches!(
        e.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
    )
}

impl Wire {
    /// Waits for room and puts a piece on its way; drops it when nobody takes.
    fn put(&self, arrival: Instant, piece: Vec<u8>) {
        let mut state = self.lock();
        while state.bytes > UNDER_WAY && !state.closed {
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
        if state.closed {
            return;
        }
        state.bytes += piece.len();
        state.pieces.push_back((arrival, piece));
        self.changed.notify_all();
    }

    fn take(&self) -> (Instant, Vec<u8>) {
        let mut state = self.lock();
        loop {
            if let Some((arrival, piece)) = state.pieces.pop_front() {
                state.bytes -= piece.len();
                self.changed.notify_all();
                return (arrival, piece);
            }
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, UnderWay> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
