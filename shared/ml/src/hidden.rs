//! Hidden layers of a multilayer perceptron: dense, each followed by ReLU.

use crate::{ArtifactError, Head, parts::DenseLayer};

/// Most hidden layers of a model.
pub(crate) const MOST_LAYERS: usize = TENSORS.len();

/// Names of a layer's tensors.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LayerTensors {
    /// F32 (inputs, outputs).
    pub(crate) weights: &'static str,
    /// F32 (outputs).
    pub(crate) bias: &'static str,
}

/// Names of the tensors of each layer that there may be.
pub(crate) const TENSORS: [LayerTensors; 8] = [
    LayerTensors { weights: "hidden.0.weights", bias: "hidden.0.bias" },
    LayerTensors { weights: "hidden.1.weights", bias: "hidden.1.bias" },
    LayerTensors { weights: "hidden.2.weights", bias: "hidden.2.bias" },
    LayerTensors { weights: "hidden.3.weights", bias: "hidden.3.bias" },
    LayerTensors { weights: "hidden.4.weights", bias: "hidden.4.bias" },
    LayerTensors { weights: "hidden.5.weights", bias: "hidden.5.bias" },
    LayerTensors { weights: "hidden.6.weights", bias: "hidden.6.bias" },
    LayerTensors { weights: "hidden.7.weights", bias: "hidden.7.bias" },
];

/// Rows that go through all layers together: what they make of one layer is still near when the next
/// one reads it. The answers do not depend on it.
const ROWS: usize = 256;

/// Layers between features and head, none for a linear model. Each takes what the one before gives.
#[derive(Debug, Default)]
pub(crate) struct Hidden(Vec<Head>);

impl Hidden {
    /// Layers that were checked alone, if each fits the one before.
    pub(crate) fn new(layers: Vec<Head>) -> Result<Self, ArtifactError> {
        if layers.len() > MOST_LAYERS {
            return Err(ArtifactError::HiddenLayers { limit: MOST_LAYERS });
        }
        let fits = |pair: &[Head]| pair[0].n_outputs() == pair[1].n_features();
        match layers.windows(2).position(|pair| !fits(pair)) {
            Some(i) => Err(ArtifactError::Shape { tensor: TENSORS[i + 1].weights }),
            None => Ok(Self(layers)),
        }
    }

    /// Checks that `layers` fit each other and hold nothing but numbers.
    pub(crate) fn of(layers: Vec<DenseLayer>) -> Result<Self, ArtifactError> {
        if layers.len() > MOST_LAYERS {
            return Err(ArtifactError::HiddenLayers { limit: MOST_LAYERS });
        }
        let layers =
            layers.into_iter().zip(TENSORS).map(|(DenseLayer { weights, bias }, names)| {
                for (tensor, values) in [(names.weights, &weights), (names.bias, &bias)] {
                    if !values.iter().all(|value| value.is_finite()) {
                        return Err(ArtifactError::NotFinite { tensor });
                    }
                }
                Head::new(weights, bias).ok_or(ArtifactError::Shape { tensor: names.weights })
            });
        Self::new(layers.collect::<Result<_, _>>()?)
    }

    /// The layers, each with the names of its tensors.
    pub(crate) fn layers(&self) -> impl Iterator<Item = (&Head, LayerTensors)> {
        self.0.iter().zip(TENSORS)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What the head takes, where a row has `n_features`; `None` if that is not what layers take.
    pub(crate) fn width(&self, n_features: usize) -> Option<usize> {
        let (Some(first), Some(last)) = (self.0.first(), self.0.last()) else {
            return Some(n_features);
        };
        (first.n_features() == n_features).then(|| last.n_outputs())
    }

    /// Operations that a row costs.
    pub(crate) fn flops_per_row(&self) -> u64 {
        let layers = self.0.iter();
        layers.map(|layer| (2 * layer.n_features() + 2) as u64 * layer.n_outputs() as u64).sum()
    }

    /// Computes the `logits` of `head` (rows, outputs) for `features` (rows, inputs), both row-major and
    /// complete.
    pub(crate) fn logits(&self, features: &[f32], head: &Head, logits: &mut [f32]) {
        let Some(first) = self.0.first() else { return head.dense_logits_into(features, logits) };
        let (inputs, outputs) = (first.n_features(), head.n_outputs());
        let (mut before, mut after) = (Vec::new(), Vec::new());
        let blocks = features.chunks(ROWS * inputs).zip(logits.chunks_mut(ROWS * outputs));
        for (features, logits) in blocks {
            let rows = features.len() / inputs;
            activate(first, features, rows, &mut before);
            for layer in &self.0[1..] {
                activate(layer, &before, rows, &mut after);
                std::mem::swap(&mut before, &mut after);
            }
            head.dense_logits_into(&before, logits);
        }
    }
}

/// Fills `after` with what `layer` makes of `rows` rows.
fn activate(layer: &Head, before: &[f32], rows: usize, after: &mut Vec<f32>) {
    // What was there is written over.
    after.resize(rows * layer.n_outputs(), 0.0);
    layer.dense_logits_into(before, after);
    after.iter_mut().for_each(|value| *value = relu(*value));
}

/// max(0, `value`), where a sum that left the range of numbers becomes NaN: it then shows in every
/// logit of its row, which is refused, and is not taken for a small one.
fn relu(value: f32) -> f32 {
    if value.is_finite() { value.max(0.0) } else { f32::NAN }
}
