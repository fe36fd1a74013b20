//! Artefacts of text heads that are too large for memory.

use std::{
    collections::BTreeSet,
    io::{BufWriter, Write},
};

use super::{
    ArtifactError, tensor,
    write::{add_answers, add_index, json},
    writer::Tensors,
};
use crate::{
    InputParts, Manifest, PipelineParts, TermRule, TextParts,
    golden::{Golden, Listed, golden_texts},
    model::Model,
    parts::TERMS_PER_TEXT,
    steps::{TermCutter, TermIndex, TermIndexer},
    texts::Texts,
};

/// Bytes that are gathered before they are written.
const BUFFER: usize = 1 << 20;

/// Terms with their weights, told one by one, as often as asked and always the same.
pub trait TermSource {
    /// How many there are, one at least.
    fn n_terms(&self) -> usize;

    /// Term `i`, which comes after all before it by code point.
    fn term(&self, i: usize) -> String;

    /// Writes the weights of term `i` into `row`, which has one entry an output.
    fn weights(&self, i: usize, row: &mut [f32]);
}

/// A pipeline that counts the terms of one text, as [`PipelineParts`] has it, whose terms and weights
/// come from elsewhere and are never held together.
#[derive(Clone, Debug)]
pub struct StreamedParts<S> {
    /// Name of the column of texts.
    pub column: String,
    /// What its terms are.
    pub rule: TermRule,
    /// The terms and their weights; two classes have one output, the logit of the second.
    pub terms: S,
    /// Labels, in the order of the outputs.
    pub classes: Vec<String>,
    /// One entry an output.
    pub intercept: Vec<f32>,
}

impl<S: TermSource> StreamedParts<S> {
    /// Writes the artefact of the pipeline, byte for byte as [`FittedPipeline::encode`] gives it.
    /// Takes some 16 bytes of memory a term, however many classes there are.
    ///
    /// [`FittedPipeline::encode`]: crate::FittedPipeline::encode
    ///
    /// # Errors
    /// [`ArtifactError`] if the parts do not fit each other; [`ArtifactError::Io`] if `out` fails.
    pub fn write(&self, out: &mut dyn Write) -> Result<Manifest, ArtifactError> {
        let (index, n_bytes) = self.index()?;
        let (model, golden) = self.golden()?;
        let texts = golden.texts().collect::<Texts>();
        let (n, outputs) = (self.terms.n_terms(), model.head.n_outputs());
        let mut tensors = Tensors::default();
        tensors.stream::<f32>(tensor::WEIGHTS, &[n, outputs], Box::new(|out| self.weights(out)));
        tensors.add(tensor::INTERCEPT, &[outputs], &self.intercept);
        add_answers(&mut tensors, &model, &golden);
        let (bytes, offsets) = (tensor::VOCABULARY.bytes, tensor::VOCABULARY.offsets);
        tensors.stream::<u8>(bytes, &[n_bytes], Box::new(|out| self.bytes(out)));
        tensors.stream::<u64>(offsets, &[n + 1], Box::new(|out| self.offsets(out)));
        add_index(&mut tensors, &index, TERMS_PER_TEXT);
        tensors.texts(tensor::GOLDEN_TEXTS, &texts);
        let input = InputParts::Text(self.parts(vec![])).spec();
        let (signature, classes) = (model.signature.clone(), model.classes.clone());
        let manifest = Manifest::untrained(input, signature, classes, &model.hidden);
        tensors.write(json(&manifest, &model)?, &mut BufWriter::with_capacity(BUFFER, out))?;
        Ok(manifest)
    }

    /// The index of the terms, and the length of all of them.
    fn index(&self) -> Result<(TermIndex, usize), ArtifactError> {
        let (mut indexer, mut bytes) = (TermIndexer::default(), 0);
        for i in 0..self.terms.n_terms() {
            let term = self.terms.term(i);
            indexer.push(term.as_bytes()).map_err(|_| ArtifactError::Vocabulary)?;
            bytes += term.len();
        }
        Ok((indexer.finish().map_err(|_| ArtifactError::Vocabulary)?, bytes))
    }

    /// The golden rows, and a model of the few terms that occur in them: it answers these as the
    /// whole one would, since no other weight takes part.
    fn golden(&self) -> Result<(Model, Golden), ArtifactError> {
        let term = |i| self.terms.term(i);
        let listed = Listed { n: self.terms.n_terms(), term: &term };
        let rows = golden_texts(self.rule, &listed, 0);
        // One at least, since no model has none.
        let mut places = BTreeSet::from([0]);
        let mut cutter = TermCutter::new(self.rule);
        for row in 0..rows.len() {
            let text = String::from_utf8_lossy(rows.columns()[0].bytes(row));
            cutter.for_each(&text, |term| places.extend(listed.place(term)));
        }
        let outputs = self.intercept.len();
        let mut weights = vec![0.0; places.len() * outputs];
        for (place, row) in places.iter().zip(weights.chunks_mut(outputs.max(1))) {
            self.terms.weights(*place, row);
        }
        let vocabulary = places.into_iter().map(|place| self.terms.term(place).into()).collect();
        let input = InputParts::Text(self.parts(vocabulary));
        let (classes, intercept) = (self.classes.clone(), self.intercept.clone());
        let parts = PipelineParts { input, hidden: vec![], classes, weights, intercept };
        let model = Model::new(parts)?;
        let golden = Golden::record(&model, rows)?;
        Ok((model, golden))
    }

    fn parts(&self, vocabulary: Vec<Box<str>>) -> TextParts {
        TextParts { rule: self.rule, ..TextParts::words(&self.column, vocabulary) }
    }

    fn weights(&self, out: &mut dyn Write) -> Result<(), ArtifactError> {
        let mut row = vec![0.0; self.intercept.len()];
        for i in 0..self.terms.n_terms() {
            self.terms.weights(i, &mut row);
            if !row.iter().all(|weight| weight.is_finite()) {
                return Err(ArtifactError::NotFinite { tensor: tensor::WEIGHTS });
            }
            out.write_all(bytemuck::cast_slice(&row))?;
        }
        Ok(())
    }

    fn bytes(&self, out: &mut dyn Write) -> Result<(), ArtifactError> {
        let mut terms = (0..self.terms.n_terms()).map(|i| self.terms.term(i));
        Ok(terms.try_for_each(|term| out.write_all(term.as_bytes()))?)
    }

    fn offsets(&self, out: &mut dyn Write) -> Result<(), ArtifactError> {
        let mut offset = 0_u64;
        out.write_all(&offset.to_le_bytes())?;
        for i in 0..self.terms.n_terms() {
            offset += self.terms.term(i).len() as u64;
            out.write_all(&offset.to_le_bytes())?;
        }
        Ok(())
    }
}
