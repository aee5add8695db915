//! One way to draw all charts: SVG, no fonts of the system, legible in print and without colours.

#![cfg_attr(
    not(feature = "learn"),
    allow(
        dead_code,
        reason = "pages and linear scales are those of learning experiments"
    )
)]

use plotters::coord::Shift;
use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};
use plotters::coord::types::RangedCoordf64;
use plotters::element::{DashedPathElement, DynElement, IntoDynElement};
use plotters::prelude::*;
use plotters::style::RGBColor;
use std::ops::Range;
use thiserror::Error;

/// Drawing failed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("a picture could not be drawn: {0}")]
pub struct ChartError(String);

fn fault(fault: impl std::fmt::Display) -> ChartError {
    ChartError(fault.to_string())
}

/// Okabe and Ito's colours, which colour-blind readers can tell apart.
const COLOURS: [RGBColor; 7] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
    RGBColor(0, 0, 0),
];
/// Length and gap of the dashes that, with the markers, tell lines apart without colour; (0, 0) is solid. One more than
/// there are markers, so that the seventh line looks like none before it.
const DASHES: [(i32, i32); 7] = [(0, 0), (8, 4), (2, 4), (14, 4), (5, 2), (2, 8), (20, 8)];
/// The plot with its axes, and the legend to the right of it.
const PLOT: u32 = 660;
const SIZE: (u32, u32) = (PLOT + 200, 440);
/// The plot alone, small enough that its letters can be read on a telephone.
const BARE: (u32, u32) = (400, 280);
const SWATCH: (u32, u32) = (40, 18);
const FONT: (&str, i32) = ("sans-serif", 16);
const TITLE_FONT: (&str, i32) = ("sans-serif", 18);
/// What ticks within a power of ten may stand at, from few to many.
const STEPS: [&[f64]; 3] = [
    &[1.0, 2.0, 5.0],
    &[1.0, 1.5, 2.0, 3.0, 5.0, 7.0],
    &[1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0],
];
/// So many ticks are enough to read a value.
const ENOUGH: usize = 4;
/// What a letter of `FONT` takes, at most, and the least between two numbers at the horizontal axis.
const LETTER: f64 = 10.0;
const GAP: f64 = 6.0;

/// How a scale runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scale {
    Linear,
    Logarithmic,
}

/// The values that an axis shows, as places on its scale: on a logarithmic one, decimal logarithms.
pub(super) struct Span {
    scale: Scale,
    places: Range<f64>,
    /// The length of a horizontal axis in pixels: numbers stand side by side there, so that wide ones need room.
    length: Option<f64>,
}

impl Span {
    /// From the smallest to the largest value, and a little more.
    pub(super) fn of(scale: Scale, values: impl Iterator<Item = f64>) -> Self {
        let places = values.map(|value| scale.place(value));
        let finite = places.filter(|place| place.is_finite());
        let (low, high) = finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), place| {
            (low.min(place), high.max(place))
        });
        let reach = match high > low {
            true => high - low,
            false => 1.0,
        };
        let places = match low > high {
            true => 0.0..1.0,
            false => low - 0.04 * reach..high + 0.04 * reach,
        };
        Span {
            scale,
            places,
            length: None,
        }
    }

    /// As a horizontal axis of so many pixels.
    fn across(self, length: u32) -> Self {
        Span {
            length: Some(f64::from(length)),
            ..self
        }
    }

    /// Do the numbers at these ticks leave each other room?
    fn has_room(&self, ticks: &[f64]) -> bool {
        let Some(length) = self.length else {
            return true;
        };
        let half = |tick: f64| self.format_ext(&tick).chars().count() as f64 * LETTER / 2.0;
        ticks.windows(2).all(|pair| {
            let apart = self.scale.place(pair[1]) - self.scale.place(pair[0]);
            apart / self.width() * length >= half(pair[0]) + half(pair[1]) + GAP
        })
    }

    /// Every tick, or every second, third, ... until they have room.
    fn thinned(&self, ticks: &[f64]) -> Vec<f64> {
        let every = |step: usize| ticks.iter().copied().step_by(step).collect::<Vec<_>>();
        let mut found = (1..ticks.len()).map(every);
        found
            .find(|ticks| self.has_room(ticks))
            .unwrap_or_else(|| every(ticks.len().max(1)))
    }

    /// With room at its upper end for a legend.
    pub(super) fn raised(mut self) -> Self {
        self.places.end += (0.1 * self.width()).max(0.3);
        self
    }

    /// On a logarithmic scale, in powers of ten.
    pub(super) fn width(&self) -> f64 {
        self.places.end - self.places.start
    }

    /// Does a logarithmic scale show nothing but powers of ten?
    fn is_long(&self) -> bool {
        self.width() > 2.5
    }

    /// The ticks of a logarithmic scale: powers of ten, on a short one with as few of their multiples as are enough;
    /// none if even all are not.
    fn powers(&self) -> Vec<f64> {
        if self.is_long() {
            let most = [1, 2, 5, 10, 20, 50];
            let enough = most
                .into_iter()
                .find(|every| self.width() <= 8.0 * f64::from(*every));
            return self.multiples(enough.unwrap_or(100), &[1.0]);
        }
        let found = STEPS.map(|factors| self.multiples(1, factors));
        let enough = found.iter().find(|ticks| ticks.len() >= ENOUGH);
        let Some(enough) = enough else {
            return Vec::new();
        };
        // Fewer round numbers before every second of many.
        let roomy = found
            .iter()
            .rfind(|ticks| ticks.len() > 1 && ticks.len() <= enough.len() && self.has_room(ticks));
        roomy.unwrap_or(enough).clone()
    }

    fn multiples(&self, every: i32, factors: &[f64]) -> Vec<f64> {
        let exponents = self.places.start.floor() as i32..=self.places.end.ceil() as i32;
        exponents
            .filter(|exponent| exponent % every == 0)
            .flat_map(|exponent| factors.iter().map(move |f| f * 10f64.powi(exponent)))
            .filter(|value| self.places.contains(&value.log10()))
            .collect()
    }
}

impl Scale {
    fn place(self, value: f64) -> f64 {
        match self {
            Scale::Linear => value,
            Scale::Logarithmic => value.max(1e-300).log10(),
        }
    }

    fn value(self, place: f64) -> f64 {
        match self {
            Scale::Linear => place,
            Scale::Logarithmic => 10f64.powf(place),
        }
    }
}

impl Ranged for Span {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        RangedCoordf64::from(self.places.clone()).map(&self.scale.place(*value), limit)
    }

    /// Where ticks stand: at round values.
    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        let powers = match self.scale {
            Scale::Linear => Vec::new(),
            Scale::Logarithmic => self.powers(),
        };
        match powers.is_empty() {
            true => self.thinned(&RangedCoordf64::from(self.range()).key_points(hint)),
            false => self.thinned(&powers),
        }
    }

    fn range(&self) -> Range<f64> {
        self.scale.value(self.places.start)..self.scale.value(self.places.end)
    }
}

impl ValueFormatter<f64> for Span {
    fn format(value: &f64) -> String {
        plain(*value)
    }

    fn format_ext(&self, value: &f64) -> String {
        match self.scale {
            Scale::Linear if value.abs() < 1e-9 * self.width() => "0".to_owned(),
            Scale::Logarithmic if self.is_long() => power_of_ten(value.log10().round() as i32),
            _ => plain(*value),
        }
    }
}

/// A number without the noise of its last bits.
fn plain(value: f64) -> String {
    let rounded: f64 = format!("{value:.6e}").parse().unwrap_or(value);
    rounded.to_string()
}

fn power_of_ten(exponent: i32) -> String {
    let raised = exponent.to_string();
    let raised = raised.chars().map(|letter| match letter.to_digit(10) {
        Some(digit) => ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'][digit as usize],
        None => '⁻',
    });
    format!("10{}", raised.collect::<String>())
}

/// An axis: what it shows, with its unit.
#[derive(Debug, Clone)]
pub(super) struct Axis {
    pub(super) title: String,
    pub(super) scale: Scale,
}

/// How points are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// A line with a marker now and then.
    Line,
    /// Markers only.
    Points,
}

/// A series of points, with a band between two heights at each where one is known.
#[derive(Debug, Clone)]
pub(super) struct Curve {
    pub(super) name: String,
    pub(super) points: Vec<(f64, f64)>,
    pub(super) band: Vec<(f64, f64)>,
    pub(super) style: Style,
}

/// What a chart shows.
#[derive(Debug, Clone)]
pub(super) struct Chart {
    pub(super) title: String,
    pub(super) x: Axis,
    pub(super) y: Axis,
    pub(super) curves: Vec<Curve>,
}

type Context<'a> = ChartContext<'a, SVGBackend<'a>, Cartesian2d<Span, Span>>;
type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type DrawError = DrawingAreaErrorKind<std::io::Error>;

impl Chart {
    /// The picture with everything that is needed to read it: a file of its own.
    pub(super) fn whole(&self) -> Result<String, ChartError> {
        picture(SIZE, |area| {
            area.fill(&WHITE)?;
            let (plot, beside) = area.split_horizontally(PLOT);
            self.plot(&plot, true)?;
            for (index, curve) in self.curves.iter().enumerate() {
                let height = 56 + 24 * index as i32;
                swatch(&beside, index, curve.style, height)?;
                beside.draw(&Text::new(curve.name.as_str(), (44, height - 7), FONT))?;
            }
            Ok(())
        })
    }

    /// The plot and the numbers at its axes, for a page that says the rest.
    pub(super) fn bare(&self) -> Result<String, ChartError> {
        picture(BARE, |area| self.plot(area, false))
    }

    /// The names of the curves, each with a picture of its line.
    pub(super) fn legend(&self) -> Result<Vec<(String, String)>, ChartError> {
        let entry = |(index, curve): (usize, &Curve)| {
            let drawn = picture(SWATCH, |area| swatch(area, index, curve.style, 9));
            drawn.map(|svg| (curve.name.clone(), svg))
        };
        self.curves.iter().enumerate().map(entry).collect()
    }

    fn plot(&self, area: &Area, with_titles: bool) -> Result<(), DrawError> {
        let points = || self.curves.iter().flat_map(|curve| &curve.points);
        let bands = self.curves.iter().flat_map(|curve| &curve.band);
        let heights = bands.flat_map(|(low, high)| [*low, *high]);
        let (margin, beside, below) = match with_titles {
            true => ((14, 14), 84, 52),
            false => ((10, 18), 56, 28),
        };
        let length = area.dim_in_pixel().0 - margin.0 - margin.1 - beside;
        let across = Span::of(self.x.scale, points().map(|point| point.0)).across(length);
        let up = Span::of(self.y.scale, points().map(|point| point.1).chain(heights));
        let mut builder = ChartBuilder::on(area);
        builder
            .margin(margin.0)
            .margin_right(margin.1)
            .x_label_area_size(below)
            .y_label_area_size(beside);
        if with_titles {
            builder.caption(&self.title, TITLE_FONT);
        }
        let mut chart = builder.build_cartesian_2d(across, up)?;
        let mut mesh = chart.configure_mesh();
        mesh.light_line_style(TRANSPARENT)
            .bold_line_style(BLACK.mix(0.12))
            .x_labels(if with_titles { 10 } else { 6 })
            .y_labels(if with_titles { 10 } else { 7 })
            .axis_desc_style(TITLE_FONT)
            .label_style(FONT);
        if with_titles {
            mesh.x_desc(&self.x.title).y_desc(&self.y.title);
        }
        mesh.draw()?;
        for (index, curve) in self.curves.iter().enumerate() {
            add(&mut chart, index, curve)?;
        }
        Ok(())
    }
}

fn picture(
    size: (u32, u32),
    draw: impl FnOnce(&Area) -> Result<(), DrawError>,
) -> Result<String, ChartError> {
    let mut svg = String::new();
    let area = SVGBackend::with_string(&mut svg, size).into_drawing_area();
    draw(&area).and_then(|()| area.present()).map_err(fault)?;
    drop(area);
    Ok(svg)
}

/// A line of the legend, without its name.
fn swatch(area: &Area, index: usize, style: Style, height: i32) -> Result<(), DrawError> {
    if style == Style::Line {
        area.draw(&stroke(index, vec![(0, height), (36, height)]))?;
    }
    for element in marker(index, &(18, height)) {
        area.draw(&element)?;
    }
    Ok(())
}

fn add(chart: &mut Context, index: usize, curve: &Curve) -> Result<(), DrawError> {
    let ends = || curve.points.iter().zip(&curve.band);
    if !curve.band.is_empty() {
        let up = ends().map(|(point, band)| (point.0, band.1));
        let down = ends().map(|(point, band)| (point.0, band.0));
        let outline: Vec<(f64, f64)> = up.chain(down.rev()).collect();
        chart.draw_series([Polygon::new(outline, colour(index).mix(0.15))])?;
    }
    let every = match curve.style {
        Style::Line => (curve.points.len() / 6).max(1),
        Style::Points => 1,
    };
    if curve.style == Style::Line {
        chart.draw_series([stroke(index, curve.points.clone())])?;
    }
    // Markers of different curves stand at different places, so that none hides another where curves meet.
    let first = every * (1 + 2 * (index % 6)) / 12;
    let marked = curve.points.iter().skip(first).step_by(every);
    chart.draw_series(marked.flat_map(|at| marker(index, at)))?;
    Ok(())
}

type Element<'a, C> = DynElement<'static, SVGBackend<'a>, C>;

fn colour(index: usize) -> RGBColor {
    COLOURS[index % COLOURS.len()]
}

/// The line of a curve, in the plot and in the legend.
fn stroke<'a, C: Clone + 'static>(index: usize, points: Vec<C>) -> Element<'a, C> {
    let style = colour(index).stroke_width(2);
    match DASHES[index % DASHES.len()] {
        (0, _) => PathElement::new(points, style).into_dyn(),
        (dash, gap) => DashedPathElement::new(points, dash, gap, style).into_dyn(),
    }
}

/// The marker of a curve, in the plot and in the legend.
fn marker<'a, C: Clone + 'static>(index: usize, at: &C) -> Vec<Element<'a, C>> {
    let filled = colour(index).filled();
    let hollow = colour(index).stroke_width(2);
    let circle = |size: i32, style: ShapeStyle| Circle::new(at.clone(), size, style).into_dyn();
    let cross = || Cross::new(at.clone(), 4, hollow).into_dyn();
    match index % 6 {
        0 => vec![circle(4, filled)],
        1 => vec![TriangleMarker::new(at.clone(), 6, filled).into_dyn()],
        2 => vec![cross()],
        3 => vec![circle(4, hollow)],
        4 => vec![circle(6, hollow), circle(2, filled)],
        _ => vec![cross(), circle(6, hollow)],
    }
}
