//! Reads against depth as an SVG figure.

use plotters::prelude::*;
use std::ops::Range;

use super::bench::Curve;

const SIZE: (u32, u32) = (720, 440);
const COLOURS: [RGBColor; 4] = [
    RGBColor(0, 114, 178),
    RGBColor(0, 158, 115),
    RGBColor(213, 94, 0),
    RGBColor(120, 120, 120),
];

/// The curves on logarithmic axes.
///
/// # Errors
/// What the drawing library says.
pub fn plot_reads(curves: &[Curve]) -> Result<String, String> {
    let mut svg = String::new();
    draw(curves, &mut svg).map_err(|fault| fault.to_string())?;
    Ok(svg)
}

fn draw(curves: &[Curve], svg: &mut String) -> Result<(), Box<dyn std::error::Error>> {
    let area = SVGBackend::with_string(svg, SIZE).into_drawing_area();
    area.fill(&WHITE)?;
    let font = ("sans-serif", 15);
    let depth: Range<f64> = 2.0..220.0;
    let reads: Range<f64> = 1.0..1e5;
    let mut chart = ChartBuilder::on(&area)
        .margin(12)
        .caption(
            "Reads of all the weights to a deficit of 1e-12, width 64",
            ("sans-serif", 17),
        )
        .x_label_area_size(42)
        .y_label_area_size(64)
        .build_cartesian_2d(depth.log_scale(), reads.log_scale())?;
    chart
        .configure_mesh()
        .light_line_style(WHITE)
        .x_desc("layers of weights")
        .y_desc("reads")
        .label_style(font)
        .draw()?;
    for (curve, colour) in curves.iter().zip(COLOURS) {
        let style = colour.stroke_width(2);
        chart
            .draw_series(LineSeries::new(curve.points.iter().copied(), style).point_size(3))?
            .label(curve.name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 20, y)], style));
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperLeft)
        .background_style(WHITE)
        .border_style(BLACK.mix(0.3))
        .label_font(font)
        .draw()?;
    area.present()?;
    Ok(())
}
