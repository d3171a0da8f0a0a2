//! The chart: a bar per operator, on emulated chips stacked by what the cycles were spent on.

use plotters::backend::DrawingBackend;
use plotters::coord::Shift;
use plotters::drawing::DrawingArea;
use plotters::element::{PathElement, Rectangle, Text};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color as _, RGBColor};

use super::{Operator, Profile, causes};
use crate::file::Error;
use crate::plot::style::{FRONT, PAPER, TEXT, TITLE, grid, text};
use crate::plot::{Drawn, Picture};

/// Width of the picture in pixels: names to the left, bars, figures to the right.
const WIDTH: i32 = 1000;
const NAMES: i32 = 220;
const FIGURES: i32 = 200;
const BARS: i32 = WIDTH - NAMES - FIGURES;
/// Height of an operator's row, and of the bar in it.
const ROW: i32 = 24;
const BAR: i32 = 16;
/// Above the first panel, and of each panel above and below its rows.
const HEAD: i32 = 8;
const PANEL_HEAD: i32 = 66;
const PANEL_FOOT: i32 = 56;
/// Height of a line of the legend.
const LINE: i32 = 22;
/// Room that a word of the legend has.
const WORD: i32 = 238;

/// Colours that colour-blind readers can tell apart, in this order (Okabe and Ito, Color Universal
/// Design, 2008), and grey for the rest.
const COLOURS: [RGBColor; 7] = [
    FRONT,
    RGBColor(230, 159, 0),
    RGBColor(0, 158, 115),
    RGBColor(213, 94, 0),
    RGBColor(86, 180, 233),
    RGBColor(204, 121, 167),
    RGBColor(240, 228, 66),
];
const REST: RGBColor = RGBColor(150, 150, 150);

pub(super) fn png(profiles: &[Profile]) -> Result<Vec<u8>, Error> {
    crate::plot::png(&Chart::new(profiles))
}

struct Chart<'a> {
    profiles: &'a [Profile],
    /// What has a colour of its own.
    shown: Vec<&'static str>,
    /// Whether something has not.
    rest: bool,
}

impl<'a> Chart<'a> {
    fn new(profiles: &'a [Profile]) -> Self {
        let mut shown: Vec<_> = causes(profiles)
            .into_iter()
            .filter(|&(_, cycles)| cycles > 0)
            .map(|(cause, _)| cause)
            .collect();
        let rest = shown.len() > COLOURS.len();
        shown.truncate(COLOURS.len());
        Self {
            profiles,
            shown,
            rest,
        }
    }

    /// Words of the legend with their colours.
    fn words(&self) -> impl Iterator<Item = (&'static str, RGBColor)> {
        let shown = self.shown.iter().copied().zip(COLOURS);
        shown.chain(self.rest.then_some(("everything else", REST)))
    }

    fn legend_height(&self) -> i32 {
        let per_line = (WIDTH / WORD) as usize;
        LINE * self.words().count().div_ceil(per_line) as i32
    }

    /// The pieces of an operator's bar from left to right, in cycles.
    fn pieces(&self, operator: &Operator) -> Vec<(RGBColor, u64)> {
        let Some(executed) = &operator.executed else {
            return vec![(FRONT, operator.cycles)];
        };
        let of = |cause: &str| {
            let its = executed.causes.iter().filter(|(name, _)| *name == cause);
            let cycles: i64 = its.map(|(_, cycles)| *cycles).sum();
            cycles.max(0).cast_unsigned()
        };
        let mut left = operator.cycles;
        let mut pieces = Vec::new();
        for (cause, colour) in self.shown.iter().zip(COLOURS) {
            let cycles = of(cause).min(left);
            left -= cycles;
            pieces.push((colour, cycles));
        }
        pieces.push((REST, left));
        pieces
    }

    fn draw_legend<'d, DB: DrawingBackend + 'd>(&self, area: &DrawingArea<DB, Shift>) -> Drawn<DB> {
        let per_line = WIDTH / WORD;
        for ((word, colour), place) in self.words().zip(0..) {
            let (x, y) = (20 + place % per_line * WORD, HEAD + place / per_line * LINE);
            area.draw(&Rectangle::new(
                [(x, y + 4), (x + 13, y + 17)],
                colour.filled(),
            ))?;
            area.draw(&Text::new(word, (x + 20, y + 11), text(TEXT)))?;
        }
        Ok(())
    }

    /// A panel whose upper edge is at `top`.
    fn draw_panel<'d, DB: DrawingBackend + 'd>(
        &self,
        area: &DrawingArea<DB, Shift>,
        profile: &Profile,
        top: i32,
    ) -> Drawn<DB> {
        area.draw(&Text::new(
            profile.model.clone(),
            (20, top + 24),
            text(TITLE),
        ))?;
        let milliseconds = profile.cycles as f64 * 1e3 / f64::from(profile.clock_hz);
        let total = format!(
            "{}; {} cycles, {milliseconds:.3} ms",
            profile.measured_on,
            grouped(profile.cycles)
        );
        area.draw(&Text::new(total, (20, top + 46), text(TEXT)))?;

        let most = profile.operators.iter().map(|one| one.cycles).max();
        let step = step(most.unwrap_or(0));
        let end = most.unwrap_or(0).div_ceil(step).max(1) * step;
        let x = |cycles: u64| NAMES + (cycles as f64 / end as f64 * f64::from(BARS)) as i32;
        let first = top + PANEL_HEAD;
        let bottom = first + ROW * profile.operators.len() as i32;

        for mark in (0..=end).step_by(step as usize) {
            let line = PathElement::new([(x(mark), first), (x(mark), bottom + 4)], grid());
            area.draw(&line)?;
            let centred = text(TEXT).pos(Pos::new(HPos::Center, VPos::Center));
            area.draw(&Text::new(short(mark), (x(mark), bottom + 14), centred))?;
        }
        let what = text(TEXT).pos(Pos::new(HPos::Center, VPos::Center));
        let axis = match self.shown.as_slice() {
            [] => "cycles",
            _ => "cycles, coloured by what they were spent on",
        };
        area.draw(&Text::new(axis, (NAMES + BARS / 2, bottom + 32), what))?;

        for (operator, index) in profile.operators.iter().zip(0..) {
            let middle = first + ROW * index + ROW / 2;
            let right = text(TEXT).pos(Pos::new(HPos::Right, VPos::Center));
            let name = format!("{}  {index:>2}", operator.name);
            area.draw(&Text::new(name, (NAMES - 10, middle), right))?;
            let mut sum = 0;
            for (colour, cycles) in self.pieces(operator) {
                let (from, to) = (x(sum), x(sum + cycles));
                sum += cycles;
                if from < to {
                    let corners = [(from, middle - BAR / 2), (to, middle + BAR / 2)];
                    area.draw(&Rectangle::new(corners, colour.filled()))?;
                }
            }
            let figure = match operator.cycles_per_mac() {
                Some(ratio) => format!("{} ({ratio:.2}/MAC)", grouped(operator.cycles)),
                None => grouped(operator.cycles),
            };
            area.draw(&Text::new(
                figure,
                (x(operator.cycles) + 8, middle),
                text(TEXT),
            ))?;
        }
        Ok(())
    }
}

impl Picture for Chart<'_> {
    const NAME: &'static str = "profile";

    fn size(&self) -> (u32, u32) {
        let rows: usize = self.profiles.iter().map(|one| one.operators.len()).sum();
        let panels = self.profiles.len() as i32 * (PANEL_HEAD + PANEL_FOOT);
        let height = HEAD + self.legend_height() + panels + ROW * rows as i32;
        (WIDTH.cast_unsigned(), height.cast_unsigned())
    }

    fn draw<'a, DB: DrawingBackend + 'a>(&self, area: &DrawingArea<DB, Shift>) -> Drawn<DB> {
        area.fill(&PAPER)?;
        self.draw_legend(area)?;
        let mut top = HEAD + self.legend_height();
        for profile in self.profiles {
            self.draw_panel(area, profile, top)?;
            top += PANEL_HEAD + PANEL_FOOT + ROW * profile.operators.len() as i32;
        }
        Ok(())
    }
}

/// The distance of two marks on an axis up to `most`: 1, 2 or 5 of a power of ten, and at most
/// eight of them.
fn step(most: u64) -> u64 {
    let powers = (0..19).map(|power| 10_u64.pow(power));
    let steps = powers.flat_map(|power| [1, 2, 5].map(|factor| factor * power));
    steps
        .into_iter()
        .find(|step| most / step < 8)
        .unwrap_or(most)
}

/// A number of an axis: `250 k`, `1.5 M`.
fn short(number: u64) -> String {
    match number {
        0 => "0".to_owned(),
        1_000_000.. => format!("{} M", number as f64 / 1e6),
        1_000.. => format!("{} k", number as f64 / 1e3),
        _ => number.to_string(),
    }
}

/// Digits in groups of three.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let head = digits.len() % 3;
    let mut groups: Vec<&str> = (head..digits.len())
        .step_by(3)
        .map(|at| &digits[at..at + 3])
        .collect();
    if head > 0 {
        groups.insert(0, &digits[..head]);
    }
    groups.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::Executed;

    fn profile(causes: Option<&[(&'static str, i64)]>, cycles: u64) -> Profile {
        Profile {
            model: "model.tflite".to_owned(),
            measured_on: "a board".to_owned(),
            clock_hz: 1_000_000,
            cycles,
            operators: vec![Operator {
                name: "CONV_2D".to_owned(),
                cycles,
                macs: 10,
                weight_bytes: 0,
                input_bytes: 0,
                output_bytes: 0,
                executed: causes.map(|causes| Executed {
                    instructions: 1,
                    causes: causes.to_vec(),
                }),
            }],
        }
    }

    #[test]
    fn a_bar_is_as_long_as_its_operator_whatever_it_is_made_of() {
        const MANY: &[(&str, i64)] = &[
            ("a", 1),
            ("b", 90),
            ("c", 3),
            ("d", 4),
            ("e", 5),
            ("f", 6),
            ("g", 7),
            ("h", 2),
        ];
        for (causes, cycles, first, rest) in [
            (Some(&[("issue", 60), ("loads", 70)][..]), 130, 70, 0),
            // One of them has no colour.
            (Some(MANY), 118, 90, 1),
            (Some(&[("issue", 60), ("loads", -10)]), 50, 50, 0),
            (None, 55, 55, 0),
        ] {
            let profiles = [profile(causes, cycles)];
            let chart = Chart::new(&profiles);
            let pieces = chart.pieces(&profiles[0].operators[0]);
            assert_eq!(pieces.iter().map(|(_, cycles)| cycles).sum::<u64>(), cycles);
            assert_eq!(pieces[0], (COLOURS[0], first));
            let grey = pieces.iter().filter(|(colour, _)| *colour == REST);
            assert_eq!(grey.map(|(_, cycles)| cycles).sum::<u64>(), rest);
        }
    }

    #[test]
    fn axes_have_round_marks() {
        for (most, expected) in [(0, 1), (7, 1), (8, 2), (858_531, 200_000), (999, 200)] {
            assert_eq!(step(most), expected, "{most}");
        }
        let short = [0, 500, 2_500, 1_200_000].map(short);
        assert_eq!(short, ["0", "500", "2.5 k", "1.2 M"]);
        let grouped = [7, 999, 1_000, 1_234_567].map(grouped);
        assert_eq!(grouped, ["7", "999", "1,000", "1,234,567"]);
    }

    #[test]
    fn a_picture_has_a_row_per_operator() {
        let one = [profile(None, 40)];
        let two = [profile(None, 40), profile(Some(&[("issue", 40)]), 40)];
        let height = |profiles: &[Profile]| Chart::new(profiles).size().1 as i32;
        let panel = PANEL_HEAD + PANEL_FOOT + ROW;
        assert_eq!(height(&one), HEAD + panel);
        assert_eq!(height(&two), HEAD + LINE + 2 * panel);
        let file = png(&two).unwrap();
        assert_eq!(file[1..4], *b"PNG");
    }
}
