//! The conversation with the daemon, as a state machine without input or
//! output.
//!
//! A process may be asked several times; the first acceptance ties it to that
//! build, whose two lines of paths follow (facts: measured from 2014 to 1.5.0).

use super::request::{MAX_PATHS, MAX_REQUEST, Request, RequestError, parse_paths};
use crate::store::path::{StoreDir, StorePath};

/// What the hook answers to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reply {
    /// The hook takes the build.
    Accept,
    /// The daemon may build it itself, now or when it has a slot.
    Decline,
    /// Ask again in five seconds.
    Postpone,
}

impl Reply {
    /// The line to write, in one piece.
    pub const fn line(self) -> &'static str {
        match self {
            Self::Accept => "# accept\n",
            Self::Decline => "# decline\n",
            Self::Postpone => "# postpone\n",
        }
    }
}

/// A build that was accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// The request that was accepted.
    pub request: Request,
    /// The closure of the inputs and of the derivation itself, by name.
    pub inputs: Vec<StorePath>,
    /// The outputs to bring. The daemon of early 2014 lists those that are
    /// valid already as well.
    pub outputs: Vec<StorePath>,
}

/// What is to be done next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Read another line, of at most so many bytes.
    Read(usize),
    /// Choose a machine, then tell [`Dialogue::replied`].
    Choose(Request),
    /// Do this build.
    Build(Box<Job>),
    /// The daemon has no more questions: end with status 0.
    Finish,
}

#[derive(Debug)]
enum State {
    Idle,
    Asked(Request),
    Inputs(Request),
    Outputs(Request, Vec<StorePath>),
    Over,
}

/// One conversation.
#[derive(Debug)]
pub struct Dialogue {
    dir: StoreDir,
    state: State,
}

impl Dialogue {
    /// Begins, waiting for a first request.
    pub fn new(dir: StoreDir) -> Self {
        Self {
            dir,
            state: State::Idle,
        }
    }

    /// The longest line that may come now.
    pub fn limit(&self) -> usize {
        match self.state {
            State::Inputs(_) | State::Outputs(..) => MAX_PATHS,
            _ => MAX_REQUEST,
        }
    }

    /// Takes a line without its newline.
    pub fn line(&mut self, line: &[u8]) -> Result<Action, RequestError> {
        match std::mem::replace(&mut self.state, State::Over) {
            State::Idle => {
                let request = Request::parse(&self.dir, line)?;
                self.state = State::Asked(request.clone());
                Ok(Action::Choose(request))
            }
            State::Inputs(request) => {
                let inputs = parse_paths(&self.dir, line)?;
                self.state = State::Outputs(request, inputs);
                Ok(Action::Read(MAX_PATHS))
            }
            State::Outputs(request, inputs) => Ok(Action::Build(Box::new(Job {
                request,
                inputs,
                outputs: parse_paths(&self.dir, line)?,
            }))),
            State::Asked(_) | State::Over => Err(RequestError::Ended("the hook had answered")),
        }
    }

    /// Takes note of the reply to the last request.
    pub fn replied(&mut self, reply: Reply) -> Action {
        self.state = match (std::mem::replace(&mut self.state, State::Over), reply) {
            (State::Asked(request), Reply::Accept) => State::Inputs(request),
            (State::Asked(_), Reply::Decline | Reply::Postpone) => State::Idle,
            (state, _) => state,
        };
        Action::Read(self.limit())
    }

    /// Takes note of the end of the input.
    pub fn end(&mut self) -> Result<Action, RequestError> {
        match std::mem::replace(&mut self.state, State::Over) {
            State::Inputs(_) => Err(RequestError::Ended("the line of inputs")),
            State::Outputs(..) => Err(RequestError::Ended("the line of outputs")),
            State::Idle | State::Asked(_) | State::Over => Ok(Action::Finish),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DRV: &str = "/gnu/store/1hqp1kznhm15lxn7h668f9x88i6mzsvc-f1.drv";
    const OUT: &str = "/gnu/store/1hqp1kznhm15lxn7h668f9x88i6mzsvc-f1";

    fn ask(dialogue: &mut Dialogue) -> Request {
        let line = format!("1 x86_64-linux {DRV} ");
        match dialogue.line(line.as_bytes()).unwrap() {
            Action::Choose(request) => request,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn several_requests_then_a_build() {
        let mut dialogue = Dialogue::new(StoreDir::default());
        ask(&mut dialogue);
        assert_eq!(dialogue.replied(Reply::Decline), Action::Read(MAX_REQUEST));
        ask(&mut dialogue);
        assert_eq!(dialogue.replied(Reply::Postpone), Action::Read(MAX_REQUEST));
        let request = ask(&mut dialogue);
        assert_eq!(dialogue.replied(Reply::Accept), Action::Read(MAX_PATHS));
        let inputs = format!("{DRV} ");
        assert_eq!(
            dialogue.line(inputs.as_bytes()).unwrap(),
            Action::Read(MAX_PATHS)
        );
        let outputs = format!("{OUT} ");
        let Action::Build(job) = dialogue.line(outputs.as_bytes()).unwrap() else {
            panic!("no build")
        };
        assert_eq!(job.request, request);
        assert_eq!(job.inputs[0].as_str(), DRV);
        assert_eq!(job.outputs[0].as_str(), OUT);
        assert_eq!(dialogue.end().unwrap(), Action::Finish);
    }

    #[test]
    fn the_end_is_fine_between_requests_only() {
        let mut dialogue = Dialogue::new(StoreDir::default());
        assert_eq!(dialogue.end().unwrap(), Action::Finish);
        let mut dialogue = Dialogue::new(StoreDir::default());
        ask(&mut dialogue);
        dialogue.replied(Reply::Accept);
        assert_eq!(
            dialogue.end(),
            Err(RequestError::Ended("the line of inputs"))
        );
    }

    #[test]
    fn replies_are_whole_lines() {
        for reply in [Reply::Accept, Reply::Decline, Reply::Postpone] {
            assert!(reply.line().starts_with("# ") && reply.line().ends_with('\n'));
        }
    }
}
