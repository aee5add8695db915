//! One way to draw all charts: SVG, no fonts of the system, legible in print and without colours.

use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;
use plotters::style::RGBColor;
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
/// Length and gap of the dashes that tell lines apart without colour; (0, 0) is solid.
const DASHES: [(i32, i32); 6] = [(0, 0), (8, 4), (2, 4), (14, 4), (5, 2), (2, 8)];
const SIZE: (u32, u32) = (760, 460);

/// How a scale runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scale {
    Linear,
    Logarithmic,
}

impl Scale {
    fn place(self, value: f64) -> f64 {
        match self {
            Scale::Linear => value,
            Scale::Logarithmic => value.max(1e-300).log10(),
        }
    }

    fn label(self, place: f64) -> String {
        match self {
            Scale::Linear => {
                let text = super::number((place * 1e6).round() / 1e6);
                match text.contains('.') && !text.contains('e') {
                    true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
                    false => text,
                }
            }
            Scale::Logarithmic => super::number(10f64.powf(place)),
        }
    }
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

type Chart<'a> = ChartContext<'a, SVGBackend<'a>, Cartesian2d<RangedCoordf64, RangedCoordf64>>;

/// Draws curves.
pub(super) fn draw(
    title: &str,
    x: &Axis,
    y: &Axis,
    curves: &[Curve],
) -> Result<String, ChartError> {
    let placed: Vec<Curve> = curves
        .iter()
        .map(|curve| place(curve, x.scale, y.scale))
        .collect();
    let xs = placed
        .iter()
        .flat_map(|curve| curve.points.iter().map(|point| point.0));
    let bands = |curve: &Curve| {
        curve
            .band
            .iter()
            .flat_map(|(low, high)| [*low, *high])
            .collect::<Vec<_>>()
    };
    let ys = placed.iter().flat_map(|curve| {
        let points = curve.points.iter().map(|point| point.1);
        points.chain(bands(curve)).collect::<Vec<_>>()
    });
    let (x_range, mut y_range) = (range(xs, 0.02), range(ys, 0.06));
    // Room for the legend.
    y_range.end += 0.07 * curves.len() as f64 * (y_range.end - y_range.start);
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
        area.fill(&WHITE).map_err(fault)?;
        let mut chart = ChartBuilder::on(&area)
            .margin(14)
            .caption(title, ("sans-serif", 19))
            .x_label_area_size(52)
            .y_label_area_size(84)
            .build_cartesian_2d(x_range, y_range)
            .map_err(fault)?;
        chart
            .configure_mesh()
            .light_line_style(TRANSPARENT)
            .bold_line_style(BLACK.mix(0.12))
            .x_desc(x.title.as_str())
            .y_desc(y.title.as_str())
            .axis_desc_style(("sans-serif", 16))
            .label_style(("sans-serif", 14))
            .x_label_formatter(&|value| x.scale.label(*value))
            .y_label_formatter(&|value| y.scale.label(*value))
            .draw()
            .map_err(fault)?;
        for (index, curve) in placed.iter().enumerate() {
            add(&mut chart, index, curve).map_err(fault)?;
        }
        chart
            .configure_series_labels()
            .background_style(WHITE.mix(0.85))
            .border_style(BLACK.mix(0.3))
            .label_font(("sans-serif", 14))
            .position(SeriesLabelPosition::UpperRight)
            .draw()
            .map_err(fault)?;
        area.present().map_err(fault)?;
    }
    Ok(svg)
}

fn place(curve: &Curve, x: Scale, y: Scale) -> Curve {
    Curve {
        name: curve.name.clone(),
        points: curve
            .points
            .iter()
            .map(|point| (x.place(point.0), y.place(point.1)))
            .collect(),
        band: curve
            .band
            .iter()
            .map(|ends| (y.place(ends.0), y.place(ends.1)))
            .collect(),
        style: curve.style,
    }
}

/// From the smallest to the largest value, and a little more.
fn range(values: impl Iterator<Item = f64>, margin: f64) -> std::ops::Range<f64> {
    let finite = values.filter(|value| value.is_finite());
    let (low, high) = finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
        (low.min(value), high.max(value))
    });
    if low > high {
        return 0.0..1.0;
    }
    let reach = if high > low {
        high - low
    } else {
        low.abs().max(1.0)
    };
    low - margin * reach..high + margin * reach
}

fn add<'a>(
    chart: &mut Chart<'a>,
    index: usize,
    curve: &Curve,
) -> Result<(), DrawingAreaErrorKind<std::io::Error>> {
    let colour = COLOURS[index % COLOURS.len()];
    let (dash, gap) = DASHES[index % DASHES.len()];
    if !curve.band.is_empty() {
        let up = curve
            .points
            .iter()
            .zip(&curve.band)
            .map(|(point, band)| (point.0, band.1));
        let down = curve
            .points
            .iter()
            .zip(&curve.band)
            .map(|(point, band)| (point.0, band.0));
        let outline: Vec<(f64, f64)> = up.chain(down.rev()).collect();
        chart.draw_series([Polygon::new(outline, colour.mix(0.15))])?;
    }
    let points = curve.points.clone();
    let every = match curve.style {
        Style::Line => (points.len() / 6).max(1),
        Style::Points => 1,
    };
    let marked = points.iter().copied().skip(every / 2).step_by(every);
    let marks: Vec<(f64, f64)> = marked.collect();
    if curve.style == Style::Line {
        let stroke = colour.stroke_width(2);
        if dash == 0 {
            chart.draw_series(LineSeries::new(points, stroke))?;
        } else {
            chart.draw_series(DashedLineSeries::new(points, dash, gap, stroke))?;
        }
    }
    let name = curve.name.as_str();
    let filled = colour.filled();
    let hollow = colour.stroke_width(2);
    let drawn = match index % 4 {
        0 => chart.draw_series(marks.iter().map(|at| Circle::new(*at, 4, filled)))?,
        1 => chart.draw_series(marks.iter().map(|at| TriangleMarker::new(*at, 5, filled)))?,
        2 => chart.draw_series(marks.iter().map(|at| Cross::new(*at, 4, hollow)))?,
        _ => chart.draw_series(marks.iter().map(|at| Circle::new(*at, 4, hollow)))?,
    };
    drawn.label(name);
    match index % 4 {
        0 => drawn.legend(move |at| EmptyElement::at(at) + Circle::new((12, 0), 4, filled)),
        1 => drawn.legend(move |at| EmptyElement::at(at) + TriangleMarker::new((12, 0), 5, filled)),
        2 => drawn.legend(move |at| EmptyElement::at(at) + Cross::new((12, 0), 4, hollow)),
        _ => drawn.legend(move |at| EmptyElement::at(at) + Circle::new((12, 0), 4, hollow)),
    };
    Ok(())
}
