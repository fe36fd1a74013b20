//! A span as the tests look at it, whoever collected it.

use std::collections::BTreeMap;

use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::{KeyValue, any_value::Value},
    trace::v1::{span::SpanKind, status::StatusCode},
};
use serde_json::Value as Json;

/// One span.
#[derive(Clone, Debug)]
pub(crate) struct Span {
    /// `service.name` of the process.
    pub(crate) service: String,
    pub(crate) name: String,
    /// `internal`, `server` or `client`.
    pub(crate) kind: &'static str,
    pub(crate) trace: String,
    pub(crate) id: String,
    /// Empty for a root.
    pub(crate) parent: String,
    /// Nanoseconds since 1970.
    pub(crate) time: (u64, u64),
    pub(crate) attributes: BTreeMap<String, String>,
    /// Trace and span of each.
    pub(crate) links: Vec<(String, String)>,
    pub(crate) failed: bool,
}

impl Span {
    /// The spans of an OTLP message.
    pub(crate) fn of(message: ExportTraceServiceRequest) -> Vec<Self> {
        let mut spans = Vec::new();
        for resource in message.resource_spans {
            let about = attributes(resource.resource.unwrap_or_default().attributes);
            for span in resource.scope_spans.into_iter().flat_map(|scope| scope.spans) {
                spans.push(Self {
                    service: about["service.name"].clone(),
                    kind: kind(span.kind() as i64),
                    failed: span.status.as_ref().is_some_and(|s| s.code() == StatusCode::Error),
                    name: span.name,
                    trace: hex(&span.trace_id),
                    id: hex(&span.span_id),
                    parent: hex(&span.parent_span_id),
                    time: (span.start_time_unix_nano, span.end_time_unix_nano),
                    attributes: attributes(span.attributes),
                    links: span.links.iter().map(|l| (hex(&l.trace_id), hex(&l.span_id))).collect(),
                });
            }
        }
        spans
    }

    /// The spans of an OTLP message as JSON.
    pub(crate) fn of_json(message: &Json) -> Vec<Self> {
        let mut spans = Vec::new();
        for resource in list(&message["resourceSpans"]) {
            let about = json_attributes(&resource["resource"]["attributes"]);
            for span in list(&resource["scopeSpans"]).flat_map(|scope| list(&scope["spans"])) {
                let nanos = |key: &str| text(&span[key]).parse().expect("nanoseconds");
                let link = |link: &Json| (text(&link["traceId"]), text(&link["spanId"]));
                spans.push(Self {
                    service: about["service.name"].clone(),
                    name: text(&span["name"]),
                    kind: kind(span["kind"].as_i64().unwrap_or_default()),
                    trace: text(&span["traceId"]),
                    id: text(&span["spanId"]),
                    parent: text(&span["parentSpanId"]),
                    time: (nanos("startTimeUnixNano"), nanos("endTimeUnixNano")),
                    attributes: json_attributes(&span["attributes"]),
                    links: list(&span["links"]).map(link).collect(),
                    failed: span["status"]["code"].as_i64() == Some(2),
                });
            }
        }
        spans
    }

    /// What is said under `key`; empty if nothing is.
    pub(crate) fn says(&self, key: &str) -> &str {
        self.attributes.get(key).map_or("", String::as_str)
    }
}

fn kind(number: i64) -> &'static str {
    match number {
        n if n == SpanKind::Internal as i64 => "internal",
        n if n == SpanKind::Server as i64 => "server",
        n if n == SpanKind::Client as i64 => "client",
        _ => "other",
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn attributes(said: Vec<KeyValue>) -> BTreeMap<String, String> {
    let value = |said: KeyValue| match said.value.and_then(|value| value.value) {
        Some(Value::StringValue(text)) => (said.key, text),
        Some(Value::IntValue(number)) => (said.key, number.to_string()),
        other => (said.key, format!("{other:?}")),
    };
    said.into_iter().map(value).collect()
}

fn json_attributes(said: &Json) -> BTreeMap<String, String> {
    let value = |said: &Json| {
        let values = said["value"].as_object().expect("a value");
        (text(&said["key"]), values.values().next().map(text).unwrap_or_default())
    };
    list(said).map(value).collect()
}

fn list(json: &Json) -> impl Iterator<Item = &Json> {
    json.as_array().into_iter().flatten()
}

fn text(json: &Json) -> String {
    json.as_str().map_or_else(
        || if json.is_null() { String::new() } else { json.to_string() },
        str::to_owned,
    )
}
