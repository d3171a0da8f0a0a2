//! Names for what was computed: equal names mean equal results.

use std::fmt::Display;

use onchip_tflite::hex;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

/// Collects all that determines a result.
pub(super) struct Key(Sha256);

impl Key {
    /// Of a kind of results.
    pub(super) fn new(kind: &str) -> Key {
        Key(Sha256::new()).with("onchip", kind)
    }

    pub(super) fn with(self, name: &str, value: impl Display) -> Key {
        self.with_bytes(name, value.to_string().as_bytes())
    }

    /// A value by its serde form, in which map keys have one order.
    pub(super) fn with_json(self, name: &str, value: &impl Serialize) -> Key {
        let json = serde_json::to_value(value).unwrap_or_else(|error| {
            unreachable!("{name} is read from JSON's data model, and written to it: {error}")
        });
        self.with(name, json)
    }

    /// Lengths go in first, so that no two lists of values give the same bytes.
    pub(super) fn with_bytes(mut self, name: &str, value: &[u8]) -> Key {
        for bytes in [name.as_bytes(), value] {
            self.0.update((bytes.len() as u64).to_le_bytes());
            self.0.update(bytes);
        }
        self
    }

    /// Its digits in hexadecimal.
    pub(super) fn digest(self) -> String {
        hex(&self.0.finalize())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_counts() {
        let key = |name, value| Key::new("test").with(name, value).digest();
        assert_eq!(key("a", "bc"), key("a", "bc"));
        assert_ne!(key("a", "bc"), key("ab", "c"));
        assert_ne!(key("a", "bc"), key("a", "bd"));
        let split = Key::new("test").with("a", "b").with("c", "d").digest();
        assert_ne!(split, Key::new("test").with("a", "bcd").digest());
        assert_ne!(Key::new("test").digest(), Key::new("other").digest());
        assert_eq!(split.len(), 64);
    }

    #[test]
    fn maps_have_one_order() {
        let json = |text| serde_json::from_str::<serde_json::Value>(text).unwrap();
        let key = |text| Key::new("test").with_json("map", &json(text)).digest();
        assert_eq!(key(r#"{"a": 1, "b": 2}"#), key(r#"{"b": 2, "a": 1}"#));
    }
}
