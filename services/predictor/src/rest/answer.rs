//! An answer in HTTP's terms.

use axum::{body::Body, response::Response};
use http::{HeaderValue, StatusCode, header::CONTENT_TYPE};
use millwright_chassis::HttpCode;
use millwright_wire::json::InferBody;
use serde_json::{Value, json};
use tonic::Status;

use super::body::JSON_BYTES;

/// `value`, as JSON.
pub(super) fn json(value: &Value) -> Response {
    done(value.to_string().into(), "application/json")
}

/// `told` with its member `ready`; balancers and probes read the status alone.
pub(super) fn readiness(mut told: Value, is_ready: bool) -> Response {
    told["ready"] = json!(is_ready);
    let mut response = json(&told);
    if !is_ready {
        response.extensions_mut().insert(HttpCode(StatusCode::SERVICE_UNAVAILABLE));
    }
    response
}

/// Predictions.
pub(super) fn predictions(body: InferBody) -> Response {
    let InferBody { bytes, json_bytes } = body;
    let Some(json_bytes) = json_bytes else {
        return done(bytes.into(), "application/json");
    };
    let mut response = done(bytes.into(), "application/octet-stream");
    response.headers_mut().insert(JSON_BYTES, json_bytes.into());
    response
}

/// With the status that tells the layers of its success.
fn done(body: Body, content_type: &'static str) -> Response {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(Status::GRPC_STATUS, HeaderValue::from_static("0"));
    response
}
