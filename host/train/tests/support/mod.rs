//! What the tests of formats share.

use std::path::Path;

use onchip_train::data::{DataConfig, DataError, Dataset};
use serde_json::Value;

/// Loads what a study file's section `dataset:` names.
pub(crate) fn load(folder: &Path, config: &Value) -> Result<Dataset, DataError> {
    let config: DataConfig = serde_json::from_value(config.clone()).unwrap();
    config.load(folder)
}

/// Loading must fail with an error that says so.
pub(crate) fn refuse(folder: &Path, config: &Value, problem: &str) {
    let error = load(folder, config).err().unwrap().to_string();
    assert!(error.contains(problem), "{error}");
}

/// An example's values and its label.
pub(crate) fn example(data: &Dataset, index: usize) -> (Vec<f32>, usize) {
    let mut values = vec![0.0; data.shape.iter().product()];
    let label = data.train.source.read(index, &mut values).unwrap();
    (values, label)
}
