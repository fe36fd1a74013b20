//! How a process says what became of it.

use millwright_domain::Code;

/// The exit codes of every Millwright program, after BSD's `sysexits.h`.
///
/// | code | name | when |
/// |---|---|---|
/// | 0 | `Ok` | done; also after a drain |
/// | 1 | `Failure` | refused: the answer says why |
/// | 64 | `Usage` | a wrong flag or argument, which is named; nothing was started |
/// | 65 | `Data` | the input is wrong or damaged |
/// | 69 | `Unavailable` | a port is taken, or a service is out of reach |
/// | 70 | `Internal` | a defect of ours |
/// | 73 | `CannotCreate` | a folder or file cannot be made or is in use |
/// | 74 | `Io` | reading or writing failed |
/// | 75 | `Temporary` | busy or too slow now: try again |
/// | 130 | `Forced` | a second Ctrl-C or SIGTERM cut the drain short |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Done.
    Ok = 0,
    /// Refused.
    Failure = 1,
    /// A wrong flag or argument.
    Usage = 64,
    /// Wrong or damaged input.
    Data = 65,
    /// A port is taken, or a service is out of reach.
    Unavailable = 69,
    /// A defect of ours.
    Internal = 70,
    /// A folder or file cannot be made or is in use.
    CannotCreate = 73,
    /// Reading or writing failed.
    Io = 74,
    /// Busy or too slow now.
    Temporary = 75,
    /// Cut short by a second signal.
    Forced = 130,
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// What a program exits with that ends on this kind of error.
impl From<Code> for Exit {
    fn from(code: Code) -> Self {
        match code {
            Code::InvalidArgument | Code::DataLoss => Self::Data,
            Code::Unavailable => Self::Unavailable,
            Code::Internal => Self::Internal,
            Code::Aborted | Code::ResourceExhausted | Code::DeadlineExceeded => Self::Temporary,
            Code::NotFound | Code::AlreadyExists | Code::FailedPrecondition | Code::Cancelled => {
                Self::Failure
            }
        }
    }
}
