//! Asks a predictor what it has done, as often as it is told to.

use std::time::{Duration, SystemTime};

use millwright_client::{ClientError, PredictorClient, RetryPolicy};
use millwright_domain::{Code, Fault};
use millwright_proto::predictor::{ServedModel, VersionStatistics};
use tokio::time::{Instant, timeout};

use super::Change;

/// A predictor that says nothing for so long is away.
const ANSWERS_WITHIN: Duration = Duration::from_secs(2);

/// Looks at one predictor.
pub(crate) struct Watcher {
    predictor: PredictorClient,
    address: String,
    /// What it said when it was last there, and when.
    before: Option<(Instant, Vec<VersionStatistics>)>,
    away: Option<Away>,
}

/// A predictor that does not answer.
pub(crate) struct Away {
    pub(crate) since: SystemTime,
    pub(crate) error: ClientError,
}

/// What one look has seen.
pub(crate) struct Look<'a> {
    pub(crate) address: &'a str,
    pub(crate) at: SystemTime,
    /// Why there is nothing else.
    pub(crate) away: Option<&'a Away>,
    /// By model and version.
    pub(crate) changes: Vec<Change>,
    /// By model and alias.
    pub(crate) served: Vec<ServedModel>,
}

impl Watcher {
    pub(crate) fn new(predictor: PredictorClient, address: String) -> Self {
        let predictor = predictor.with_retry(RetryPolicy::NEVER);
        Self { predictor, address, before: None, away: None }
    }

    /// What has happened since the last look; `None` at the first, since it is compared with none.
    ///
    /// # Errors
    /// The predictor answers that it will never tell. One that is away is no error.
    pub(crate) async fn look(&mut self) -> Result<Option<Look<'_>>, ClientError> {
        let asked = Instant::now();
        let answer = match timeout(ANSWERS_WITHIN, self.ask()).await {
            Ok(answer) => answer,
            Err(_) => Err(silent()),
        };
        let (statistics, served) = match answer {
            Ok(answer) => answer,
            Err(error) if !is_away(&error) => return Err(error),
            Err(error) => return Ok(Some(self.miss(error))),
        };
        self.away = None;
        let before = self.before.replace((asked, statistics.clone()));
        let Some((then, before)) = before else { return Ok(None) };
        let apart = asked.duration_since(then);
        let change = |now: VersionStatistics| {
            let same = before.iter().find(|before| name(before) == name(&now));
            Change::new(same, now, apart)
        };
        let changes = statistics.into_iter().map(change).collect();
        Ok(Some(Look { changes, served, ..self.nothing() }))
    }

    /// Why the predictor was away at the last look.
    pub(crate) fn into_away(self) -> Option<ClientError> {
        self.away.map(|away| away.error)
    }

    async fn ask(&self) -> Result<(Vec<VersionStatistics>, Vec<ServedModel>), ClientError> {
        tokio::try_join!(self.predictor.statistics(None), self.predictor.served())
    }

    fn miss(&mut self, error: ClientError) -> Look<'_> {
        let since = self.away.as_ref().map_or_else(SystemTime::now, |away| away.since);
        self.away = Some(Away { since, error });
        self.nothing()
    }

    fn nothing(&self) -> Look<'_> {
        Look {
            address: &self.address,
            at: SystemTime::now(),
            away: self.away.as_ref(),
            changes: Vec::new(),
            served: Vec::new(),
        }
    }
}

fn name(of: &VersionStatistics) -> Option<(&str, u64)> {
    of.version.as_ref().map(|version| (version.model.as_str(), version.version))
}

fn is_away(error: &ClientError) -> bool {
    matches!(error.code(), Code::Unavailable | Code::DeadlineExceeded | Code::ResourceExhausted)
}

fn silent() -> ClientError {
    ClientError::Status {
        code: Code::DeadlineExceeded,
        message: "the predictor did not answer in time".to_owned(),
        violation: None,
        retry_after: None,
    }
}
