//! `millwright train`.

use std::{convert::Infallible, path::PathBuf, str::FromStr, sync::OnceLock};

use clap::Args;
use millwright_chassis::{ConfigError, stop_signal};
use millwright_client::TrainerClient;
use millwright_domain::{
    AliasName, Digest, Expected, FormatHints, JobId, ModelName, NewJob, SetAlias,
};

use crate::{
    connection::Connection,
    error::CliError,
    format::FormatArgs,
    output::notice,
    promotion::promote,
    recipe::{RecipeArgs, in_recipe_flags},
    training,
    view::{TrainedView, number},
};

/// Flags of `train`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  millwright train notes.csv --model notes --target trade --text note --alias production
  millwright train 工单.csv --model notes --target 类别 --text 描述 \\
    --vectorizer tfidf --analyzer char --ngrams 1,3
  millwright train press.csv --model press.defect --target label --split-column fold --pca 0.95
  millwright train orders.csv --model orders --target cause --text note --features all
  millwright train sha256:… --model press.defect --target label --features speed,humidity \\
    --solver adam --target-metric accuracy=0.95 --patience 20

Rows whose target is empty are left out and counted. Missing numbers take their column's median.
Nothing is fitted on the held-out rows; they are scored once, at the end. The same data, flags and
seed give the same artifact, byte for byte.")]
pub(crate) struct Train {
    /// A CSV file, which is uploaded first, or the digest of a data set
    #[arg(value_name = "FILE|DIGEST")]
    data: Data,
    /// The model that the version joins; created with its first version
    #[arg(long, value_name = "NAME")]
    model: ModelName,
    /// Point this alias at the new version, and return when the predictor serves it
    #[arg(long, value_name = "ALIAS")]
    alias: Option<AliasName>,
    #[command(flatten)]
    recipe: RecipeArgs,
    #[command(flatten)]
    format: FormatArgs,
    #[command(flatten)]
    pub(crate) connection: Connection,
}

/// What to train on.
#[derive(Clone, Debug)]
enum Data {
    Uploaded(Digest),
    File(PathBuf),
}

impl FromStr for Data {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(text.parse().map_or_else(|_| Self::File(text.into()), Self::Uploaded))
    }
}

impl Train {
    pub(crate) async fn run(self) -> Result<(), CliError> {
        let job = OnceLock::new();
        tokio::select! {
            done = self.train(&job) => done,
            () = stop_signal() => Err(CliError::Interrupted(job.into_inner())),
        }
    }

    /// Trains; `begun` is set when there is a job, which then goes on whatever becomes of us.
    async fn train(self, begun: &OnceLock<JobId>) -> Result<(), CliError> {
        // What is wrong with a value is told before anything is uploaded.
        let (spec, hints) = (self.recipe.spec()?, self.hints()?);
        let Connection { addresses, output, .. } = self.connection;
        let trainer = addresses.trainer()?;
        let dataset = self.data.resolve(&trainer, hints).await?;
        let key = Some(JobId::random().to_string());
        let reduction = spec.pipeline.reduction;
        let new = NewJob { model: self.model, dataset, spec, idempotency_key: key };
        let created = trainer.create_job(new).await;
        let job = created.map_err(|error| in_recipe_flags(error, reduction))?;
        notice(&format!("job {}", begun.get_or_init(|| job.id.clone())));
        let job = training::follow(&trainer, job).await?;
        let version = training::made_by(&addresses.registry()?, &job).await?;
        let (model, number) = (version.model.clone(), version.version);
        let mut trained = TrainedView::new(version, training::seconds(&job));
        if let Some(alias) = self.alias {
            let set = SetAlias { model, alias, version: number, expected: Expected::Any };
            trained = trained.promoted(promote(&addresses, set).await?);
        }
        Ok(output.print(&trained)?)
    }

    fn hints(&self) -> Result<FormatHints, ConfigError> {
        if matches!(self.data, Data::Uploaded(_)) {
            let why = "a data set was read when it was uploaded: upload its file again with this";
            self.format.refuse(why)?;
        }
        self.format.hints()
    }
}

impl Data {
    async fn resolve(
        self,
        trainer: &TrainerClient,
        hints: FormatHints,
    ) -> Result<Digest, CliError> {
        match self {
            Self::Uploaded(digest) => Ok(digest),
            Self::File(path) => {
                let dataset = training::upload(trainer, &path, hints).await?;
                let (rows, columns) = (dataset.table.n_rows, dataset.table.columns.len());
                let digest = dataset.digest;
                notice(&format!("uploaded {} rows, {columns} columns: {digest}", number(rows)));
                for seen in &dataset.table.contradictions {
                    notice(&format!("but {seen}"));
                }
                Ok(digest)
            }
        }
    }
}
