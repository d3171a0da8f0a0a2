//! What a study file lists: one value, several, or a range.

use std::fmt;
use std::marker::PhantomData;

use onchip_tflite::topology::Dims;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Deserializer, Error, IntoDeserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};

use crate::architecture::{Pool, PoolKind, Sides};

/// Most values that a range may stand for.
const MAX_VALUES: usize = 4096;

/// Values to choose from: `8`, `[8, 16, 32]` or, of numbers, `{from: 8, to: 32, step: 8}` (both ends
/// are in it; the step is 1 unless told).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choices<T>(pub Vec<T>);

/// A value of a list, and what a number means there.
pub trait Choice: Sized {
    /// The value that a number of a range means; `None` where ranges make no sense.
    fn number(_number: usize) -> Option<Self> {
        None
    }
}

impl Choice for bool {}
impl Choice for super::BlockType {}
impl Choice for crate::architecture::Activation {}
impl Choice for crate::architecture::Head {}
impl Choice for PoolChoice {}

impl Choice for usize {
    fn number(number: usize) -> Option<Self> {
        Some(number)
    }
}

impl Choice for Extent {
    fn number(number: usize) -> Option<Self> {
        Some(Self::Number(number))
    }
}

impl<T> From<Vec<T>> for Choices<T> {
    fn from(values: Vec<T>) -> Self {
        Self(values)
    }
}

impl<T: Serialize> Serialize for Choices<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Range {
    from: usize,
    to: usize,
    #[serde(default = "one")]
    step: usize,
}

fn one() -> usize {
    1
}

impl Range {
    fn values(&self) -> Result<impl Iterator<Item = usize>, String> {
        let Self { from, to, step } = *self;
        if step == 0 || from > to || !(to - from).is_multiple_of(step) {
            return Err(format!(
                "a range from {from} to {to} in steps of {step} does not end at {to}"
            ));
        }
        if (to - from) / step >= MAX_VALUES {
            return Err(format!(
                "a range from {from} to {to} is too long; {MAX_VALUES} values are the most"
            ));
        }
        Ok((from..=to).step_by(step))
    }
}

impl<'de, T: Choice + Deserialize<'de>> Deserialize<'de> for Choices<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ChoicesVisitor(PhantomData))
    }
}

struct ChoicesVisitor<T>(PhantomData<T>);

impl<'de, T: Choice + Deserialize<'de>> Visitor<'de> for ChoicesVisitor<T> {
    type Value = Choices<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value, a list, or a range as `{from: 1, to: 4}`")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Self::Value, E> {
        T::deserialize(value.into_deserializer()).map(|value| Choices(vec![value]))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Self::Value, E> {
        T::deserialize(value.into_deserializer()).map(|value| Choices(vec![value]))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Self::Value, E> {
        T::deserialize(value.into_deserializer()).map(|value| Choices(vec![value]))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Self::Value, E> {
        T::deserialize(value.into_deserializer()).map(|value| Choices(vec![value]))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Self::Value, A::Error> {
        Vec::deserialize(SeqAccessDeserializer::new(list)).map(Choices)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        let range = Range::deserialize(MapAccessDeserializer::new(map))?;
        let numbers = range.values().map_err(A::Error::custom)?;
        let values: Option<Vec<T>> = numbers.map(T::number).collect();
        let values = values.ok_or_else(|| A::Error::custom("only numbers have ranges; list them"));
        values.map(Choices)
    }
}

impl<T: JsonSchema> JsonSchema for Choices<T> {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("ChoicesOf{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let value = generator.subschema_for::<T>();
        json_schema!({
            "description": "A value, a list, or, of numbers, a range with both its ends",
            "anyOf": [
                value,
                { "type": "array", "items": value, "minItems": 1, "uniqueItems": true },
                {
                    "type": "object",
                    "properties": {
                        "from": { "type": "integer", "minimum": 0 },
                        "to": { "type": "integer", "minimum": 0 },
                        "step": { "type": "integer", "minimum": 1 }
                    },
                    "required": ["from", "to"],
                    "additionalProperties": false
                }
            ]
        })
    }
}

/// A window or stride as written: a number is the height, and in two dimensions the width as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(
    untagged,
    expecting = "expected a number, or height and width as `[3, 1]`"
)]
pub enum Extent {
    /// `3`
    Number(usize),
    /// `[3, 1]`
    Sides([usize; 2]),
}

impl Extent {
    /// Its meaning in a space of series or of images.
    pub(super) fn sides(self, is_series: bool) -> Sides {
        match self {
            Self::Number(side) => Sides([side, if is_series { 1 } else { side }]),
            Self::Sides(sides) => Sides(sides),
        }
    }
}

/// A pooling as written: `none`, `max 2` (a window of 2 every 2), `average 3/2` (a window of 3 every
/// 2), `max 3x1/2x1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PoolChoice {
    /// No pooling.
    None,
    /// A window of `size` every `stride`.
    Window {
        /// What it takes of a window.
        kind: PoolKind,
        /// The window.
        size: Extent,
        /// From one window to the next.
        stride: Extent,
    },
}

impl PoolChoice {
    pub(super) fn pool(self, is_series: bool) -> Option<Pool> {
        match self {
            Self::None => None,
            Self::Window { kind, size, stride } => Some(Pool {
                kind,
                size: size.sides(is_series),
                stride: stride.sides(is_series),
            }),
        }
    }

    fn parse(text: &str) -> Option<Self> {
        if text == "none" {
            return Some(Self::None);
        }
        let (kind, window) = text.split_once(' ')?;
        let kind = match kind {
            "max" => PoolKind::Max,
            "average" => PoolKind::Average,
            _ => return None,
        };
        let (size, stride) = window.split_once('/').unwrap_or((window, window));
        let extent = |text: &str| match text.split_once('x') {
            None => text.parse().ok().map(Extent::Number),
            Some((height, width)) => {
                let sides = [height.parse().ok()?, width.parse().ok()?];
                Some(Extent::Sides(sides))
            }
        };
        let (size, stride) = (extent(size)?, extent(stride)?);
        Some(Self::Window { kind, size, stride })
    }
}

impl fmt::Display for Extent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(side) => write!(f, "{side}"),
            Self::Sides([height, width]) => write!(f, "{height}x{width}"),
        }
    }
}

impl fmt::Display for PoolChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::Window { kind, size, stride } = self else {
            return f.write_str("none");
        };
        f.write_str(match kind {
            PoolKind::Max => "max ",
            PoolKind::Average => "average ",
        })?;
        if size == stride {
            write!(f, "{size}")
        } else {
            write!(f, "{size}/{stride}")
        }
    }
}

impl Serialize for PoolChoice {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for PoolChoice {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| {
            D::Error::custom(format!(
                "`{text}` is no pooling; write `none`, `max 2`, or `average 3/2` for a window of 3 every 2"
            ))
        })
    }
}

impl JsonSchema for PoolChoice {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "PoolChoice".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "`none`, `max 2` (a window of 2 every 2), `average 3/2` (a window of 3 every 2)",
            "type": "string",
            "pattern": "^(none|(max|average) [0-9]+(x[0-9]+)?(/[0-9]+(x[0-9]+)?)?)$"
        })
    }
}

/// Whether all sides of `window` fit a map of that size.
pub(super) fn fits(Sides(sides): Sides, [height, width, _]: Dims) -> bool {
    sides[0] <= height && sides[1] <= width
}
