//! The study file's section `dataset:`.

use std::fmt;
use std::path::Path;

use schemars::{JsonSchema, Schema};
use serde::de::{Error, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::Dataset;
use super::cifar::Cifar10Config;
use super::csv::CsvConfig;
use super::digits::{DigitsConfig, FashionMnistConfig};
use super::features::Features;
use super::idx::IdxConfig;
use super::images::ImagesConfig;
use super::normalize::Wanted;
use super::npz::NpzConfig;
use super::prepare::prepare;
use super::source::Result;
use super::ucr::UcrConfig;
use super::wav::WavConfig;

/// Declares the formats once: the enum, the names that a file may use, and how each is loaded.
macro_rules! formats {
    ($($(#[doc = $doc:literal])+ $variant:ident($config:ty) = $name:literal,)+) => {
        /// Where examples come from: the format, with its options.
        ///
        /// A format whose options may all be left out, such as `digits`, may stand alone.
        /// Relative paths start at the study file's folder.
        #[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
        #[schemars(transform = allow_names)]
        pub enum DataConfig {
            $($(#[doc = $doc])+ #[serde(rename = $name)] $variant($config),)+
        }

        /// A format's name.
        #[derive(Deserialize)]
        enum Format {
            $(#[serde(rename = $name)] $variant,)+
        }

        impl DataConfig {
            /// The options of a format in a map.
            fn from_map<'de, M: MapAccess<'de>>(format: &Format, map: &mut M) -> Result<Self, M::Error> {
                match format {
                    $(Format::$variant => map.next_value().map(Self::$variant),)+
                }
            }

            /// Reads the data, checks it, divides it and learns its normalization. `base` is the
            /// folder that relative paths start at.
            ///
            /// # Errors
            /// The data is missing, damaged, or not fit to learn from.
            pub fn load(&self, base: &Path) -> Result<Dataset> {
                match self {
                    $(Self::$variant(config) => {
                        let examples = config.read(base)?;
                        let normalize = config.normalize.wanted(&examples.values);
                        prepare(examples, &config.split, normalize)
                    })+
                }
            }
        }
    };
}

formats! {
    /// The bundled handwritten digits.
    Digits(DigitsConfig) = "digits",
    /// Fashion-MNIST, as Debian's package installs it or in a folder.
    FashionMnist(FashionMnistConfig) = "fashion_mnist",
    /// IDX files: MNIST and its kin.
    Idx(IdxConfig) = "idx",
    /// Time series of the UCR and UEA archives: `.tsv`, `.txt`, `.ts`.
    Ucr(UcrConfig) = "ucr",
    /// Windows of recordings in CSV files.
    Csv(CsvConfig) = "csv",
    /// Arrays that NumPy saved: `.npz`.
    Npz(NpzConfig) = "npz",
    /// CIFAR-10, binary version.
    Cifar10(Cifar10Config) = "cifar10",
    /// Images in folders, one folder per class.
    Images(ImagesConfig) = "images",
    /// Recordings in folders, one folder per class.
    Wav(WavConfig) = "wav",
}

impl DataConfig {
    /// Sets the features of a time series; false if the data is no time series.
    pub fn set_features(&mut self, features: Features) -> bool {
        match self {
            Self::Ucr(config) => config.features = Some(features),
            Self::Csv(config) => config.features = Some(features),
            Self::Npz(config) => config.features = Some(features),
            _ => return false,
        }
        true
    }
}

/// Formats whose options may all be left out.
const ALONE: [&str; 2] = ["digits", "fashion_mnist"];

/// Lets the schema accept the names that may stand alone.
fn allow_names(schema: &mut Schema) {
    if let Some(serde_json::Value::Array(forms)) = schema.get_mut("oneOf") {
        forms.push(serde_json::json!({ "type": "string", "enum": ALONE }));
    }
}

impl<'de> Deserialize<'de> for DataConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ConfigVisitor)
    }
}

struct ConfigVisitor;

impl<'de> Visitor<'de> for ConfigVisitor {
    type Value = DataConfig;

    fn expecting(&self, to: &mut fmt::Formatter) -> fmt::Result {
        write!(
            to,
            "a data set: `digits`, `fashion_mnist`, or a format with its options"
        )
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<DataConfig, E> {
        match name {
            "digits" => Ok(DataConfig::Digits(DigitsConfig::default())),
            "fashion_mnist" => Ok(DataConfig::FashionMnist(FashionMnistConfig::default())),
            _ => Err(E::custom(format!(
                "`{name}` is no data set that needs no options, as {} are: write the format with \
                 its options, such as `idx: {{folder: data}}`",
                ALONE.join(" and "),
            ))),
        }
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<DataConfig, M::Error> {
        let Some(format) = map.next_key()? else {
            return Err(M::Error::custom("names no format"));
        };
        let config = DataConfig::from_map(&format, &mut map)?;
        if map.next_key::<String>()?.is_some() {
            map.next_value::<IgnoredAny>()?;
            let problem = "names two formats: options belong under the format, indented";
            return Err(M::Error::custom(problem));
        }
        Ok(config)
    }
}
