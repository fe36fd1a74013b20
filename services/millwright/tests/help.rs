//! `help` explains commands, and what concerns several of them.

mod program;

use millwright_domain::MiniBatchSpec;
use program::{run, stderr, stdout};

/// What `help` prints of these words.
fn help(words: &[&str]) -> String {
    let output = run(&[&["help"], words].concat());
    assert!(output.status.success(), "{words:?}: {}", stderr(&output));
    stdout(&output)
}

#[test]
fn a_command_is_explained_as_its_own_help_does() {
    for words in [&[][..], &["train"], &["model", "compare"]] {
        let own = run(&[words, &["--help"]].concat());
        assert_eq!(help(words), stdout(&own), "{words:?}");
    }
}

#[test]
fn what_mini_batches_take_where_nothing_is_said_is_told_as_it_is() {
    let (sgd, adam) = (MiniBatchSpec::SGD, MiniBatchSpec::ADAM);
    assert_eq!(sgd.batch_size, adam.batch_size);
    let told = help(&["train"]).split_whitespace().collect::<Vec<_>>().join(" ");
    for default in [
        format!("Rows of a step of sgd and adam [default: {}]", sgd.batch_size),
        format!("[default: {} of sgd, {} of adam]", sgd.learning_rate, adam.learning_rate),
    ] {
        assert!(told.contains(&default), "{default}: {told}");
    }
}

#[test]
fn topics_fit_a_screen_and_name_flags_that_there_are() {
    let all = ["up", "train", "predict", "predictor", "bench", "dataset upload"];
    let known: String = all.map(|name| help(&name.split(' ').collect::<Vec<_>>())).concat();
    for topic in ["data", "recipes", "serving", "operating"] {
        let text = help(&[topic]);
        assert!(text.lines().count() < 40, "{topic}");
        assert!(text.lines().all(|line| line.chars().count() <= 88), "{topic}");
        let flags = text.split(|c: char| !(c.is_ascii_lowercase() || c == '-'));
        for flag in flags.filter(|word| word.starts_with("--")) {
            assert!(known.contains(flag), "{topic}: {flag}");
        }
    }
}

#[test]
fn what_nobody_knows_is_told_with_the_topics() {
    let output = run(&["help", "dta"]);
    assert_eq!(output.status.code(), Some(64), "{}", stderr(&output));
    assert!(stderr(&output).contains("operating"), "{}", stderr(&output));
}
