//! A YAML document as a tree that knows where each key and value was written.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::Spanned;

use super::problem::{Place, Problem};

/// A value and its place.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Node {
    /// What was written.
    pub(super) value: Value,
    /// Where.
    pub(super) place: Place,
}

/// What a YAML node can be, after YAML's own rules told numbers from text.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Null,
    Bool(bool),
    Integer(i128),
    Float(f64),
    Text(String),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// A key and its value.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) place: Place,
    pub(super) node: Node,
}

impl Node {
    /// Reads a document; an empty one is an empty map.
    pub(super) fn parse(text: &str) -> Result<Self, Problem> {
        let spanned: Spanned<Value> =
            serde_saphyr::from_str(text).map_err(|error| problem(&error))?;
        let mut root = Self::from(spanned);
        if root.value == Value::Null {
            root.value = Value::Map(Vec::new());
        }
        Ok(root)
    }

    /// The entries of a map, none of anything else.
    pub(super) fn entries(&self) -> &[Entry] {
        match &self.value {
            Value::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The value of a key.
    pub(super) fn get(&self, key: &str) -> Option<&Node> {
        let entry = self.entries().iter().find(|entry| entry.key == key)?;
        Some(&entry.node)
    }

    /// The place of a dotted path like `boards[0].probe`, or of its longest part that was written.
    pub(super) fn place_of(&self, path: &str) -> Place {
        let mut node = self;
        let mut place = self.place;
        for step in path.split(['.', '[']).filter(|step| !step.is_empty()) {
            let next = match (&node.value, step.strip_suffix(']')) {
                (Value::List(items), Some(index)) => {
                    let item = index.parse().ok().and_then(|i: usize| items.get(i));
                    item.map(|item| (item, item.place))
                }
                (Value::Map(entries), None) => {
                    let entry = entries.iter().find(|entry| entry.key == step);
                    entry.map(|entry| (&entry.node, entry.place))
                }
                _ => None,
            };
            let Some((found, at)) = next else { break };
            (node, place) = (found, at);
        }
        place
    }

    /// The dotted path of what was written at a place.
    pub(super) fn path_at(&self, place: Place) -> Option<String> {
        fn find(node: &Node, place: Place, path: &str) -> Option<String> {
            let children: Vec<(String, Option<Place>, &Node)> = match &node.value {
                Value::List(items) => {
                    let path = |i| format!("{path}[{i}]");
                    let items = items.iter().enumerate();
                    items.map(|(i, item)| (path(i), None, item)).collect()
                }
                Value::Map(entries) => entries
                    .iter()
                    .map(|entry| (join(path, &entry.key), Some(entry.place), &entry.node))
                    .collect(),
                _ => Vec::new(),
            };
            let is_here = node.place == place;
            let below = children.into_iter().find_map(|(path, key, node)| {
                let is_key = key == Some(place);
                find(node, place, &path).or_else(|| is_key.then_some(path))
            });
            below.or_else(|| is_here.then(|| path.to_owned()))
        }
        find(self, place, "")
    }
}

/// The path of a key below a path.
pub(super) fn join(path: &str, key: &str) -> String {
    if path.is_empty() {
        key.to_owned()
    } else {
        format!("{path}.{key}")
    }
}

impl fmt::Display for Value {
    /// As a complaint quotes it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("nothing"),
            Self::Bool(value) => write!(f, "`{value}`"),
            Self::Integer(value) => write!(f, "`{value}`"),
            Self::Float(value) => write!(f, "`{value:?}`"),
            Self::Text(value) => write!(f, "the text `{value}`"),
            Self::List(_) => f.write_str("a list"),
            Self::Map(_) => f.write_str("a section"),
        }
    }
}

/// What YAML itself, or a type's own reading of its text, complains about.
pub(super) fn problem(error: &serde_saphyr::Error) -> Problem {
    let place = error.location().map_or(Place::default(), Place::from);
    let message = error.without_snippet().to_string();
    // The place comes first in our own words.
    let cut = message.rfind(" at line ").unwrap_or(message.len());
    // And what can be set in a program is no help to who writes a file.
    let cut = message.find(", set DuplicateKeyPolicy").unwrap_or(cut);
    Problem {
        place,
        path: String::new(),
        message: message[..cut].to_owned(),
    }
}

impl From<serde_saphyr::Location> for Place {
    fn from(location: serde_saphyr::Location) -> Self {
        Self {
            line: location.line(),
            column: location.column(),
        }
    }
}

impl From<Spanned<Value>> for Node {
    fn from(spanned: Spanned<Value>) -> Self {
        Self {
            value: spanned.value,
            place: spanned.referenced.into(),
        }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Integer(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Integer(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Value::Float(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut nodes = Vec::new();
        while let Some(item) = items.next_element::<Spanned<Value>>()? {
            nodes.push(item.into());
        }
        Ok(Value::List(nodes))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(key) = map.next_key::<Spanned<String>>()? {
            let place = key.referenced.into();
            let node = map.next_value::<Spanned<Value>>()?.into();
            let key = key.value;
            entries.push(Entry { key, place, node });
        }
        Ok(Value::Map(entries))
    }
}
