//! Why rows are not predicted.

use std::time::Duration;

use millwright_domain::{
    AliasName, Code, Fault, ModelName, NameError, Selector, Version, Violation,
};
use millwright_ml::PredictError;
use millwright_wire::WireError;

/// Why rows are not predicted.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ServingError {
    /// The message is wrong.
    #[error(transparent)]
    Message(#[from] WireError),
    /// The reference to a model is no reference.
    #[error("{field}: {source}")]
    Reference {
        /// The field that holds it.
        field: &'static str,
        /// What is wrong with it.
        source: NameError,
    },
    /// No such model.
    #[error("there is no model {0}")]
    UnknownModel(ModelName),
    /// No such version or alias of the model.
    #[error("model {0} has no version or alias {1}")]
    UnknownSelector(ModelName, Selector),
    /// The version exists, and nobody wants it to be served.
    #[error(
        "version {1} of model {0} is not loaded: load it by RepositoryModelLoad with the parameter \
         version, or set an alias to it"
    )]
    NotServed(ModelName, Version),
    /// As many versions were asked for as may be.
    #[error("{limit} versions are loaded on request, which is the limit: unload one first")]
    TooManyAsked {
        /// The limit.
        limit: usize,
    },
    /// The version cannot be unloaded.
    #[error(
        "version {version} of model {model} stays loaded: its alias {alias} needs it, move that first"
    )]
    Aliased {
        /// The model.
        model: ModelName,
        /// The version.
        version: Version,
        /// An alias that points to it, or is answered by it.
        alias: AliasName,
    },
    /// What was asked for is done, and could not be written down.
    #[error(
        "done, until the next start: the predictor's folder cannot be written, make room in it"
    )]
    NotWritten,
    /// The version is on its way from the registry.
    #[error("version {1} of model {0} is being loaded")]
    Loading(ModelName, Version),
    /// The version could not be loaded yet.
    #[error("version {version} of model {model} is not served yet: {problem}")]
    Delayed {
        /// The model.
        model: ModelName,
        /// The version that the alias points to.
        version: Version,
        /// Why.
        problem: String,
    },
    /// The version is quarantined.
    #[error("version {version} of model {model} is not served: {problem}")]
    Quarantined {
        /// The model.
        model: ModelName,
        /// The version that the alias points to.
        version: Version,
        /// Why.
        problem: String,
    },
    /// The registry cannot be asked.
    #[error("only the registry knows this version, and it is away: {0}")]
    NoRegistry(String),
    /// The registry has not been heard of yet.
    #[error("the predictor has not heard from the registry yet")]
    NoCatalog,
    /// A row is wrong.
    #[error(transparent)]
    Model(#[from] PredictError),
    /// The request is longer than the queue.
    #[error("{rows} rows are more than the {limit} that may be queued: send fewer at once")]
    TooManyRows {
        /// Rows of the request.
        rows: usize,
        /// The limit.
        limit: usize,
    },
    /// The queue has no room.
    #[error("queue is full: retry in {} ms", retry_after.as_millis())]
    QueueFull {
        /// When there will be room.
        retry_after: Duration,
    },
    /// The answer would not fit a message.
    #[error(
        "the answer to {rows} rows is longer than the {limit} bytes of a message: \
         send fewer rows at once, or ask for fewer classes (top_k)"
    )]
    TooLong {
        /// Rows of the request.
        rows: usize,
        /// Longest message, in bytes.
        limit: usize,
    },
    /// The caller's time was over before its rows reached the kernel.
    #[error("the deadline, or the timeout of the request, passed while the rows were waiting")]
    DeadlinePassed,
    /// The predictor is going down.
    #[error("the predictor is stopping: retry at another one")]
    Stopping,
    /// The kernel panicked on these rows.
    #[error("the model panicked")]
    Panicked,
    /// The model answered another number of rows than it was asked.
    #[error("the model answered another number of rows")]
    Miscounted,
}

impl ServingError {
    /// The row of the batch that is to blame, where one is.
    pub(crate) fn row(&self) -> Option<usize> {
        match self {
            Self::Model(error) => error.row(),
            _ => None,
        }
    }

    /// Whether the version is to blame, whatever the rows are.
    pub(crate) fn is_defect(&self) -> bool {
        matches!(self, Self::Panicked | Self::Miscounted)
    }

    /// The same error where the row that it names is counted from `offset` rows earlier.
    pub(crate) fn shifted(self, offset: usize) -> Self {
        match self {
            Self::Model(error) => Self::Model(error.shifted(offset)),
            other => other,
        }
    }
}

impl Fault for ServingError {
    fn code(&self) -> Code {
        match self {
            Self::Message(error) => error.code(),
            Self::Model(error) => error.code(),
            Self::Reference { .. } | Self::TooManyRows { .. } => Code::InvalidArgument,
            Self::UnknownModel(_) | Self::UnknownSelector(..) => Code::NotFound,
            Self::NotServed(..)
            | Self::Quarantined { .. }
            | Self::TooManyAsked { .. }
            | Self::Aliased { .. } => Code::FailedPrecondition,
            Self::Loading(..)
            | Self::Delayed { .. }
            | Self::NoCatalog
            | Self::NoRegistry(_)
            | Self::Stopping => Code::Unavailable,
            Self::QueueFull { .. } | Self::TooLong { .. } | Self::NotWritten => {
                Code::ResourceExhausted
            }
            Self::DeadlinePassed => Code::DeadlineExceeded,
            Self::Panicked | Self::Miscounted => Code::Internal,
        }
    }

    fn violation(&self) -> Option<Violation> {
        match self {
            Self::Message(error) => error.violation(),
            Self::Model(error) => error.violation(),
            Self::Reference { field, source } => {
                Some(Violation { field: (*field).to_owned(), description: source.to_string() })
            }
            Self::TooManyRows { .. } => {
                Some(Violation { field: "rows".to_owned(), description: self.to_string() })
            }
            _ => None,
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::QueueFull { retry_after } => Some(*retry_after),
            Self::Loading(..) | Self::NoCatalog => Some(Duration::from_millis(200)),
            Self::Delayed { .. } | Self::NoRegistry(_) => Some(Duration::from_secs(1)),
            _ => None,
        }
    }
}
