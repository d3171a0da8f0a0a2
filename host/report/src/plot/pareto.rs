//! The front, and what it dominates.
//!
//! The first objective stands upward; each other objective has a panel of its own. A trial that was
//! turned away before it was trained has no accuracy: it is a tick on the lower edge.

use std::fmt::Display;

use onchip_search::metric::Metric;
use onchip_search::trial::{Outcome, Trial};
use onchip_search::wording::counted;
use plotters::backend::DrawingBackend;
use plotters::chart::ChartBuilder;
use plotters::coord::Shift;
use plotters::drawing::DrawingArea;
use plotters::element::{
    Circle, Cross, DynElement, EmptyElement, IntoDynElement as _, PathElement, Text, TriangleMarker,
};
use plotters::series::LineSeries;
use plotters::style::Color as _;

use super::style::{BEST, DOMINATED, FRONT, INFEASIBLE, PAPER, TEXT, TITLE, WIDTH, grid, text};
use super::{Drawn, Picture};
use crate::Report;
use crate::axis::{Axis, Span};
use crate::file::Error;

const PANEL_HEIGHT: u32 = 480;
const HEAD_HEIGHT: u32 = 64;

/// The same picture twice.
pub(crate) struct Plots {
    pub(crate) png: Vec<u8>,
    pub(crate) svg: Vec<u8>,
}

pub(crate) fn pareto<P: Display>(report: &Report<'_, P>) -> Result<Plots, Error> {
    let picture = Pareto::new(report);
    Ok(Plots {
        png: super::png(&picture)?,
        svg: super::svg(&picture)?,
    })
}

/// How a trial is marked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Mark {
    Infeasible,
    Dominated,
    Front,
    Best,
}

struct Pareto {
    title: String,
    subtitle: String,
    panels: Vec<Panel>,
}

/// One objective against the first.
struct Panel {
    across: Axis,
    upward: Axis,
    /// Trials of which both are known.
    points: Vec<(f64, f64, Mark)>,
    /// Trials of which only what is across is known.
    ticks: Vec<f64>,
    spans: Option<(Span, Span)>,
}

impl Pareto {
    fn new<P>(report: &Report<'_, P>) -> Self {
        let axes: Vec<_> = report.objectives.iter().copied().map(Axis::of).collect();
        // How good a network is stands upward, whatever its place among the objectives.
        let first = axes.iter().position(|axis| axis.is_quality()).unwrap_or(0);
        let upward = axes
            .get(first)
            .copied()
            .unwrap_or(Axis::of(Metric::ValidationAccuracy));
        let mut across: Vec<_> = axes
            .iter()
            .enumerate()
            .filter_map(|(index, axis)| (index != first).then_some(*axis))
            .collect();
        if across.is_empty() {
            across.push(Axis::of(Metric::Parameters));
        }
        let panels = across.into_iter();
        let panels = panels
            .map(|across| Panel::new(report, across, upward))
            .collect();
        let complete = report
            .trials
            .iter()
            .filter(|trial| is_complete(trial))
            .count();
        Self {
            title: report.name.to_owned(),
            subtitle: format!(
                "{}, {complete} complete, {} on the front; measured on {}",
                counted(report.trials.len(), "trial"),
                report.front.len(),
                report.measured_on,
            ),
            panels,
        }
    }
}

impl Pareto {
    /// Names the marks that occur.
    fn draw_legend<'a, DB: DrawingBackend + 'a>(&self, head: &DrawingArea<DB, Shift>) -> Drawn<DB> {
        let marks = [Mark::Best, Mark::Front, Mark::Dominated, Mark::Infeasible];
        let points = || self.panels.iter().flat_map(|panel| &panel.points);
        let is_used = |mark: &Mark| points().any(|point| point.2 == *mark);
        let mut x = WIDTH as i32 - 16;
        if self.panels.iter().any(|panel| !panel.ticks.is_empty()) {
            x -= 116;
            head.draw(&tick((x, 25)))?;
            head.draw(&Text::new("not trained", (x + 10, 20), text(TEXT)))?;
        }
        for mark in marks.into_iter().filter(is_used).rev() {
            x -= 96;
            head.draw(&mark.element((x, 20)))?;
            head.draw(&Text::new(mark.name(), (x + 12, 20), text(TEXT)))?;
        }
        Ok(())
    }
}

/// The mark of a trial that was turned away before it was trained: it grows up from `at`.
fn tick<'a, DB, C>(at: C) -> DynElement<'a, DB, C>
where
    DB: DrawingBackend + 'a,
    C: Clone + 'static,
{
    let line = PathElement::new([(0, 0), (0, -9)], INFEASIBLE.stroke_width(2));
    (EmptyElement::at(at) + line).into_dyn()
}

fn is_complete<P>(trial: &Trial<P>) -> bool {
    trial.outcome == Outcome::Complete
}

impl Panel {
    fn new<P>(report: &Report<'_, P>, across: Axis, upward: Axis) -> Self {
        let (mut points, mut ticks) = (Vec::new(), Vec::new());
        for trial in report.trials {
            let Some(x) = across.value(&trial.scores) else {
                continue;
            };
            match upward.value(&trial.scores) {
                Some(y) => points.push((x, y, Mark::of(report, trial))),
                None => ticks.push(x),
            }
        }
        // What matters most is drawn last.
        points.sort_by_key(|point| point.2);
        let xs = points.iter().map(|point| point.0);
        let xs = xs.chain(ticks.iter().copied());
        let ys = points.iter().map(|point| point.1);
        let spans = Span::around(xs).zip(Span::around(ys));
        Self {
            across,
            upward,
            points,
            ticks,
            spans,
        }
    }

    /// The front's points from left to right, as far as none of them is worse than one before it:
    /// the front of these two objectives alone.
    fn stairs(&self) -> Vec<(f64, f64)> {
        let is_front = |point: &&(f64, f64, Mark)| point.2 >= Mark::Front;
        let mut points: Vec<_> = self.points.iter().filter(is_front).collect();
        points.sort_by(|a, b| a.0.total_cmp(&b.0).then(b.1.total_cmp(&a.1)));
        let mut stairs: Vec<(f64, f64)> = Vec::new();
        for &&(x, y, _) in &points {
            match stairs.last() {
                Some(&(_, best)) if y <= best => {}
                Some(&(_, best)) => stairs.extend([(x, best), (x, y)]),
                None => stairs.push((x, y)),
            }
        }
        stairs
    }

    fn draw<'a, DB: DrawingBackend + 'a>(&self, area: &DrawingArea<DB, Shift>) -> Drawn<DB> {
        let Some((xs, ys)) = &self.spans else {
            let (across, upward) = (self.across.label, self.upward.label);
            let note = format!("no trial is known by {across} and {upward}");
            return area.draw(&Text::new(note, (70, 60), text(TEXT)));
        };
        let mut chart = ChartBuilder::on(area)
            .margin(14)
            .x_label_area_size(48)
            .y_label_area_size(64)
            .build_cartesian_2d(xs.clone(), ys.clone())?;
        chart
            .configure_mesh()
            .bold_line_style(grid())
            .light_line_style(PAPER)
            .x_labels(10)
            .y_labels(10)
            .x_desc(self.across.label)
            .y_desc(self.upward.label)
            .label_style(text(TEXT))
            .axis_desc_style(text(TEXT))
            .draw()?;
        // Quality grows upward; of two costs, less is better on both axes and there are no stairs.
        if self.upward.is_quality() {
            let line = FRONT.mix(0.6).stroke_width(2);
            chart.draw_series(LineSeries::new(self.stairs(), line))?;
        }
        let plane = chart.plotting_area();
        for &x in &self.ticks {
            plane.draw(&tick((x, ys.low())))?;
        }
        for &(x, y, mark) in &self.points {
            plane.draw(&mark.element((x, y)))?;
        }
        Ok(())
    }
}

impl Mark {
    fn of<P>(report: &Report<'_, P>, trial: &Trial<P>) -> Self {
        let is_best = report.best.is_some_and(|best| best.trial == trial.number);
        match trial.outcome {
            _ if is_best => Self::Best,
            Outcome::Complete if report.is_on_front(trial) => Self::Front,
            Outcome::Complete => Self::Dominated,
            Outcome::Infeasible(_) | Outcome::Failed(_) => Self::Infeasible,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Infeasible => "infeasible",
            Self::Dominated => "dominated",
            Self::Front => "front",
            Self::Best => "best",
        }
    }

    fn element<'a, DB, C>(self, at: C) -> DynElement<'a, DB, C>
    where
        DB: DrawingBackend + 'a,
        C: Clone + 'static,
    {
        match self {
            Self::Infeasible => Cross::new(at, 4, INFEASIBLE.stroke_width(2)).into_dyn(),
            Self::Dominated => Circle::new(at, 3, DOMINATED.stroke_width(1)).into_dyn(),
            Self::Front => Circle::new(at, 5, FRONT.filled()).into_dyn(),
            Self::Best => TriangleMarker::new(at, 9, BEST.filled()).into_dyn(),
        }
    }
}

impl Picture for Pareto {
    const NAME: &'static str = "pareto_plot";

    fn size(&self) -> (u32, u32) {
        (WIDTH, HEAD_HEIGHT + PANEL_HEIGHT * self.panels.len() as u32)
    }

    fn draw<'a, DB: DrawingBackend + 'a>(&self, area: &DrawingArea<DB, Shift>) -> Drawn<DB> {
        area.fill(&PAPER)?;
        let (head, body) = area.split_vertically(HEAD_HEIGHT);
        head.draw(&Text::new(self.title.as_str(), (16, 20), text(TITLE)))?;
        head.draw(&Text::new(self.subtitle.as_str(), (16, 46), text(TEXT)))?;
        self.draw_legend(&head)?;
        for (panel, area) in self
            .panels
            .iter()
            .zip(body.split_evenly((self.panels.len(), 1)))
        {
            panel.draw(&area)?;
        }
        Ok(())
    }
}
