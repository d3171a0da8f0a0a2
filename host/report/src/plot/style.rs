//! What plots have in common: letters, colours, sizes.
//!
//! Colours are Okabe and Ito's, which colour-blind readers can tell apart (Color Universal Design,
//! 2008); points differ in shape as well.

use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color as _, IntoFont as _, RGBAColor, RGBColor, TextStyle};

/// The name under which the bundled font is known; an SVG file is shown with the reader's own.
pub(crate) const FONT: &str = "sans-serif";

pub(crate) const INK: RGBColor = RGBColor(40, 40, 40);
pub(crate) const PAPER: RGBColor = RGBColor(255, 255, 255);
pub(crate) const FRONT: RGBColor = RGBColor(0, 114, 178);
pub(crate) const DOMINATED: RGBColor = RGBColor(110, 110, 110);
pub(crate) const INFEASIBLE: RGBColor = RGBColor(213, 94, 0);
pub(crate) const BEST: RGBColor = RGBColor(0, 158, 115);

/// Width of a picture in pixels.
pub(crate) const WIDTH: u32 = 800;

pub(crate) const TITLE: i32 = 20;
pub(crate) const TEXT: i32 = 15;

pub(crate) fn grid() -> RGBAColor {
    INK.mix(0.12)
}

pub(crate) fn text(size: i32) -> TextStyle<'static> {
    let anchor = Pos::new(HPos::Left, VPos::Center);
    let style: TextStyle<'static> = (FONT, size).into_font().into();
    style.color(&INK).pos(anchor)
}
