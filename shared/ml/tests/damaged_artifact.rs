//! Bytes that are damaged are refused, whatever the damage.

mod plant;

use millwright_domain::{Analyzer, Code, Fault, NgramRange};
use millwright_ml::{
    ArtifactError, DenseLayer, FittedPipeline, InputParts, PipelineParts, TermRule, TextParts,
};
use plant::ask;
use proptest::prelude::*;

fn text_parts() -> PipelineParts {
    let vocabulary = ["leak", "pump", "液压泵"].map(Box::from).to_vec();
    let input = InputParts::Text(TextParts::words("note", vocabulary));
    PipelineParts { input, ..PipelineParts::seeded(3, 2, 1) }
}

/// Weighed runs of characters beside two numbers.
fn mixed_parts() -> PipelineParts {
    let PipelineParts { input, hidden, classes, weights, intercept } =
        PipelineParts::seeded(5, 2, 1);
    let InputParts::Numeric { columns } = input else { panic!("numeric parts") };
    let text = TextParts {
        rule: TermRule { analyzer: Analyzer::Char, ngrams: NgramRange { min: 1, max: 2 } },
        idf: Some(vec![1.0, 2.5, 1.25]),
        ..TextParts::words("note", ["le", "p", "泵"].map(Box::from).to_vec())
    };
    let input = InputParts::Mixed { text, columns: columns[..2].to_vec() };
    PipelineParts { input, hidden, classes, weights, intercept }
}

fn artifacts() -> [Vec<u8>; 4] {
    let mlp = PipelineParts::seeded_mlp(4, &[5, 6], 3, 1);
    [PipelineParts::seeded(4, 3, 1), text_parts(), mixed_parts(), mlp].map(|parts| {
        let pipeline = FittedPipeline::from_parts(parts).expect("parts that fit");
        pipeline.encode().expect("a small pipeline")
    })
}

/// An error, or a pipeline that answers its golden rows with probabilities.
fn is_refused_or_answers(bytes: &[u8]) {
    if let Ok(pipeline) = FittedPipeline::load(bytes) {
        let answers = ask(&pipeline, pipeline.golden_rows());
        assert!(answers.iter().all(|p| (0.0..=1.0).contains(p)));
    }
}

/// The artefact with its header changed, and the length of the header adjusted.
fn with_header(bytes: &[u8], change: impl Fn(&str) -> String) -> Vec<u8> {
    let length = u64::from_le_bytes(bytes[..8].try_into().expect("8 bytes")) as usize;
    let header = change(std::str::from_utf8(&bytes[8..8 + length]).expect("JSON"));
    [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), &bytes[8 + length..]].concat()
}

fn refusal(bytes: &[u8]) -> ArtifactError {
    FittedPipeline::load(bytes).expect_err("a damaged artefact")
}

#[test]
fn what_is_written_reads_back_byte_for_byte() {
    for artifact in artifacts() {
        let pipeline = FittedPipeline::load(&artifact).expect("a sound artefact");
        assert_eq!(pipeline.encode().expect("a small pipeline"), artifact);
    }
}

#[test]
fn every_truncation_is_refused() {
    for artifact in artifacts() {
        for length in 0..artifact.len() {
            assert_eq!(refusal(&artifact[..length]).code(), Code::DataLoss, "{length} bytes");
        }
    }
}

#[test]
fn every_flipped_bit_is_refused_or_harmless() {
    for artifact in artifacts() {
        let sound = FittedPipeline::load(&artifact).expect("a sound artefact");
        let expected = ask(&sound, sound.golden_rows());
        for bit in 0..artifact.len() * 8 {
            let mut bytes = artifact.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            let Ok(pipeline) = FittedPipeline::load(&bytes) else { continue };
            let answers = ask(&pipeline, sound.golden_rows());
            assert_eq!(answers.len(), expected.len(), "bit {bit}");
            let near = answers.iter().zip(&expected).all(|(a, b)| (a - b).abs() <= 1e-5);
            assert!(near, "bit {bit}: {answers:?} instead of {expected:?}");
        }
    }
}

#[test]
fn an_unknown_format_asks_for_an_upgrade() {
    let [artifact, ..] = artifacts();
    for other in [0, 5, u64::from(u32::MAX) + 3] {
        let other_format = format!(r#"\"format\":{other}"#);
        let next = with_header(&artifact, |h| h.replace(r#"\"format\":3"#, &other_format));
        let error = refusal(&next);
        assert!(
            matches!(error, ArtifactError::Format { found, .. } if found == other),
            "{error:?}"
        );
        assert_eq!(error.code(), Code::FailedPrecondition);
    }
}

#[test]
fn each_kind_of_damage_is_told_apart() {
    let [numeric, text, ..] = artifacts();
    let damaged = |from: &str, to: &str| refusal(&with_header(&numeric, |h| h.replace(from, to)));
    assert_eq!(refusal(b""), ArtifactError::Container);
    let huge = [&u64::MAX.to_le_bytes()[..], b"{}"].concat();
    assert!(matches!(refusal(&huge), ArtifactError::HeaderTooLong { .. }));
    assert_eq!(damaged("manifest", "manifold"), ArtifactError::Manifest);
    assert_eq!(damaged("scaler.means", "scaler.mines"), ArtifactError::Tensors);
    assert!(matches!(damaged(r#""shape":[4,3]"#, r#""shape":[3,4]"#), ArtifactError::Shape { .. }));
    assert_eq!(damaged(r#"\"x1\""#, r#"\"x0\""#), ArtifactError::Columns);
    assert_eq!(damaged(r#"\"c1\""#, r#"\"c0\""#), ArtifactError::Classes);
    assert_eq!(damaged(r#"\"probabilities\""#, r#"\"chances\""#), ArtifactError::Contradiction);

    let swapped = replaced(&text, "leakpump液".as_bytes(), "zeakpump液".as_bytes());
    assert_eq!(refusal(&swapped), ArtifactError::Vocabulary);
    let broken = replaced(&text, "液".as_bytes(), b"\xff\xff\xff");
    assert!(matches!(refusal(&broken), ArtifactError::NotUtf8 { .. }));
}

#[test]
fn a_vectoriser_keeps_to_its_ranges() {
    let [_, _, mixed, _] = artifacts();
    let damaged = |from: &str, to: &str| refusal(&with_header(&mixed, |h| h.replace(from, to)));
    for ngrams in
        [r#"{\"min\":0,\"max\":2}"#, r#"{\"min\":2,\"max\":1}"#, r#"{\"min\":1,\"max\":17}"#]
    {
        assert_eq!(damaged(r#"{\"min\":1,\"max\":2}"#, ngrams), ArtifactError::Ngrams, "{ngrams}");
    }
    assert_eq!(damaged("tfidf", "count"), ArtifactError::Tensors, "a tensor too many");
    assert_eq!(damaged("vectorizer.idf", "vectorizer.ibf"), ArtifactError::Tensors);
    assert_eq!(damaged(r#"\"x1\""#, r#"\"note\""#), ArtifactError::Columns, "two by one name");

    let with_idf =
        |idf: f64| refusal(&replaced(&mixed, &2.5_f64.to_le_bytes(), &idf.to_le_bytes()));
    for idf in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e300] {
        assert!(matches!(with_idf(idf), ArtifactError::OutOfRange { .. }), "{idf}");
    }
    let cost = |cost: f32| replaced(&mixed, &32_f32.to_le_bytes(), &cost.to_le_bytes());
    for terms in [-1.0, f32::NAN, f32::INFINITY, 1e10] {
        assert!(matches!(refusal(&cost(terms)), ArtifactError::OutOfRange { .. }), "{terms}");
    }
    let mut parts = mixed_parts();
    let InputParts::Mixed { text, .. } = &mut parts.input else { panic!("mixed parts") };
    text.idf = Some(vec![1.0; 2]);
    assert!(matches!(refused(&parts), ArtifactError::Shape { .. }));
    let InputParts::Mixed { text, columns } = &mut parts.input else { panic!("mixed parts") };
    text.idf = None;
    columns.clear();
    assert_eq!(refused(&parts), ArtifactError::Columns, "a text alone is no mixed input");
}

fn refused(parts: &PipelineParts) -> ArtifactError {
    FittedPipeline::from_parts(parts.clone()).expect_err("parts that do not fit")
}

/// The artefact with the first `from` replaced by `to`, which is as long.
fn replaced(artifact: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut bytes = artifact.to_vec();
    let at = bytes.windows(from.len()).position(|window| window == from).expect("it is there");
    bytes[at..at + to.len()].copy_from_slice(to);
    bytes
}

#[test]
fn a_changed_weight_shows_in_the_golden_rows() {
    let mut parts = PipelineParts::seeded(4, 3, 1);
    let first = parts.weights[0];
    let artifact = FittedPipeline::from_parts(parts.clone()).expect("parts").encode();
    let artifact = artifact.expect("a small pipeline");
    let moved = replaced(&artifact, &first.to_le_bytes(), &(first + 0.5).to_le_bytes());
    assert!(matches!(refusal(&moved), ArtifactError::GoldenDiffers { .. }));
    let infinite = replaced(&artifact, &first.to_le_bytes(), &f32::INFINITY.to_le_bytes());
    assert!(matches!(refusal(&infinite), ArtifactError::NotFinite { .. }));
    parts.weights.pop();
    assert!(matches!(FittedPipeline::from_parts(parts), Err(ArtifactError::Shape { .. })));
}

#[test]
fn hidden_layers_are_all_there_and_fit_each_other() {
    let [linear, _, _, mlp] = artifacts();
    let damaged = |from: &str, to: &str| refusal(&with_header(&mlp, |h| h.replace(from, to)));
    let shape = |tensor| ArtifactError::Shape { tensor };
    assert_eq!(damaged("hidden.1.weights", "hidden.2.weights"), ArtifactError::Tensors);
    assert_eq!(damaged("hidden.0.bias", "hidden.0.bits"), ArtifactError::Tensors);
    assert_eq!(damaged("[5,6]", "[6,5]"), shape("hidden.1.bias"));
    assert_eq!(damaged("[4,5]", "[2,10]"), shape("hidden.0.bias"));
    assert_eq!(damaged("[6,3]", "[18,1]"), shape("head.weights"));
    let claims_less = damaged(r#"\"format\":4"#, r#"\"format\":3"#);
    assert_eq!(claims_less, ArtifactError::Tensors, "older software would leave layers out");
    let claims_more = with_header(&linear, |h| h.replace(r#"\"format\":3"#, r#"\"format\":4"#));
    assert_eq!(refusal(&claims_more), ArtifactError::Tensors);

    let parts = PipelineParts::seeded_mlp(4, &[5, 6], 3, 1);
    let first = parts.hidden[1].bias[0];
    let infinite = replaced(&mlp, &first.to_le_bytes(), &f32::INFINITY.to_le_bytes());
    assert_eq!(refusal(&infinite), ArtifactError::NotFinite { tensor: "hidden.1.bias" });
    let moved = replaced(&mlp, &first.to_le_bytes(), &(first + 5.0).to_le_bytes());
    assert!(matches!(refusal(&moved), ArtifactError::GoldenDiffers { .. }));
}

#[test]
fn parts_with_hidden_layers_that_do_not_fit_are_refused() {
    let parts = PipelineParts::seeded_mlp(4, &[5, 6], 3, 1);
    let with = |hidden: Vec<DenseLayer>| refused(&PipelineParts { hidden, ..parts.clone() });
    let [first, second] = [parts.hidden[0].clone(), parts.hidden[1].clone()];
    let shape = |tensor| ArtifactError::Shape { tensor };
    assert_eq!(with(vec![first.clone()]), shape("head.weights"));
    assert_eq!(with(vec![second.clone()]), shape("hidden.0.weights"));
    assert_eq!(with(vec![first.clone(), first.clone()]), shape("hidden.1.weights"));
    let empty = DenseLayer { weights: vec![], bias: vec![] };
    assert_eq!(with(vec![first.clone(), empty]), shape("hidden.1.weights"));
    let infinite = DenseLayer { bias: vec![f32::NAN; 5], ..first };
    let tensor = "hidden.0.bias";
    assert_eq!(with(vec![infinite, second]), ArtifactError::NotFinite { tensor });
    let deep = PipelineParts::seeded_mlp(4, &[4; 9], 3, 1);
    assert_eq!(refused(&deep), ArtifactError::HiddenLayers { limit: 8 });
    let texts = PipelineParts { hidden: parts.hidden.clone(), ..mixed_parts() };
    assert_eq!(refused(&texts), ArtifactError::HiddenText);
}

#[test]
fn forged_sizes_allocate_nothing_and_do_not_overflow() {
    // Nine tensors, each of the largest size that one may claim: together they exceed 64 bits.
    let (mut header, mut from) = ("{".to_owned(), 0_u64);
    for i in 0..8 {
        let to = from + (u64::MAX >> 3);
        let shape = u64::MAX >> 3;
        header +=
            &format!(r#""t{i}":{{"dtype":"U8","shape":[{shape}],"data_offsets":[{from},{to}]}},"#);
        from = to;
    }
    header += r#""t8":{"dtype":"U8","shape":[0],"data_offsets":[18446744073709551608,18446744073709551608]}}"#;
    let bytes = [&(header.len() as u64).to_le_bytes()[..], header.as_bytes()].concat();
    assert_eq!(refusal(&bytes), ArtifactError::Container);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..<_>::default() })]

    #[test]
    fn any_bytes_are_refused_or_answer(
        which in 0..4_usize,
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let mut bytes = artifacts()[which].clone();
        for (place, byte) in changes {
            let i = place.index(bytes.len());
            bytes[i] = byte;
        }
        is_refused_or_answers(&bytes);
    }
}
