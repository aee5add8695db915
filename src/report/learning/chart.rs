//! One way to draw all charts: SVG, no fonts of the system, legible in print and without colours.

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
const COLOURS: [RGBColor; 6] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
];
/// Length and gap of the dashes that, with the markers, tell lines apart without colour; (0, 0) is solid.
const DASHES: [(i32, i32); 6] = [(0, 0), (8, 4), (2, 4), (14, 4), (5, 2), (2, 8)];
/// The plot with its axes, and the legend to the right of it.
const PLOT: u32 = 660;
const SIZE: (u32, u32) = (PLOT + 200, 440);
const FONT: (&str, i32) = ("sans-serif", 16);
const TITLE_FONT: (&str, i32) = ("sans-serif", 18);

/// How a scale runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scale {
    Linear,
    Logarithmic,
}

/// The values that an axis shows, as places on its scale: on a logarithmic one, decimal logarithms.
struct Span {
    scale: Scale,
    places: Range<f64>,
}

impl Span {
    /// From the smallest to the largest value, and a little more.
    fn of(scale: Scale, values: impl Iterator<Item = f64>) -> Self {
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
        Span { scale, places }
    }

    fn width(&self) -> f64 {
        self.places.end - self.places.start
    }

    /// Does a logarithmic scale show nothing but powers of ten?
    fn is_long(&self) -> bool {
        self.width() > 2.5
    }

    /// The powers of ten of a logarithmic scale, with 2 and 5 times them on a short one.
    fn powers(&self) -> Vec<f64> {
        let exponents = self.places.start.floor() as i32..=self.places.end.ceil() as i32;
        let (every, factors): (i32, &[f64]) = match self.is_long() {
            true => ((self.width() / 8.0).ceil() as i32, &[1.0]),
            false => (1, &[1.0, 2.0, 5.0]),
        };
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
        // A scale much shorter than a factor of ten holds too few powers of it.
        if self.scale == Scale::Linear || self.width() < 0.8 {
            return RangedCoordf64::from(self.range()).key_points(hint);
        }
        self.powers()
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

type Chart<'a> = ChartContext<'a, SVGBackend<'a>, Cartesian2d<Span, Span>>;
type DrawError = DrawingAreaErrorKind<std::io::Error>;

/// Draws curves.
pub(super) fn draw(
    title: &str,
    x: &Axis,
    y: &Axis,
    curves: &[Curve],
) -> Result<String, ChartError> {
    let mut svg = String::new();
    draw_into(&mut svg, title, x, y, curves).map_err(fault)?;
    Ok(svg)
}

fn draw_into(
    svg: &mut String,
    title: &str,
    x: &Axis,
    y: &Axis,
    curves: &[Curve],
) -> Result<(), DrawError> {
    let points = || curves.iter().flat_map(|curve| &curve.points);
    let bands = curves.iter().flat_map(|curve| &curve.band);
    let heights = bands.flat_map(|(low, high)| [*low, *high]);
    let across = Span::of(x.scale, points().map(|point| point.0));
    let up = Span::of(y.scale, points().map(|point| point.1).chain(heights));
    let area = SVGBackend::with_string(svg, SIZE).into_drawing_area();
    area.fill(&WHITE)?;
    let (plot, beside) = area.split_horizontally(PLOT);
    let mut chart = ChartBuilder::on(&plot)
        .margin(14)
        .caption(title, TITLE_FONT)
        .x_label_area_size(52)
        .y_label_area_size(84)
        .build_cartesian_2d(across, up)?;
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(BLACK.mix(0.12))
        .x_desc(x.title.as_str())
        .y_desc(y.title.as_str())
        .axis_desc_style(TITLE_FONT)
        .label_style(FONT)
        .draw()?;
    for (index, curve) in curves.iter().enumerate() {
        add(&mut chart, index, curve)?;
    }
    for (index, curve) in curves.iter().enumerate() {
        let height = 56 + 24 * index as i32;
        if curve.style == Style::Line {
            beside.draw(&stroke(index, vec![(0, height), (36, height)]))?;
        }
        for element in marker(index, &(18, height)) {
            beside.draw(&element)?;
        }
        beside.draw(&Text::new(curve.name.as_str(), (44, height - 7), FONT))?;
    }
    area.present()
}

fn add(chart: &mut Chart, index: usize, curve: &Curve) -> Result<(), DrawError> {
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
