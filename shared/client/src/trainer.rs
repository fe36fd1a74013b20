//! Client of the trainer.

use futures::{StreamExt, stream::BoxStream};
use millwright_domain::{Dataset, Digest, FormatHints, JobId, NewJob, Page, TrainingJob};
use millwright_proto::trainer::{
    CancelTrainingJobRequest, GetDatasetRequest, GetTrainingJobRequest, ListDatasetsRequest,
    ListTrainingJobsRequest, WatchTrainingJobRequest, WatchTrainingJobResponse,
    trainer_service_client::TrainerServiceClient as Grpc,
};
use millwright_wire::{ToWire, repeated, required};
use tokio::io::AsyncRead;

use crate::{
    ClientError, PageRequest, RetryPolicy,
    connect::MAX_MESSAGE,
    link::{Link, Transport},
    page::{all, page},
    upload,
};

/// Uploads data sets, creates jobs and follows them. Clones share a connection.
#[derive(Clone)]
pub struct TrainerClient {
    link: Link<Grpc<Transport>>,
}

impl TrainerClient {
    /// Connects to `address`, `host:port`, when it is first used.
    ///
    /// # Errors
    /// [`ClientError::Address`]. Must be called within a Tokio runtime.
    pub fn connect_lazy(address: &str) -> Result<Self, ClientError> {
        let grpc = |transport| Grpc::new(transport).max_decoding_message_size(MAX_MESSAGE);
        Ok(Self { link: Link::new("trainer", address, grpc)? })
    }

    /// The same client with another policy for calls that may be repeated.
    #[must_use]
    pub fn with_retry(self, retry: RetryPolicy) -> Self {
        Self { link: self.link.with_retry(retry) }
    }

    /// Uploads the CSV file that `file` reads, a chunk at a time. What `hints` leave open, the
    /// trainer detects. `progress` is told, before every chunk leaves, how many bytes have been read.
    ///
    /// # Errors
    /// [`ClientError::Read`] when `file` fails: the trainer then keeps nothing. `InvalidArgument`
    /// says what is wrong with the table, or with a hint.
    pub async fn upload_dataset(
        &self,
        file: impl AsyncRead + Send + Unpin + 'static,
        hints: FormatHints,
        progress: impl FnMut(u64) + Send + 'static,
    ) -> Result<Dataset, ClientError> {
        let (chunks, failure) = upload::chunks(file, &hints, progress);
        let call = |mut grpc: Grpc<_>, chunks| async move { grpc.upload_dataset(chunks).await };
        let answer = tokio::select! {
            biased;
            Ok(error) = failure => return Err(error.into()),
            answer = self.link.open(chunks, call) => answer?,
        };
        self.link.read(required("dataset", answer.dataset))
    }

    /// Describes a data set.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn dataset(&self, digest: &Digest) -> Result<Dataset, ClientError> {
        let request = GetDatasetRequest { digest: digest.to_string() };
        let call = |mut grpc: Grpc<_>, request| async move { grpc.get_dataset(request).await };
        self.link.read(required("dataset", self.link.ask(request, call).await?.dataset))
    }

    /// A page of the data sets, newest first.
    ///
    /// # Errors
    /// `InvalidArgument` for a page that does not follow one of this list.
    pub async fn datasets(
        &self,
        asked: &PageRequest,
    ) -> Result<Page<Dataset, String>, ClientError> {
        let request =
            ListDatasetsRequest { page_size: asked.size.get(), page_token: asked.token() };
        let call = |mut grpc: Grpc<_>, request| async move { grpc.list_datasets(request).await };
        let answer = self.link.ask(request, call).await?;
        Ok(page(self.link.read(repeated("datasets", answer.datasets))?, answer.next_page_token))
    }

    /// All data sets, newest first.
    ///
    /// # Errors
    /// The stream ends with an error as [`datasets`](Self::datasets) does.
    pub fn all_datasets(&self) -> BoxStream<'static, Result<Dataset, ClientError>> {
        let client = self.clone();
        all(move |asked| {
            let client = client.clone();
            async move { client.datasets(&asked).await }
        })
    }

    /// Queues a job.
    ///
    /// # Errors
    /// `NotFound` for the data set, `InvalidArgument` for the recipe, `AlreadyExists` for a key
    /// that was used for something else.
    pub async fn create_job(&self, job: NewJob) -> Result<TrainingJob, ClientError> {
        let repeatable = job.idempotency_key.is_some();
        let request = job.to_wire();
        let call =
            |mut grpc: Grpc<_>, request| async move { grpc.create_training_job(request).await };
        let answer = if repeatable {
            self.link.ask(request, call).await?
        } else {
            self.link.once(request, call).await?
        };
        self.link.read(required("job", answer.job))
    }

    /// Describes a job as it is now.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn job(&self, id: &JobId) -> Result<TrainingJob, ClientError> {
        let request = GetTrainingJobRequest { id: id.to_string() };
        let call = |mut grpc: Grpc<_>, request| async move { grpc.get_training_job(request).await };
        self.link.read(required("job", self.link.ask(request, call).await?.job))
    }

    /// A page of the jobs, newest first.
    ///
    /// # Errors
    /// `InvalidArgument` for a page that does not follow one of this list.
    pub async fn jobs(
        &self,
        asked: &PageRequest,
    ) -> Result<Page<TrainingJob, String>, ClientError> {
        let request =
            ListTrainingJobsRequest { page_size: asked.size.get(), page_token: asked.token() };
        let call =
            |mut grpc: Grpc<_>, request| async move { grpc.list_training_jobs(request).await };
        let answer = self.link.ask(request, call).await?;
        Ok(page(self.link.read(repeated("jobs", answer.jobs))?, answer.next_page_token))
    }

    /// All jobs, newest first.
    ///
    /// # Errors
    /// The stream ends with an error as [`jobs`](Self::jobs) does.
    pub fn all_jobs(&self) -> BoxStream<'static, Result<TrainingJob, ClientError>> {
        let client = self.clone();
        all(move |asked| {
            let client = client.clone();
            async move { client.jobs(&asked).await }
        })
    }

    /// Calls a job off. One that was called off before is answered as it is.
    ///
    /// # Errors
    /// `NotFound`; `FailedPrecondition` if it ended otherwise, or is about to register its version.
    pub async fn cancel_job(&self, id: &JobId) -> Result<TrainingJob, ClientError> {
        let request = CancelTrainingJobRequest { id: id.to_string() };
        let call =
            |mut grpc: Grpc<_>, request| async move { grpc.cancel_training_job(request).await };
        self.link.read(required("job", self.link.ask(request, call).await?.job))
    }

    /// Follows a job: its state now, then every change, until it has ended.
    ///
    /// # Errors
    /// `NotFound`; the stream ends with an error when the connection breaks: watch again.
    pub async fn watch_job(
        &self,
        id: &JobId,
    ) -> Result<BoxStream<'static, Result<TrainingJob, ClientError>>, ClientError> {
        let request = WatchTrainingJobRequest { id: id.to_string() };
        let call =
            |mut grpc: Grpc<_>, request| async move { grpc.watch_training_job(request).await };
        let answers = self.link.retry().run(|| self.link.open(request.clone(), call)).await?;
        let peer = self.link.peer();
        let job = move |answer: Result<WatchTrainingJobResponse, _>| match answer {
            Ok(answer) => peer.read(required("job", answer.job)),
            Err(status) => Err(peer.failed(status)),
        };
        Ok(answers.map(job).boxed())
    }
}
