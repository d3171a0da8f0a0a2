//! Sizes along height and width.

use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Height and width of a window or a stride; written as one number if they are equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sides(pub [usize; 2]);

impl Sides {
    /// 1 × 1.
    pub fn one() -> Self {
        Self([1, 1])
    }

    /// Whether it is 1 × 1.
    pub fn is_one(&self) -> bool {
        self.0 == [1, 1]
    }
}

impl fmt::Display for Sides {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [height, width] = self.0;
        if height == width {
            write!(f, "{height}")
        } else {
            write!(f, "{height}x{width}")
        }
    }
}

impl FromStr for Sides {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (height, width) = text.split_once('x').unwrap_or((text, text));
        Ok(Self([height.parse()?, width.parse()?]))
    }
}

#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "expected a number, or height and width as `[3, 1]`"
)]
enum Form {
    Square(usize),
    Sides([usize; 2]),
}

impl Serialize for Sides {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let [height, width] = self.0;
        if height == width {
            height.serialize(serializer)
        } else {
            self.0.serialize(serializer)
        }
    }
}

impl<'de> Deserialize<'de> for Sides {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match Form::deserialize(deserializer)? {
            Form::Square(side) => Self([side, side]),
            Form::Sides(sides) => Self(sides),
        })
    }
}

impl JsonSchema for Sides {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Sides".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A number, or height and width as [3, 1]",
            "anyOf": [
                { "type": "integer", "minimum": 1 },
                {
                    "type": "array",
                    "items": { "type": "integer", "minimum": 1 },
                    "minItems": 2,
                    "maxItems": 2
                }
            ]
        })
    }
}
