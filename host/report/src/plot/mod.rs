//! Plots.

mod hypervolume;
mod pareto;
pub(crate) mod style;

pub(crate) use hypervolume::hypervolume;
pub(crate) use pareto::pareto;

use image::ImageEncoder as _;
use plotters::backend::{BitMapBackend, DrawingBackend, SVGBackend};
use plotters::coord::Shift;
use plotters::drawing::{DrawingArea, DrawingAreaErrorKind, IntoDrawingArea as _};
use plotters::style::register_font;

use crate::file::Error;

/// What drawing with a backend returns.
pub(crate) type Drawn<DB> = Result<(), DrawingAreaErrorKind<<DB as DrawingBackend>::ErrorType>>;

/// A picture that can be drawn with any backend.
pub(crate) trait Picture {
    /// The file's name without its ending.
    const NAME: &'static str;

    /// Width and height in pixels.
    fn size(&self) -> (u32, u32);

    fn draw<'a, DB: DrawingBackend + 'a>(&self, area: &DrawingArea<DB, Shift>) -> Drawn<DB>;
}

pub(crate) fn png<P: Picture>(picture: &P) -> Result<Vec<u8>, Error> {
    prepare::<P>()?;
    let (width, height) = picture.size();
    let mut pixels = vec![0; width as usize * height as usize * 3];
    {
        let area = BitMapBackend::with_buffer(&mut pixels, (width, height)).into_drawing_area();
        picture.draw(&area).map_err(|error| failed::<P>(&error))?;
        area.present().map_err(|error| failed::<P>(&error))?;
    }
    let mut file = Vec::new();
    let encoder = image::codecs::png::PngEncoder::new(&mut file);
    encoder
        .write_image(&pixels, width, height, image::ExtendedColorType::Rgb8)
        .map_err(|error| failed::<P>(&error))?;
    Ok(file)
}

fn svg<P: Picture>(picture: &P) -> Result<Vec<u8>, Error> {
    prepare::<P>()?;
    let mut text = String::new();
    {
        let area = SVGBackend::with_string(&mut text, picture.size()).into_drawing_area();
        picture.draw(&area).map_err(|error| failed::<P>(&error))?;
        area.present().map_err(|error| failed::<P>(&error))?;
    }
    Ok(text.into_bytes())
}

/// Makes the bundled font known to plotters, which keeps fonts for the whole process.
fn prepare<P: Picture>() -> Result<(), Error> {
    const FONT: &[u8] = include_bytes!("../../font/Roboto-Regular.ttf");
    register_font(style::FONT, plotters::style::FontStyle::Normal, FONT)
        .map_err(|_| failed::<P>(&"the bundled font is damaged"))
}

fn failed<P: Picture>(problem: &impl ToString) -> Error {
    Error::Plot {
        name: P::NAME,
        problem: problem.to_string(),
    }
}
