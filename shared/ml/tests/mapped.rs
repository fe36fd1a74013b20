//! An artefact in a file answers as one in memory does, whoever wrote it.

mod plant;

use std::{
    fs::File,
    io::{self, Write},
};

use millwright_domain::{Analyzer, Code, Fault, NgramRange};
use millwright_ml::{
    ArtifactError, FittedPipeline, InputParts, PipelineParts, Predictor, StreamedParts, TermRule,
    TermSource, TextParts,
};
use millwright_tensor::{Column, Rows};
use plant::{ask, noise, numbers, texts};
use proptest::prelude::*;

/// Sorted words and noise.
#[derive(Clone)]
struct Words {
    n: usize,
    outputs: usize,
}

impl TermSource for Words {
    fn n_terms(&self) -> usize {
        self.n
    }

    fn term(&self, i: usize) -> String {
        format!("w{i:05}")
    }

    fn weights(&self, i: usize, row: &mut [f32]) {
        row.copy_from_slice(&noise(self.outputs, i as u64));
    }
}

fn streamed(n: usize, n_classes: usize) -> StreamedParts<Words> {
    let outputs = if n_classes == 2 { 1 } else { n_classes };
    StreamedParts {
        column: "note".to_owned(),
        rule: TermRule::default(),
        terms: Words { n, outputs },
        classes: (0..n_classes).map(|c| format!("c{c}")).collect(),
        intercept: noise(outputs, 7),
    }
}

/// The same pipeline, all in memory.
fn held(streamed: &StreamedParts<Words>) -> FittedPipeline {
    let StreamedParts { column, rule, terms, classes, intercept } = streamed.clone();
    let vocabulary = (0..terms.n).map(|i| terms.term(i).into()).collect();
    let weights = (0..terms.n).flat_map(|i| noise(terms.outputs, i as u64)).collect();
    let text = TextParts { rule, ..TextParts::words(column, vocabulary) };
    let input = InputParts::Text(text);
    let parts = PipelineParts { input, hidden: vec![], classes, weights, intercept };
    FittedPipeline::from_parts(parts).expect("parts that fit")
}

fn written(parts: &StreamedParts<Words>) -> Result<Vec<u8>, ArtifactError> {
    let mut bytes = Vec::new();
    parts.write(&mut bytes).map(|_| bytes)
}

fn file(bytes: &[u8]) -> File {
    let mut file = tempfile::tempfile().expect("a file");
    file.write_all(bytes).expect("written");
    file
}

fn opened(bytes: &[u8]) -> Result<FittedPipeline, ArtifactError> {
    FittedPipeline::open(&file(bytes))
}

/// Weighed runs of characters beside a number.
fn mixed() -> FittedPipeline {
    let PipelineParts { input, hidden, classes, weights, intercept } =
        PipelineParts::seeded(4, 3, 1);
    let InputParts::Numeric { columns } = input else { panic!("numeric parts") };
    let text = TextParts {
        rule: TermRule { analyzer: Analyzer::Char, ngrams: NgramRange { min: 1, max: 2 } },
        idf: Some(vec![1.0, 2.5, 1.25]),
        ..TextParts::words("note", ["le", "p", "泵"].map(Box::from).to_vec())
    };
    let input = InputParts::Mixed { text, columns: columns[..1].to_vec() };
    let parts = PipelineParts { input, hidden, classes, weights, intercept };
    FittedPipeline::from_parts(parts).expect("parts that fit")
}

#[test]
fn parts_that_are_streamed_give_the_same_bytes_as_parts_in_memory() {
    for (n, n_classes) in [(1, 2), (2, 3), (1000, 2), (3000, 5)] {
        let parts = streamed(n, n_classes);
        let expected = held(&parts).encode().expect("a small pipeline");
        assert!(written(&parts) == Ok(expected), "{n} terms, {n_classes} classes");
    }
    let runs = NgramRange { min: 1, max: 2 };
    for analyzer in [Analyzer::Word, Analyzer::Char] {
        let parts = StreamedParts { rule: TermRule { analyzer, ngrams: runs }, ..streamed(9, 4) };
        let expected = held(&parts).encode().expect("a small pipeline");
        assert!(written(&parts) == Ok(expected), "{analyzer:?}");
    }
}

#[test]
fn streamed_parts_that_do_not_fit_are_refused() {
    let parts = streamed(5, 3);
    let wide = StreamedParts { intercept: noise(4, 1), ..parts.clone() };
    let infinite = StreamedParts { intercept: vec![f32::INFINITY; 3], ..parts.clone() };
    let nameless = StreamedParts { classes: vec![], ..parts.clone() };
    let none = StreamedParts { terms: Words { n: 0, outputs: 3 }, ..parts };
    for (parts, why) in [(infinite, "infinite"), (nameless, "no class"), (none, "no term")] {
        assert_eq!(written(&parts).expect_err(why).code(), Code::DataLoss, "{why}");
    }
    let terms = Words { n: 5, outputs: 4 };
    assert_eq!(written(&StreamedParts { terms, ..wide }).map(|_| ()), Err(refused_head()));
}

fn refused_head() -> ArtifactError {
    ArtifactError::Shape { tensor: "head.weights" }
}

/// Fails once it has taken some bytes.
struct Full(usize);

impl Write for Full {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 = self.0.checked_sub(bytes.len()).ok_or(io::ErrorKind::StorageFull)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_disk_that_is_full_is_said() {
    let parts = streamed(1000, 3);
    let length = written(&parts).expect("a small pipeline").len();
    for room in [0, 100, length - 1] {
        let error = parts.write(&mut Full(room)).expect_err("no room");
        assert_eq!(error.code(), Code::ResourceExhausted, "{error}");
    }
    parts.write(&mut Full(length)).expect("room enough");
}

#[test]
fn a_mapped_artifact_answers_with_the_same_bits() {
    let notes = ["w00001 w00002 w00001", "", "unknown", "w02999"];
    let text = held(&streamed(3000, 5));
    let numeric = FittedPipeline::from_parts(PipelineParts::seeded(3, 4, 1)).expect("parts");
    let mlp = FittedPipeline::from_parts(PipelineParts::seeded_mlp(3, &[7, 20], 4, 1));
    let note = Column::var(["pump leaks", "", "泵"]).expect("a few texts");
    let number = Column::fp64(1, &[1.0, f64::NAN, -2.5]);
    for (pipeline, rows) in [
        (text, texts(&notes)),
        (numeric, numbers(3, &[1.0, -2.0, 3.0, f64::NAN, 0.5, 0.0])),
        (mlp.expect("parts"), numbers(3, &[1.0, -2.0, 3.0, f64::NAN, 0.5, 0.0])),
        (mixed(), Rows::new(3, [note, number]).expect("three rows")),
    ] {
        let bytes = pipeline.encode().expect("a small pipeline");
        let mapped = opened(&bytes).expect("a sound artefact");
        let bits = |pipeline: &FittedPipeline| {
            ask(pipeline, &rows).into_iter().map(f32::to_bits).collect::<Vec<_>>()
        };
        assert_eq!(bits(&mapped), bits(&pipeline));
        assert_eq!(mapped.flops_per_row(), pipeline.flops_per_row());
        assert!(mapped.encode().expect("a small pipeline") == bytes);
    }
}

#[test]
fn every_truncation_of_a_file_is_refused() {
    let bytes = mixed().encode().expect("a small pipeline");
    for length in 0..bytes.len() {
        assert_eq!(opened(&bytes[..length]).expect_err("cut").code(), Code::DataLoss, "{length}");
    }
}

/// The artefact with its header changed, and the length of the header adjusted.
fn with_header(bytes: &[u8], change: impl Fn(&str) -> String) -> Vec<u8> {
    let length = u64::from_le_bytes(bytes[..8].try_into().expect("8 bytes")) as usize;
    let header = change(std::str::from_utf8(&bytes[8..8 + length]).expect("JSON"));
    [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), &bytes[8 + length..]].concat()
}

#[test]
fn tensors_that_do_not_lie_as_their_type_must_are_refused_where_they_would_be_mapped() {
    let bytes = held(&streamed(20, 3)).encode().expect("a small pipeline");
    let moved = with_header(&bytes, |header| format!("{header} "));
    assert!(matches!(opened(&moved), Err(ArtifactError::Misaligned { .. })));
    FittedPipeline::load(&moved).expect("it is copied");
}

#[test]
fn an_index_of_other_terms_is_refused() {
    let bytes = held(&streamed(20, 3)).encode().expect("a small pipeline");
    // The places are 0 to 19 in some order, and stand before the first byte of the golden texts.
    let places = bytes.windows(80).position(|window| {
        let mut places =
            window.as_chunks().0.iter().map(|b| u32::from_le_bytes(*b)).collect::<Vec<_>>();
        places.sort_unstable();
        places.into_iter().eq(0..20)
    });
    let at = places.expect("they are there");
    for other in [0_u32, 19, 20, u32::MAX] {
        let mut damaged = bytes.clone();
        let before = u32::from_le_bytes(bytes[at..at + 4].try_into().expect("4 bytes"));
        if before == other {
            continue;
        }
        damaged[at..at + 4].copy_from_slice(&other.to_le_bytes());
        for error in [opened(&damaged).err(), FittedPipeline::load(&damaged).err()] {
            assert_eq!(error, Some(ArtifactError::Index), "place {other}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..<_>::default() })]

    #[test]
    fn any_file_is_refused_or_answers(
        is_mixed in any::<bool>(),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let pipeline = if is_mixed { mixed() } else { held(&streamed(20, 3)) };
        let mut bytes = pipeline.encode().expect("a small pipeline");
        for (place, byte) in changes {
            let i = place.index(bytes.len());
            bytes[i] = byte;
        }
        if let Ok(pipeline) = opened(&bytes) {
            let answers = ask(&pipeline, pipeline.golden_rows());
            prop_assert!(answers.iter().all(|p| (0.0..=1.0).contains(p)));
        }
    }
}
