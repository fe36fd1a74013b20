//! What a caller over plain HTTP is told: the one place that makes an HTTP status of a gRPC one.

use std::time::Duration;

use axum::{body::Body, extract::Request, middleware::Next, response::Response};
use http::{
    HeaderMap, HeaderValue, StatusCode,
    header::{CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER},
};
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::HttpCode;

/// Beside `Retry-After`, which counts in whole seconds: most waits here are shorter.
const RETRY_AFTER_MS: &str = "retry-after-ms";

/// Answers in HTTP's own terms, with the body `{"error": "…"}` where something went wrong.
pub(super) async fn tell(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let status = Status::from_header_map(response.headers());
    for name in [Status::GRPC_STATUS, Status::GRPC_MESSAGE, Status::GRPC_STATUS_DETAILS] {
        response.headers_mut().remove(name);
    }
    let asked = response.extensions_mut().remove::<HttpCode>();
    let failed = status.filter(|status| status.code() != Code::Ok);
    if let Some(status) = &failed {
        tell_failure(&mut response, status);
    }
    if let Some(HttpCode(code)) = asked {
        *response.status_mut() = code;
    }
    response
}

fn tell_failure(response: &mut Response, status: &Status) {
    let pause = status.get_details_retry_info().and_then(|info| info.retry_delay);
    *response.status_mut() = http_status(status.code(), pause);
    let headers = response.headers_mut();
    // That of the body which is replaced.
    headers.remove(CONTENT_LENGTH);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Some(pause) = pause {
        tell_pause(headers, pause);
    }
    let error = serde_json::json!({ "error": status.message() });
    *response.body_mut() = Body::from(error.to_string());
}

fn tell_pause(headers: &mut HeaderMap, pause: Duration) {
    let milliseconds = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
    let seconds = milliseconds.div_ceil(1000).max(1);
    headers.insert(RETRY_AFTER, seconds.into());
    headers.insert(RETRY_AFTER_MS, milliseconds.into());
}

/// A limit that time lifts is 429; one that stays asks for less at once.
fn http_status(code: Code, pause: Option<Duration>) -> StatusCode {
    match code {
        Code::Ok => StatusCode::OK,
        Code::InvalidArgument | Code::OutOfRange => StatusCode::BAD_REQUEST,
        Code::Unauthenticated => StatusCode::UNAUTHORIZED,
        Code::PermissionDenied => StatusCode::FORBIDDEN,
        Code::NotFound => StatusCode::NOT_FOUND,
        Code::AlreadyExists | Code::Aborted | Code::FailedPrecondition => StatusCode::CONFLICT,
        Code::ResourceExhausted if pause.is_none() => StatusCode::PAYLOAD_TOO_LARGE,
        Code::ResourceExhausted => StatusCode::TOO_MANY_REQUESTS,
        Code::Unimplemented => StatusCode::NOT_IMPLEMENTED,
        Code::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        Code::DeadlineExceeded => StatusCode::GATEWAY_TIMEOUT,
        Code::Cancelled | Code::Unknown | Code::Internal | Code::DataLoss => {
            StatusCode::INTERNAL_SERVER_ERROR
        }
    }
}
