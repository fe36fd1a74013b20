//! The label `model`, of which there is a bounded number of values.

use std::{
    collections::HashMap,
    sync::{Arc, LazyLock, Mutex, PoisonError},
};

use millwright_domain::ModelName;
use opentelemetry::KeyValue;

/// How many models are told apart.
const MOST: usize = 200;

/// Models that are told apart in this process.
static TOLD: LazyLock<Mutex<Told>> =
    LazyLock::new(|| Mutex::new(Told { most: MOST, names: HashMap::new() }));

struct Told {
    most: usize,
    names: HashMap<ModelName, Arc<str>>,
}

/// The label of `model`, if it is one of the first 200 that this process has met.
///
/// A place is never given to another model: what was counted under a name stays true. Instruments
/// that sum over models count the others under [`other_models`]; those that show a state of each
/// leave them out.
pub fn model_label(model: &ModelName) -> Option<KeyValue> {
    TOLD.lock().unwrap_or_else(PoisonError::into_inner).label(model)
}

/// The label of all models beyond the first; no model can have this name.
pub fn other_models() -> KeyValue {
    KeyValue::new("model", "_other")
}

impl Told {
    fn label(&mut self, model: &ModelName) -> Option<KeyValue> {
        if let Some(name) = self.names.get(model) {
            return Some(KeyValue::new("model", name.clone()));
        }
        if self.names.len() >= self.most {
            return None;
        }
        let name: Arc<str> = model.as_str().into();
        self.names.insert(model.clone(), name.clone());
        Some(KeyValue::new("model", name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_beyond_the_first_are_not_told_apart() {
        let mut told = Told { most: 2, names: HashMap::new() };
        let mut label = |name: &str| told.label(&name.parse().expect("a name"));
        assert!(label("a").is_some() && label("b").is_some());
        assert_eq!(label("c"), None);
        assert_eq!(label("a"), Some(KeyValue::new("model", "a")), "a place is kept");
        "_other".parse::<ModelName>().expect_err("a model cannot be taken for the others");
    }
}
