//! The RPCs of `millwright.trainer.v1.TrainerService`.

use std::{sync::Arc, time::Instant};

use futures::{StreamExt, TryStreamExt, stream::BoxStream};
use millwright_chassis::{UploadMeter, trace_context};
use millwright_domain::{Dataset, JobId, NewJob, PageSize, TrainingJob};
use millwright_proto::trainer::{
    CancelTrainingJobRequest, CancelTrainingJobResponse, CreateTrainingJobRequest,
    CreateTrainingJobResponse, GetDatasetRequest, GetDatasetResponse, GetTrainingJobRequest,
    GetTrainingJobResponse, ListDatasetsRequest, ListDatasetsResponse, ListTrainingJobsRequest,
    ListTrainingJobsResponse, UploadDatasetRequest, UploadDatasetResponse, WatchTrainingJobRequest,
    WatchTrainingJobResponse, trainer_service_server::TrainerService,
};
use millwright_store::JobStore;
use millwright_wire::{FromWire, ToWire, WireError, parse};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status, Streaming};

use crate::{
    cancelling::Cancelling, columns, datasets::Datasets, error::TrainerError, live::Live,
    watch::Watch, worker::Worker,
};

/// Answers calls; jobs are run by the workers behind `bell`.
pub(crate) struct Service {
    datasets: Datasets,
    store: Arc<dyn JobStore>,
    live: Live,
    cancelling: Cancelling,
    bell: Arc<Notify>,
    stop: CancellationToken,
    uploads: UploadMeter,
}

impl Service {
    /// Answers until `stop` for what `worker` and its clones do.
    pub(crate) fn beside(worker: Worker, stop: CancellationToken) -> Self {
        let cancelling = Cancelling::beside(&worker);
        let Worker { datasets, store, live, bell, .. } = worker;
        let uploads = UploadMeter::new("dataset");
        Self { datasets, store, live, cancelling, bell, stop, uploads }
    }

    async fn create(&self, request: CreateTrainingJobRequest) -> Result<TrainingJob, TrainerError> {
        let new = NewJob::from_wire(request)?;
        let dataset = self.datasets.find(&new.dataset).await?;
        if new.spec.table.as_ref().is_none_or(|format| *format == dataset.table.format) {
            // Read in another way the table has other columns: the training will meet them.
            columns::check(&new.spec, &dataset.table)?;
        }
        let job = self.store.create_job(new, trace_context()).await?;
        self.bell.notify_one();
        self.live.touch();
        Ok(self.live.of(job))
    }

    async fn dataset(&self, digest: &str) -> Result<Dataset, TrainerError> {
        self.datasets.find(&parse("digest", digest)?).await
    }

    async fn job(&self, id: &str) -> Result<TrainingJob, TrainerError> {
        let id: JobId = parse("id", id)?;
        let job = self.store.job(&id).await?;
        job.map(|job| self.live.of(job)).ok_or_else(|| TrainerError::not_found("job", id))
    }

    async fn datasets(
        &self,
        asked: ListDatasetsRequest,
    ) -> Result<ListDatasetsResponse, TrainerError> {
        let before = place(&asked.page_token)?;
        let page = self.datasets.page(before, PageSize::of(asked.page_size)).await?;
        Ok(ListDatasetsResponse {
            datasets: page.items.iter().map(ToWire::to_wire).collect(),
            next_page_token: token(page.next),
        })
    }

    async fn jobs(
        &self,
        asked: ListTrainingJobsRequest,
    ) -> Result<ListTrainingJobsResponse, TrainerError> {
        let before = place(&asked.page_token)?;
        let page = self.store.jobs(before, PageSize::of(asked.page_size)).await?;
        Ok(ListTrainingJobsResponse {
            jobs: page.items.into_iter().map(|job| self.live.of(job).to_wire()).collect(),
            next_page_token: token(page.next),
        })
    }
}

/// The entry before which a page begins; `None`: the first page.
fn place(token: &str) -> Result<Option<u64>, WireError> {
    if token.is_empty() { Ok(None) } else { parse("page_token", token).map(Some) }
}

fn token(next: Option<u64>) -> String {
    next.map(|number| number.to_string()).unwrap_or_default()
}

#[tonic::async_trait]
impl TrainerService for Service {
    type WatchTrainingJobStream = BoxStream<'static, Result<WatchTrainingJobResponse, Status>>;

    async fn upload_dataset(
        &self,
        request: Request<Streaming<UploadDatasetRequest>>,
    ) -> Result<Response<UploadDatasetResponse>, Status> {
        let began = Instant::now();
        let parts = request.into_inner().map_err(TrainerError::Caller);
        let dataset = self.datasets.upload(parts).await.map_err(TrainerError::status)?;
        self.uploads.kept(began.elapsed(), dataset.size_bytes);
        self.live.touch();
        Ok(Response::new(UploadDatasetResponse { dataset: Some(dataset.to_wire()) }))
    }

    async fn get_dataset(
        &self,
        request: Request<GetDatasetRequest>,
    ) -> Result<Response<GetDatasetResponse>, Status> {
        let dataset = self.dataset(&request.into_inner().digest).await;
        let dataset = dataset.map_err(TrainerError::status)?;
        Ok(Response::new(GetDatasetResponse { dataset: Some(dataset.to_wire()) }))
    }

    async fn list_datasets(
        &self,
        request: Request<ListDatasetsRequest>,
    ) -> Result<Response<ListDatasetsResponse>, Status> {
        let page = self.datasets(request.into_inner()).await;
        page.map(Response::new).map_err(TrainerError::status)
    }

    async fn create_training_job(
        &self,
        request: Request<CreateTrainingJobRequest>,
    ) -> Result<Response<CreateTrainingJobResponse>, Status> {
        let job = self.create(request.into_inner()).await.map_err(TrainerError::status)?;
        Ok(Response::new(CreateTrainingJobResponse { job: Some(job.to_wire()) }))
    }

    async fn get_training_job(
        &self,
        request: Request<GetTrainingJobRequest>,
    ) -> Result<Response<GetTrainingJobResponse>, Status> {
        let job = self.job(&request.into_inner().id).await.map_err(TrainerError::status)?;
        Ok(Response::new(GetTrainingJobResponse { job: Some(job.to_wire()) }))
    }

    async fn list_training_jobs(
        &self,
        request: Request<ListTrainingJobsRequest>,
    ) -> Result<Response<ListTrainingJobsResponse>, Status> {
        let page = self.jobs(request.into_inner()).await;
        page.map(Response::new).map_err(TrainerError::status)
    }

    async fn cancel_training_job(
        &self,
        request: Request<CancelTrainingJobRequest>,
    ) -> Result<Response<CancelTrainingJobResponse>, Status> {
        let id = parse("id", &request.into_inner().id).map_err(TrainerError::from);
        let job = self.cancelling.cancel(id.map_err(TrainerError::status)?).await;
        let job = job.map_err(TrainerError::status)?;
        Ok(Response::new(CancelTrainingJobResponse { job: Some(job.to_wire()) }))
    }

    async fn watch_training_job(
        &self,
        request: Request<WatchTrainingJobRequest>,
    ) -> Result<Response<Self::WatchTrainingJobStream>, Status> {
        // Looked up first: an unknown job fails the call and not the stream.
        let job = self.job(&request.into_inner().id).await.map_err(TrainerError::status)?;
        let watch = Watch::new(job.id, self.store.clone(), &self.live, self.stop.clone());
        let answers = watch.stream().map(|job| match job {
            Ok(job) => Ok(WatchTrainingJobResponse { job: Some(job.to_wire()) }),
            Err(error) => Err(error.status()),
        });
        Ok(Response::new(answers.boxed()))
    }
}
