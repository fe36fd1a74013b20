//! Where the programs push to.

use std::{env, path::Path};

use crate::{jaeger::Jaeger, sink::Sink, span::Span};

/// A sink of ours or, where `MILLWRIGHT_JAEGER` names its program, a real Jaeger: the same is asked
/// of what either has got.
pub(crate) enum Collector {
    Sink(Sink),
    Jaeger(Jaeger),
}

impl Collector {
    pub(crate) fn start() -> Self {
        match env::var_os("MILLWRIGHT_JAEGER") {
            Some(program) => Self::Jaeger(Jaeger::start(Path::new(&program))),
            None => Self::Sink(Sink::start()),
        }
    }

    pub(crate) fn endpoint(&self) -> &str {
        match self {
            Self::Sink(sink) => &sink.endpoint,
            Self::Jaeger(jaeger) => &jaeger.endpoint,
        }
    }

    /// All spans so far.
    pub(crate) fn spans(&self) -> Vec<Span> {
        match self {
            Self::Sink(sink) => sink.spans(),
            Self::Jaeger(jaeger) => jaeger.spans(),
        }
    }
}
