//! Settings that are written as a word or as a map.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use serde::de::{DeserializeOwned, Deserializer, Error, MapAccess, Visitor};

/// Reads a `T`, from a text or from a map as `M` describes it. `expected` says both for errors.
pub(crate) fn text_or_map<'de, T, M, D>(
    deserializer: D,
    expected: &'static str,
) -> Result<T, D::Error>
where
    T: FromStr<Err: fmt::Display> + TryFrom<M, Error: fmt::Display>,
    M: DeserializeOwned,
    D: Deserializer<'de>,
{
    deserializer.deserialize_any(Either::<T, M> {
        expected,
        read: PhantomData,
    })
}

struct Either<T, M> {
    expected: &'static str,
    read: PhantomData<(T, M)>,
}

impl<'de, T, M> Visitor<'de> for Either<T, M>
where
    T: FromStr<Err: fmt::Display> + TryFrom<M, Error: fmt::Display>,
    M: DeserializeOwned,
{
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.expected)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        text.parse().map_err(E::custom)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        let written = M::deserialize(serde::de::value::MapAccessDeserializer::new(map))?;
        T::try_from(written).map_err(A::Error::custom)
    }
}
