//! One line of the log, which says what request or work it belongs to.

use std::{fmt, sync::Arc};

use opentelemetry::{
    Context,
    trace::{TraceContextExt, TraceId},
};
use tracing::{Event, Subscriber};
use tracing_subscriber::{
    fmt::{
        FmtContext, FormatEvent, FormatFields,
        format::{Format, Full, Json, Writer},
    },
    registry::LookupSpan,
};

use crate::methods::Method;

/// A format of lines, which ends each with `trace_id` and, within a request, `rpc.method`.
///
/// The names are those under which OpenTelemetry puts a trace into a log that is no OTLP.
pub(super) enum Line {
    Text(Format<Full>),
    Json(Format<Json>),
}

impl<S, N> FormatEvent<S, N> for Line
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let place = Context::map_current(Place::of);
        match self {
            Self::Text(format) => {
                place.end_text(writer, |line| format.format_event(context, line, event))
            }
            Self::Json(format) => {
                place.end_json(writer, |line| format.format_event(context, line, event))
            }
        }
    }
}

/// What a line belongs to.
struct Place {
    trace: Option<TraceId>,
    method: Option<Arc<Method>>,
}

impl Place {
    fn of(context: &Context) -> Self {
        let span = context.span();
        let trace = Some(span.span_context()).filter(|span| span.is_valid());
        Self {
            trace: trace.map(opentelemetry::trace::SpanContext::trace_id),
            method: context.get::<Arc<Method>>().cloned(),
        }
    }

    fn end_text(
        &self,
        mut writer: Writer<'_>,
        format: impl FnOnce(Writer<'_>) -> fmt::Result,
    ) -> fmt::Result {
        let mut line = String::new();
        format(Writer::new(&mut line))?;
        writer.write_str(line.trim_end_matches('\n'))?;
        for (name, value) in self.fields() {
            write!(writer, " {name}={value}")?;
        }
        writer.write_char('\n')
    }

    /// Neither a trace's id nor a method's name has anything that JSON would escape.
    fn end_json(
        &self,
        mut writer: Writer<'_>,
        format: impl FnOnce(Writer<'_>) -> fmt::Result,
    ) -> fmt::Result {
        let mut line = String::new();
        format(Writer::new(&mut line))?;
        writer.write_str(line.strip_suffix("}\n").unwrap_or(&line))?;
        for (name, value) in self.fields() {
            write!(writer, r#","{name}":"{value}""#)?;
        }
        writer.write_str("}\n")
    }

    fn fields(&self) -> impl Iterator<Item = (&'static str, String)> {
        let trace = self.trace.map(|trace| ("trace_id", trace.to_string()));
        let known = self.method.as_ref().and_then(|method| method.full_name.as_ref());
        trace.into_iter().chain(known.map(|name| ("rpc.method", name.to_string())))
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io,
        sync::{Mutex, PoisonError},
    };

    use opentelemetry::trace::{SpanContext, SpanId, TraceFlags, TraceState};
    use tracing_subscriber::fmt::{self, MakeWriter, format::JsonFields};

    use super::*;
    use crate::methods::Methods;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).extend(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl<'a> MakeWriter<'a> for Lines {
        type Writer = Self;

        fn make_writer(&'a self) -> Self {
            self.clone()
        }
    }

    /// What is logged outside of a request, and then within one.
    fn logged(subscriber: impl FnOnce(Lines) -> tracing::Dispatch) -> [String; 2] {
        let lines = Lines::default();
        tracing::dispatcher::with_default(&subscriber(lines.clone()), || {
            let _job = tracing::info_span!("job", model = "press").entered();
            tracing::info!(rows = 3, "outside");
            let _request = request().attach();
            tracing::info!(rows = 3, "within");
        });
        let text = lines.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let text = String::from_utf8(text).expect("UTF-8");
        let lines = text.lines().map(str::to_owned).collect::<Vec<_>>();
        lines.try_into().expect("two lines")
    }

    fn request() -> Context {
        let methods = Methods::new(&[tonic_health::pb::FILE_DESCRIPTOR_SET]).expect("descriptors");
        let (trace, span) = (TraceId::from(0xabc), SpanId::from(1));
        let span = SpanContext::new(trace, span, TraceFlags::SAMPLED, true, TraceState::NONE);
        let context = methods.at("/grpc.health.v1.Health/Check").context;
        context.with_remote_span_context(span)
    }

    const TRACE: &str = "00000000000000000000000000000abc";

    #[test]
    fn a_line_of_text_ends_with_what_it_belongs_to() {
        let [outside, within] = logged(|lines| {
            let format = Line::Text(fmt::format().with_ansi(false));
            let builder = fmt::Subscriber::builder().with_ansi(false).event_format(format);
            builder.with_writer(lines).finish().into()
        });
        assert!(outside.ends_with("outside rows=3"), "{outside}");
        let end = format!("within rows=3 trace_id={TRACE} rpc.method=grpc.health.v1.Health/Check");
        assert!(within.ends_with(&end) && within.contains("model=\"press\""), "{within}");
    }

    #[test]
    fn a_line_of_json_has_what_it_belongs_to() {
        let [outside, within] = logged(|lines| {
            let format = Line::Json(fmt::format().json().flatten_event(true));
            let builder = fmt::Subscriber::builder().fmt_fields(JsonFields::new());
            builder.event_format(format).with_writer(lines).finish().into()
        });
        assert!(outside.starts_with('{') && outside.ends_with("]}"), "{outside}");
        assert!(!outside.contains("trace_id"), "{outside}");
        let end = format!(r#"],"trace_id":"{TRACE}","rpc.method":"grpc.health.v1.Health/Check"}}"#);
        assert!(within.starts_with('{') && within.ends_with(&end), "{within}");
    }
}
