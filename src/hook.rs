//! The process that guix-daemon starts: answers its questions, does the build
//! that it accepts, and ends.

use std::io::{BufReader, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::events::{Event, Journal, printable};
use crate::gateway::shared::Doorstep;
use crate::schedule::handshakes::Handshakes;
use crate::schedule::ledger::Ledger;
use crate::schedule::slots::Slots;
use crate::schedule::tickets::Line;
use crate::settings::Settings;
use crate::store::path::StoreDir;

pub mod answer;
pub mod attempt;
pub mod attempts;
pub mod build;
pub mod commands;
pub mod context;
pub mod dialogue;
pub mod exit;
pub mod field;
pub mod load;
pub mod local;
pub mod outcome;
pub mod output;
pub mod pick;
pub mod place;
pub mod postponed;
pub mod process;
pub mod progress;
pub mod prospects;
pub mod reach;
pub mod request;
pub mod reread;
pub mod signer;
pub mod still;
pub mod verdict;
pub mod waiting;
pub mod watch;
pub mod work;

use answer::{Answer, Answerer, Taken};
use build::Build;
use context::Context;
use dialogue::{Action, Dialogue, Job};
use exit::Exit;
use output::Output;
use process::{Process, TooLong, read_line};
use request::RequestError;
use watch::{LastAct, Limits, Watch};

/// The four arguments of a hook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arguments {
    /// The daemon's own system type.
    pub system: String,
    /// Seconds without output after which a build is given up; 0: no limit.
    pub max_silent: u64,
    /// The daemon passes traces on (`1`, or `true` with 1.5.0).
    pub print_trace: bool,
    /// Seconds after which a build is given up; 0: no limit.
    pub build_timeout: u64,
}

/// Serves the daemon on standard input until it has no more questions or the
/// accepted build has ended.
pub fn run(arguments: &Arguments) -> ExitCode {
    let (settings, complaints) = Settings::from_environment();
    let exit = match Process::take_over(&settings.state_dir, &settings.database_dir) {
        Ok(process) => {
            start_logging();
            let journal = Journal::new(settings.trace.as_deref());
            journal.started();
            for complaint in complaints {
                journal.say(&format!("warning: {complaint}"));
            }
            serve(arguments, settings, &journal, process).unwrap_or_else(|error| {
                journal.say(&format!("error: {error:#}"));
                Exit::Trouble
            })
        }
        Err(error) => {
            Journal::new(None).say(&format!("error: cannot start: {error}"));
            Exit::Trouble
        }
    };
    ExitCode::from(exit.code())
}

/// Lines of the libraries' own, as one line each and never like a reply.
fn start_logging() {
    env_logger::Builder::from_env(env_logger::Env::default().default_filter_or("warn"))
        .format(|out, record| {
            let text = printable(&record.args().to_string());
            writeln!(
                out,
                "offload: {}: {text}",
                record.level().as_str().to_lowercase()
            )
        })
        .init();
    // A panic's text would come raw otherwise.
    std::panic::set_hook(Box::new(|info| {
        log::error!("internal error: {info}");
    }));
}

fn serve(
    arguments: &Arguments,
    settings: Settings,
    journal: &Journal,
    mut process: Process,
) -> anyhow::Result<Exit> {
    let dir = StoreDir::new(&settings.store_dir)?;
    let context = Context {
        arguments: arguments.clone(),
        slots: Slots::new(&settings.state_dir).telling(journal),
        line: Line::new(&settings.state_dir, settings.line).telling(journal),
        shared: Doorstep::new(&settings.state_dir, settings.gateway),
        alone: AtomicBool::new(false),
        handshakes: Handshakes::new(&settings.state_dir),
        ledger: Arc::new(Ledger::open(&settings.state_dir)),
        settings,
        dir: dir.clone(),
        journal: journal.clone(),
        home: process.home.clone(),
        user: process.user.clone(),
    };
    let mut input = BufReader::new(std::io::stdin());
    let mut dialogue = Dialogue::new(dir);
    let mut answerer = Answerer::default();
    let mut answer = Answer::Decline;
    let mut action = Action::Read(dialogue.limit());
    loop {
        action = match action {
            Action::Read(limit) => match read_line(&mut input, limit)? {
                Ok(Some(line)) => dialogue.line(&line)?,
                Ok(None) => dialogue.end()?,
                Err(TooLong) => return Err(RequestError::TooLong(limit).into()),
            },
            Action::Choose(request) => {
                journal.event(&Event::Asked);
                answer = answer_safely(&mut answerer, &context, &request);
                let reply = answer.reply();
                process.reply(reply.line())?;
                journal.event(&Event::Replied {
                    reply: reply.line().trim_start_matches("# ").trim_end(),
                });
                dialogue.replied(reply)
            }
            Action::Build(job) => {
                journal.event(&Event::Told {
                    inputs: job.inputs.len(),
                    outputs: job.outputs.len(),
                });
                let output = Output::new(process.log.take(), journal.clone());
                let exit = match answer {
                    Answer::Take(taken) => build(&context, &process, &output, &job, *taken)?,
                    Answer::Fail(reason) => {
                        output.tell(&format!(
                            "no machine can be had for '{}':\n{reason}",
                            job.request.derivation
                        ));
                        Exit::Trouble
                    }
                    Answer::Decline | Answer::Postpone => Exit::Trouble,
                };
                output.drain();
                return Ok(exit);
            }
            Action::Finish => return Ok(Exit::Success),
        };
    }
}

/// Answers whatever happens: without a reply the daemon ends all builds of
/// its client.
fn answer_safely(answerer: &mut Answerer, context: &Context, request: &request::Request) -> Answer {
    let answered = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        answerer.answer(context, request)
    }));
    answered.unwrap_or_else(|_| {
        if request.willing && context.is_native(&request.system) {
            Answer::Decline
        } else {
            Answer::Postpone
        }
    })
}

fn build(
    context: &Context,
    process: &Process,
    output: &Output,
    job: &Job,
    taken: Taken,
) -> anyhow::Result<Exit> {
    process.become_busy();
    let arguments = &context.arguments;
    let last_act: LastAct = {
        let output = output.clone();
        let outputs = job.outputs.clone();
        let terminated = Arc::clone(&process.terminated);
        Box::new(move |exit: Exit| {
            place::sweep(&outputs);
            if !terminated.load(Ordering::SeqCst) {
                output.tell("the build was ended");
                output.drain();
            }
            std::process::exit(i32::from(exit.code()));
        })
    };
    let watch = Watch::start(
        Limits {
            silent: Duration::from_secs(arguments.max_silent),
            total: Duration::from_secs(arguments.build_timeout),
        },
        Arc::clone(&process.terminated),
        context.journal.clone(),
        last_act,
    )?;
    let build = Build {
        context,
        output,
        watch: &watch,
    };
    let exit = build.run(job, taken);
    watch.over();
    Ok(exit)
}
