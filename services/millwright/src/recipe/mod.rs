//! The recipe of a model as people type it: flags, and the specification that they mean.

mod field;
mod input;
mod solver;
mod spelling;
mod stopping;
mod value;

use clap::Args;
use millwright_chassis::ConfigError;
use millwright_domain::{PipelineSpec, Seed, Split, TrainingSpec};

pub(crate) use field::{in_format_flags, in_recipe_flags};
pub(crate) use spelling::{format_flags, recipe_flags, recipe_line};

use input::InputArgs;
use solver::SolverArgs;
use stopping::StoppingArgs;

/// Flags that say how a model is made.
#[derive(Args, Clone, Debug)]
pub(crate) struct RecipeArgs {
    /// The column that holds the class
    #[arg(long, value_name = "COL")]
    target: String,
    /// Share of the rows of each class that is held out for the test
    #[arg(long, value_name = "SHARE", default_value_t = 0.2, conflicts_with = "split_column")]
    split: f64,
    /// Hold out the rows in which this column says `test`
    #[arg(long, value_name = "COL")]
    split_column: Option<String>,
    /// Seed of the splits, of the random initialisation and of the order of mini-batches
    #[arg(long, value_name = "N", default_value_t = 42)]
    seed: Seed,
    #[command(flatten)]
    input: InputArgs,
    #[command(flatten)]
    solver: SolverArgs,
    #[command(flatten)]
    stopping: StoppingArgs,
}

impl RecipeArgs {
    /// The specification.
    ///
    /// # Errors
    /// Names the flag whose value is wrong.
    pub(crate) fn spec(&self) -> Result<TrainingSpec, ConfigError> {
        let split = match &self.split_column {
            Some(column) => Split::Column(column.clone()),
            None => Split::Fraction(self.split),
        };
        let pipeline = PipelineSpec {
            target: self.target.clone(),
            input: self.input.input()?,
            reduction: self.input.reduction(),
            logistic: self.stopping.limit(self.solver.estimator()?),
        };
        let validation = self.stopping.validation();
        let spec = TrainingSpec { pipeline, split, validation, table: None, seed: self.seed };
        spec.check().map_err(|wrong| field::wrong_flag(&spec, &wrong)).map(|()| spec)
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    #[command(no_binary_name = true)]
    struct Recipe {
        #[command(flatten)]
        args: RecipeArgs,
    }

    fn spec(flags: &[&str]) -> Result<TrainingSpec, String> {
        let flags = ["--target", "label"].iter().chain(flags);
        let recipe = Recipe::try_parse_from(flags).map_err(|error| error.to_string())?;
        recipe.args.spec().map_err(|error| error.to_string())
    }

    #[test]
    fn what_a_specification_is_spelled_like_means_it() {
        for flags in [
            &[][..],
            &["--split-column", "fold", "--scale", "none", "--pca", "0.95", "--seed", "7"],
            &["--features", "速度,压力", "--class-weight", "balanced", "--l2", "0.1"],
            &["--text", "note", "--vectorizer", "tfidf", "--analyzer", "char", "--ngrams", "1,3"],
            &["--text", "note", "--min-df", "2", "--max-df", "0.5", "--max-features", "900"],
            &["--text", "note", "--ngrams", "2", "--svd", "100", "--max-iter", "7"],
            &["--text", "note", "--features", "all", "--scale", "none"],
            &["--text", "note", "--features", "speed,load", "--pca", "50"],
            &["--solver", "sgd", "--batch-size", "8", "--schedule", "inverse-time"],
            &["--solver", "adam", "--learning-rate", "0.5", "--tolerance", "0.001"],
            &["--validation", "0.2"],
            &["--target-metric", "log_loss=0.4", "--patience", "5"],
            &["--target-metric", "macro_f1=0.9", "--validation", "0.3"],
        ] {
            let meant = spec(flags).unwrap_or_else(|error| panic!("{flags:?}: {error}"));
            let spelled = recipe_flags(&meant);
            let again = spelled.iter().flat_map(|(flag, value)| [*flag, value.as_str()]);
            let again: Vec<_> = again.skip(2).collect();
            assert_eq!(spec(&again).as_ref(), Ok(&meant), "{flags:?}: {again:?}");
        }
    }

    #[test]
    fn a_flag_that_says_nothing_here_is_refused_and_named() {
        for (flags, named) in [
            (&["--vectorizer", "tfidf"][..], "--vectorizer"),
            (&["--ngrams", "2"], "--ngrams"),
            (&["--min-df", "2"], "--min-df"),
            (&["--text", "note", "--scale", "none"], "--scale"),
            (&["--batch-size", "8"], "--batch-size"),
            (&["--solver", "lbfgs", "--learning-rate", "1"], "--learning-rate"),
            (&["--schedule", "constant"], "--schedule"),
            (&["--pca", "5", "--svd", "5"], "--pca"),
        ] {
            let problem = spec(flags).expect_err("nothing is ignored");
            assert!(problem.contains(named), "{flags:?}: {problem}");
        }
    }
}
