//! What a predictor tells of what it has done.

use millwright_domain::{Code, Fault};
use millwright_proto::{
    inference::{ModelStatisticsRequest, StatisticDuration},
    predictor::DurationHistogram,
};

use crate::{
    registry::{Registry, pipeline},
    serving::{Predictor, request},
};

fn count(histogram: Option<&DurationHistogram>) -> u64 {
    let histogram = histogram.expect("told");
    assert_eq!(histogram.counts.len(), histogram.bounds_us.len() + 1);
    histogram.counts.iter().sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_request_and_every_row_is_counted_in_both_protocols() {
    let folder = tempfile::tempdir().expect("a folder");
    let registry = Registry::start().await;
    let artifact = registry.keep(pipeline(1));
    registry.point("press", "production", (1, &artifact));
    registry.point("press", "staging", (1, &artifact));
    let predictor = Predictor::start(folder.path(), &registry.address).await;
    predictor.until_serving("press", 1).await;
    predictor.until(("press", "staging"), |served| served.signature.is_some()).await;
    for rows in [1, 3, 3] {
        predictor.client.predict(request("press", rows)).await.expect("predicted");
    }
    let mut wrong = request("press", 1);
    wrong.columns.pop();
    predictor.client.predict(wrong).await.expect_err("a column is missing");

    let press = "press".parse().expect("a name");
    let told = predictor.client.statistics(Some(&press)).await.expect("told");
    let [press] = &told[..] else { panic!("{told:?}") };
    assert_eq!((press.succeeded, press.failed), (3, 1));
    assert_eq!((press.rows, press.batches, press.queued_rows), (7, 3, 0));
    assert_eq!(press.aliases, ["production", "staging"]);
    let histograms = [&press.request, &press.queue, &press.compute];
    assert_eq!(histograms.map(|histogram| count(histogram.as_ref())), [3, 3, 3]);
    let everything = predictor.client.statistics(None).await.expect("told");
    assert_eq!(everything.len(), 1);

    let asked = ModelStatisticsRequest::default();
    let told = predictor.open_inference().model_statistics(asked).await.expect("told");
    let [press] = &told.into_inner().model_stats[..] else { panic!("one version is loaded") };
    assert_eq!((press.inference_count, press.execution_count), (7, 3));
    assert!(press.last_inference > 1_700_000_000_000, "in milliseconds");
    let requests = press.inference_stats.as_ref().expect("told");
    let n = |duration: &Option<StatisticDuration>| duration.as_ref().map(|told| told.count);
    assert_eq!((n(&requests.success), n(&requests.fail)), (Some(3), Some(1)));
    let sizes = press.batch_stats.iter().map(|size| (size.batch_size, n(&size.compute_infer)));
    assert_eq!(sizes.collect::<Vec<_>>(), [(1, Some(1)), (3, Some(2))]);
}

#[tokio::test(flavor = "multi_thread")]
async fn statistics_of_an_unknown_model_are_not_found() {
    let folder = tempfile::tempdir().expect("a folder");
    let registry = Registry::start().await;
    let predictor = Predictor::start(folder.path(), &registry.address).await;
    predictor.until_ready().await;
    let saw = "saw".parse().expect("a name");
    let error = predictor.client.statistics(Some(&saw)).await.expect_err("there is none");
    assert_eq!(error.code(), Code::NotFound, "{error}");
    assert!(predictor.client.statistics(None).await.expect("told").is_empty());
}
