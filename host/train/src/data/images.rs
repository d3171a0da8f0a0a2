//! Images in folders: one folder per class.

use std::path::Path;

use image::imageops::FilterType;
use image::{DynamicImage, ImageReader};
use onchip_tflite::topology::Dims;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::examples::Examples;
use super::file;
use super::folders::{Decoder, FolderConfig};
use super::normalize::Normalize;
use super::source::{DataError, Result};
use super::split::SplitConfig;

/// Images in folders, one folder per class: `.png`, `.jpg`, `.jpeg`, `.bmp`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ImagesConfig {
    /// Where they are.
    pub folder: FolderConfig,
    /// Height and width, in pixels, that all are resized to (bilinear, averaging when smaller).
    pub size: [usize; 2],
    /// Whether they have colours.
    #[serde(default)]
    pub colour: Colour,
    /// How values are normalized.
    #[serde(default = "unit")]
    pub normalize: Normalize,
    /// Which examples are for training, validation and test.
    #[serde(default)]
    pub split: SplitConfig,
}

fn unit() -> Normalize {
    Normalize::Unit
}

/// Channels of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Colour {
    /// Red, green, blue.
    #[default]
    Rgb,
    /// Luminance.
    Grey,
}

/// Largest side of an image to resize to.
const MOST: usize = 4096;

impl ImagesConfig {
    pub(crate) fn read(&self, base: &Path) -> Result<Examples> {
        if self.size.iter().any(|&side| side == 0 || side > MOST) {
            let problem = format!("size: {:?} is not from 1 to {MOST} pixels", self.size);
            return Err(DataError::new(&base.join(&self.folder.path), problem));
        }
        let pixels = Pixels {
            size: self.size,
            colour: self.colour,
        };
        self.folder
            .read(base, &["png", "jpg", "jpeg", "bmp"], pixels)
    }
}

struct Pixels {
    size: [usize; 2],
    colour: Colour,
}

impl Decoder for Pixels {
    fn shape(&self) -> Dims {
        let channels = if self.colour == Colour::Grey { 1 } else { 3 };
        [self.size[0], self.size[1], channels]
    }

    fn decode(&self, path: &Path, values: &mut [f32]) -> Result<()> {
        let reader = ImageReader::open(path).and_then(ImageReader::with_guessed_format);
        let image = reader
            .map_err(|error| file::open_error(path, &error))?
            .decode();
        let image = image.map_err(|error| {
            let problem = format!("is no image that can be read ({error}): replace or remove it");
            DataError::new(path, problem)
        })?;
        let [height, width] = self.size.map(|side| side as u32);
        let image = match self.colour {
            Colour::Rgb => DynamicImage::ImageRgb8(image.into_rgb8()),
            Colour::Grey => DynamicImage::ImageLuma8(image.into_luma8()),
        };
        let image = if (image.height(), image.width()) == (height, width) {
            image
        } else {
            image.resize_exact(width, height, FilterType::Triangle)
        };
        for (value, &byte) in values.iter_mut().zip(image.as_bytes()) {
            *value = f32::from(byte);
        }
        Ok(())
    }

    fn full(&self) -> Option<u8> {
        Some(255)
    }

    fn settings(&self) -> String {
        format!("image {:?} {:?}", self.size, self.colour)
    }
}
