//! How the front grew.

use plotters::backend::DrawingBackend;
use plotters::chart::ChartBuilder;
use plotters::coord::Shift;
use plotters::drawing::DrawingArea;
use plotters::element::Text;
use plotters::series::LineSeries;
use plotters::style::Color as _;

use super::style::{FRONT, PAPER, TEXT, TITLE, WIDTH, grid, text};
use super::{Drawn, Picture};
use crate::Report;
use crate::axis::Span;
use crate::file::Error;

const HEIGHT: u32 = 420;

pub(crate) fn hypervolume<P>(report: &Report<'_, P>) -> Result<Vec<u8>, Error> {
    super::png(&Growth {
        title: format!("{}: hypervolume of the front", report.name),
        history: report.hypervolume.to_vec(),
    })
}

struct Growth {
    title: String,
    /// After each trial.
    history: Vec<f64>,
}

impl Picture for Growth {
    const NAME: &'static str = "hypervolume";

    fn size(&self) -> (u32, u32) {
        (WIDTH, HEIGHT)
    }

    fn draw<'a, DB: DrawingBackend + 'a>(&self, area: &DrawingArea<DB, Shift>) -> Drawn<DB> {
        area.fill(&PAPER)?;
        area.draw(&Text::new(self.title.as_str(), (16, 22), text(TITLE)))?;
        let trials = Span::around([0.0, self.history.len() as f64].into_iter());
        let volumes = Span::around(std::iter::once(0.0).chain(self.history.iter().copied()));
        let Some((trials, volumes)) = trials.zip(volumes) else {
            return Ok(());
        };
        let mut chart = ChartBuilder::on(area)
            .margin(14)
            .margin_top(44)
            .x_label_area_size(48)
            .y_label_area_size(72)
            .build_cartesian_2d(trials, volumes)?;
        chart
            .configure_mesh()
            .bold_line_style(grid())
            .light_line_style(PAPER)
            .x_labels(10)
            .y_labels(8)
            .x_desc("trials")
            .y_desc("hypervolume")
            .label_style(text(TEXT))
            .axis_desc_style(text(TEXT))
            .draw()?;
        // The front changes when a trial is complete, and stays until the next one is.
        let mut steps = vec![(0.0, 0.0)];
        let mut before = 0.0;
        for (trial, &volume) in self.history.iter().enumerate() {
            let after = (trial + 1) as f64;
            steps.extend([(after, before), (after, volume)]);
            before = volume;
        }
        chart.draw_series(LineSeries::new(steps, FRONT.stroke_width(2)))?;
        Ok(())
    }
}
