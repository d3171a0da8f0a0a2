//! What a study is: two stores of one definition hold the same results.

use std::collections::BTreeMap;
use std::fmt;

use onchip_tflite::hex;
use serde_json::Value;
use sha2::{Digest, Sha256};

/// A study as its store describes it.
#[derive(Debug, Clone, PartialEq)]
pub struct Definition {
    /// What people call it.
    pub name: String,
    /// The study file, word by word.
    pub text: String,
    /// All that determines the results, and nothing else: space, data, strategy, seed; not how long
    /// to search, nor how many boards or threads do it.
    pub law: Value,
    /// Where it comes from, for people: version of onchip, time and host of creation.
    pub provenance: Value,
}

impl Definition {
    /// Digest of the law, in hexadecimal digits.
    pub fn digest(&self) -> String {
        let mut hash = Sha256::new();
        for (path, leaf) in leaves(&self.law) {
            hash.update(format!("{path}\0{leaf}\0"));
        }
        hex(&hash.finalize())
    }
}

/// A place where the laws of two studies differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Names of keys and numbers of items, joined by dots.
    pub path: String,
    /// What the store has there, as JSON.
    pub stored: Option<String>,
    /// What is asked for now, as JSON.
    pub given: Option<String>,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let show = |side: &Option<String>| side.clone().unwrap_or_else(|| "absent".to_owned());
        write!(
            f,
            "{} was {}, is {}",
            self.path,
            show(&self.stored),
            show(&self.given)
        )
    }
}

/// Where `stored` and `given` differ, in the order of paths.
pub(super) fn differences(stored: &Value, given: &Value) -> Vec<Difference> {
    let (stored, given) = (leaves(stored), leaves(given));
    let mut paths: Vec<_> = stored.keys().chain(given.keys()).collect();
    paths.sort();
    paths.dedup();
    paths
        .into_iter()
        .filter(|path| stored.get(*path) != given.get(*path))
        .map(|path| Difference {
            path: path.clone(),
            stored: stored.get(path).cloned(),
            given: given.get(path).cloned(),
        })
        .collect()
}

/// Every scalar and every empty container under the path that leads to it: the same for two values
/// that differ in nothing but the order of their keys.
fn leaves(value: &Value) -> BTreeMap<String, String> {
    fn walk(path: &str, value: &Value, into: &mut BTreeMap<String, String>) {
        let below = |name: &str| match path {
            "" => name.to_owned(),
            _ => format!("{path}.{name}"),
        };
        match value {
            Value::Object(map) if !map.is_empty() => {
                map.iter()
                    .for_each(|(key, value)| walk(&below(key), value, into));
            }
            Value::Array(items) if !items.is_empty() => {
                let numbered = items.iter().enumerate();
                numbered.for_each(|(i, value)| walk(&below(&i.to_string()), value, into));
            }
            leaf => {
                into.insert(path.to_owned(), leaf.to_string());
            }
        }
    }
    let mut all = BTreeMap::new();
    walk("", value, &mut all);
    all
}
