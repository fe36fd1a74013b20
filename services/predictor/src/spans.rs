//! What a request's trace tells of its time in the queue and in a batch.
//!
//! Within the request's span lie `queue`, from its arrival to the begin of its batch, and `compute`,
//! from there until its rows are computed: one trace tells one request's story. A batch has many
//! callers and a span one parent, so `batch` lies within the `compute` of its first caller, links to
//! the request of every caller, and holds `kernel`; the `compute` of the others links to it. The
//! trace of a lone request leads all the way down, and where a batch is shared, to who shared it.
//!
//! Callers whose trace is not kept take no part, and cost a look at a flag.

use millwright_chassis::{Tracer, error_type};
use millwright_domain::{ModelName, Version};
use opentelemetry::{
    Context, KeyValue,
    global::BoxedSpan,
    trace::{Link, Span, Status, TraceContextExt, Tracer as _},
};

use crate::{ServingError, batch::Batch};

/// Rows of one caller.
const ROWS: &str = "millwright.rows";
/// Rows that are computed together.
const BATCH_ROWS: &str = "millwright.batch.rows";
/// Callers whose rows they are, those too whose traces are not kept.
const BATCH_REQUESTS: &str = "millwright.batch.requests";

/// Makes the spans of one model.
#[derive(Clone)]
pub(crate) struct Spans {
    tracer: Tracer,
    about: Vec<KeyValue>,
}

/// A caller in the queue; the span ends with it.
pub(crate) struct Caller(Option<Box<Waiting>>);

struct Waiting {
    request: Context,
    queue: BoxedSpan,
}

/// A batch that is being computed; the spans end with it.
pub(crate) struct Computing(Option<Traced>);

struct Traced {
    tracer: Tracer,
    computes: Vec<Context>,
    batch: Context,
}

impl Spans {
    pub(crate) fn of(model: &ModelName) -> Self {
        let about = vec![KeyValue::new("millwright.model", model.to_string())];
        Self { tracer: millwright_chassis::tracer(), about }
    }

    /// Names the version too.
    pub(crate) fn with_version(mut self, version: Version) -> Self {
        self.about.push(KeyValue::new("millwright.version", version.to_string()));
        self
    }

    /// Whoever asks, with `n_rows` rows, is in the queue from now on.
    pub(crate) fn queue(&self, n_rows: usize) -> Caller {
        let request =
            Context::map_current(|current| current.span().is_recording().then(|| current.clone()));
        Caller(request.map(|request| {
            let queue = self.span("queue", &request, &[(ROWS, n_rows)], vec![]);
            Box::new(Waiting { request, queue })
        }))
    }

    /// Whoever asks, with `n_rows` rows, has them computed at once.
    pub(crate) fn compute_here(&self, n_rows: usize) -> Computing {
        let mut caller = self.queue(n_rows);
        caller.leave_queue();
        self.computing([(&caller, n_rows)].into_iter(), (n_rows, 1))
    }

    /// `batch` begins to be computed.
    pub(crate) fn compute(&self, batch: &Batch) -> Computing {
        self.computing(batch.callers(), (batch.n_rows(), batch.n_jobs()))
    }

    /// `callers` with the rows of each begin to be computed, as rows and jobs.
    fn computing<'a>(
        &self,
        callers: impl Iterator<Item = (&'a Caller, usize)>,
        (batch_rows, jobs): (usize, usize),
    ) -> Computing {
        let callers = callers.filter_map(|(caller, n_rows)| Some((caller.0.as_ref()?, n_rows)));
        let mut links = Vec::new();
        let computes = callers.map(|(caller, n_rows)| {
            links.push(Link::with_context(caller.request.span().span_context().clone()));
            let rows = [(ROWS, n_rows), (BATCH_ROWS, batch_rows)];
            let compute = self.span("compute", &caller.request, &rows, vec![]);
            caller.request.with_span(compute)
        });
        let computes = computes.collect::<Vec<_>>();
        let Some(first) = computes.first() else { return Computing(None) };
        let size = [(BATCH_ROWS, batch_rows), (BATCH_REQUESTS, jobs)];
        let batch = first.with_span(self.span("batch", first, &size, links));
        for other in &computes[1..] {
            other.span().add_link(batch.span().span_context().clone(), vec![]);
        }
        Computing(Some(Traced { tracer: self.tracer.clone(), computes, batch }))
    }

    fn span(
        &self,
        name: &'static str,
        parent: &Context,
        sizes: &[(&'static str, usize)],
        links: Vec<Link>,
    ) -> BoxedSpan {
        let size =
            |(key, n): &(_, usize)| KeyValue::new(*key, i64::try_from(*n).unwrap_or(i64::MAX));
        let attributes = self.about.iter().cloned().chain(sizes.iter().map(size));
        let span = self.tracer.span_builder(name).with_attributes(attributes).with_links(links);
        span.start_with_context(&*self.tracer, parent)
    }
}

impl Caller {
    /// Its batch begins.
    pub(crate) fn leave_queue(&mut self) {
        if let Some(waiting) = &mut self.0 {
            waiting.queue.end();
        }
    }
}

impl Computing {
    /// The model runs until the span is dropped.
    pub(crate) fn kernel(&self) -> Option<BoxedSpan> {
        let Traced { tracer, batch, .. } = self.0.as_ref()?;
        Some(tracer.start_with_context("kernel", batch))
    }

    /// The batch has failed as a whole.
    pub(crate) fn fail(&self, error: &ServingError) {
        let traced = self.0.iter();
        for context in traced.flat_map(|traced| traced.computes.iter().chain([&traced.batch])) {
            context.span().set_attribute(KeyValue::new("error.type", error_type(error)));
            context.span().set_status(Status::error(""));
        }
    }
}
