//! The answers to a stream that goes on where it was cut.

use std::time::Duration;

use futures::{
    StreamExt,
    stream::{self, BoxStream},
};
use millwright_domain::Fault;
use millwright_proto::predictor::{
    PredictStreamResponse, predict_stream_response::Result as Outcome,
    predictor_service_client::PredictorServiceClient as Grpc,
};
use millwright_wire::WireError;
use tokio::time::{sleep, timeout};
use tonic::{Code, Status, Streaming};

use super::outbox::Outbox;
use crate::{
    Backoff, ClientError,
    link::{Link, Transport},
};

/// How long a call whose answers are all there may take to end.
const END_WITHIN: Duration = Duration::from_secs(1);

/// A stream of predictions over one call after the other.
pub(super) struct Resumed {
    link: Link<Grpc<Transport>>,
    outbox: Outbox,
    /// The answers of the call that is open.
    answers: Option<Streaming<PredictStreamResponse>>,
    /// The waits since the last answer, once one was needed.
    waits: Option<Backoff>,
}

impl Resumed {
    /// Opens the first call.
    pub(super) async fn open(
        link: Link<Grpc<Transport>>,
        outbox: Outbox,
    ) -> Result<BoxStream<'static, Result<PredictStreamResponse, ClientError>>, ClientError> {
        let mut resumed = Self { link, outbox, answers: None, waits: None };
        while let Err(error) = resumed.call().await {
            resumed.wait_out(error).await?;
        }
        let answers = stream::unfold(Some(resumed), |resumed| async {
            let mut resumed = resumed?;
            match resumed.next().await {
                Ok(Some(answer)) => Some((Ok(answer), Some(resumed))),
                Ok(None) => None,
                Err(error) => Some((Err(error), None)),
            }
        });
        Ok(answers.boxed())
    }

    /// The next answer; `None` after the last.
    async fn next(&mut self) -> Result<Option<PredictStreamResponse>, ClientError> {
        while !self.outbox.is_done() {
            let answer = match self.receive().await {
                Ok(Some(answer)) => answer,
                Ok(None) if self.outbox.is_done() => return Ok(None),
                Ok(None) => {
                    self.wait_out(self.cut()).await?;
                    continue;
                }
                Err(error) => {
                    self.wait_out(error).await?;
                    continue;
                }
            };
            if self.try_later(&answer).await {
                continue;
            }
            if !self.outbox.answered(answer.row_index) {
                return Err(self.stray());
            }
            return Ok(Some(answer));
        }
        self.end().await;
        Ok(None)
    }

    /// Hears the call out, which would count as given up otherwise, here and there.
    async fn end(&mut self) {
        if let Some(mut answers) = self.answers.take() {
            // Everything is answered, however it ends.
            let _ = timeout(END_WITHIN, answers.message()).await;
        }
    }

    /// The next message of the open call, which is opened first where there is none.
    async fn receive(&mut self) -> Result<Option<PredictStreamResponse>, ClientError> {
        if self.answers.is_none() {
            self.call().await?;
        }
        let Some(answers) = &mut self.answers else { return Ok(None) };
        answers.message().await.map_err(|status| self.link.peer().failed(status))
    }

    /// Opens a call that begins with the first message that is not answered.
    async fn call(&mut self) -> Result<(), ClientError> {
        let call = |mut grpc: Grpc<_>, messages| async move { grpc.predict_stream(messages).await };
        self.answers = Some(self.link.open(self.outbox.messages(), call).await?);
        Ok(())
    }

    /// Ends the call after `error` and waits before the next one, if that may help.
    async fn wait_out(&mut self, error: ClientError) -> Result<(), ClientError> {
        self.answers = None;
        if !error.may_go_on() {
            return Err(error);
        }
        match self.next_wait(error.retry_after()) {
            Some(wait) => {
                sleep(wait).await;
                Ok(())
            }
            None => Err(error),
        }
    }

    /// Whether a predictor that begins or ends was given time, and is asked this message again. In
    /// the end its answer stands.
    async fn try_later(&mut self, answer: &PredictStreamResponse) -> bool {
        let Some(pause) = unavailable(answer) else {
            self.waits = None;
            return false;
        };
        let Some(wait) = self.next_wait(Some(pause)) else { return false };
        self.answers = None;
        sleep(wait).await;
        true
    }

    fn next_wait(&mut self, asked: Option<Duration>) -> Option<Duration> {
        let policy = self.link.retry();
        self.waits.get_or_insert_with(|| Backoff::new(policy)).next_wait(asked)
    }

    /// A stream that ended in good order before everything was answered.
    fn cut(&self) -> ClientError {
        self.link.peer().failed(Status::unavailable("the stream ended before its last answer"))
    }

    fn stray(&self) -> ClientError {
        let wrong = WireError::new("row_index", "is not that of the next message");
        match self.link.read::<()>(Err(wrong)) {
            Err(error) => error,
            Ok(()) => self.cut(),
        }
    }
}

/// After which time a predictor wants to be asked again that could not serve the message yet.
fn unavailable(answer: &PredictStreamResponse) -> Option<Duration> {
    match &answer.result {
        Some(Outcome::Error(error)) if error.code == i32::from(Code::Unavailable) => {
            Some(Duration::from_millis(error.retry_after_ms))
        }
        _ => None,
    }
}
