//! The ranges of channels by layer, before and after, as an SVG figure.

use plotters::coord::ranged1d::Ranged;
use plotters::prelude::*;

use super::chart::{Scale, Span};
use super::layers::short_names;
use crate::formats::MeasuredLayer;

/// Height, and what lies beside the layers.
const HEIGHT: u32 = 480;
const MARGIN: u32 = 110;

/// Pixels for each layer, and the most for all of them.
const STEP: u32 = 34;
const WIDEST: u32 = 2_400;
const NARROWEST: u32 = 640;

const BEFORE: RGBColor = RGBColor(90, 90, 90);
const AFTER: RGBColor = RGBColor(0, 114, 178);

/// A bar for each layer and side: from the smallest to the largest range of a channel, with a mark at the median. Bars
/// before are hollow, those after are filled.
///
/// # Errors
/// What the drawing library says; a model without layers.
pub fn plot_layers(layers: &[MeasuredLayer], title: &str) -> Result<String, String> {
    if layers.is_empty() {
        return Err("no layer has weights to draw".into());
    }
    let mut svg = String::new();
    draw(layers, title, &mut svg).map_err(|fault| fault.to_string())?;
    Ok(svg)
}

fn draw(
    layers: &[MeasuredLayer],
    title: &str,
    svg: &mut String,
) -> Result<(), Box<dyn std::error::Error>> {
    let count = layers.len() as u32;
    let width = count
        .saturating_mul(STEP)
        .saturating_add(MARGIN)
        .clamp(NARROWEST, WIDEST);
    let area = SVGBackend::with_string(svg, (width, HEIGHT)).into_drawing_area();
    area.fill(&WHITE)?;
    let sides = layers
        .iter()
        .flat_map(|layer| [Some(layer.before), layer.after]);
    let ends = sides
        .flatten()
        .flat_map(|figures| [figures.ranges[0], figures.ranges[2]]);
    let ends = ends.filter(|end| *end > 0.0);
    // The legend stands above the bars.
    let ranges = Span::of(Scale::Logarithmic, ends).raised();
    let lowest = ranges.range().start;
    // Some pixels at least.
    let thin = 10f64
        .powf(1.5 * ranges.width() / f64::from(HEIGHT - 190))
        .max(1.05);
    let names = short_names(layers);
    let mut chart = ChartBuilder::on(&area)
        .margin(12)
        .caption(title, ("sans-serif", 17))
        .x_label_area_size(150)
        .y_label_area_size(64)
        .build_cartesian_2d(-0.5..f64::from(count) - 0.5, ranges)?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .light_line_style(WHITE)
        .x_labels(0)
        .y_desc("largest |w| of a channel")
        .label_style(("sans-serif", 13))
        .draw()?;
    for (place, layer) in layers.iter().enumerate() {
        bar(
            &mut chart,
            place as f64 - 0.19,
            (&layer.before.ranges, thin),
            false,
        )?;
        if let Some(after) = &layer.after {
            bar(&mut chart, place as f64 + 0.19, (&after.ranges, thin), true)?;
        }
    }
    let step = layers.len().div_ceil(((WIDEST - MARGIN) / 16) as usize);
    let font = ("sans-serif", 12)
        .into_font()
        .transform(FontTransform::Rotate90);
    let plain = chart.plotting_area().get_pixel_range();
    for (place, name) in names.iter().enumerate().step_by(step.max(1)) {
        let (x, _) = chart.backend_coord(&(place as f64, lowest));
        let at = (x + 5, plain.1.end + 6);
        area.draw_text(name, &font.clone().into_text_style(&area), at)?;
    }
    legend(
        &area,
        plain.0.start + 10,
        plain.1.start + 6,
        layers.iter().any(|layer| layer.after.is_some()),
    )?;
    area.present()?;
    Ok(())
}

type Chart<'a, 'b> =
    ChartContext<'a, SVGBackend<'b>, Cartesian2d<plotters::coord::types::RangedCoordf64, Span>>;

fn bar(
    chart: &mut Chart,
    centre: f64,
    (ranges, thin): (&[f64; 3], f64),
    is_after: bool,
) -> Result<(), Box<dyn std::error::Error>> {
    let [low, median, high] = *ranges;
    if !(low > 0.0 && high.is_finite()) {
        return Ok(());
    }
    let (left, right) = (centre - 0.14, centre + 0.14);
    // One channel alone is seen, too.
    let is_flat = high / low < thin * thin;
    let [bottom, top] = match is_flat {
        true => [low / thin, (high * thin).min(f64::MAX)],
        false => [low, high],
    };
    let body = [(left, bottom), (right, top)];
    let (colour, mark) = match is_after {
        true => (AFTER, WHITE),
        false => (BEFORE, BEFORE),
    };
    if is_after {
        chart.draw_series([Rectangle::new(body, AFTER.filled())])?;
    }
    chart.draw_series([Rectangle::new(body, colour.stroke_width(2))])?;
    if is_flat {
        return Ok(());
    }
    chart.draw_series([PathElement::new(
        [(left, median), (right, median)],
        mark.stroke_width(2),
    )])?;
    Ok(())
}

fn legend(
    area: &DrawingArea<SVGBackend, plotters::coord::Shift>,
    x: i32,
    y: i32,
    has_after: bool,
) -> Result<(), Box<dyn std::error::Error>> {
    let font = ("sans-serif", 13).into_font().into_text_style(area);
    area.draw(&Rectangle::new(
        [(x, y), (x + 12, y + 14)],
        BEFORE.stroke_width(2),
    ))?;
    area.draw_text("before (hollow)", &font, (x + 18, y))?;
    if has_after {
        area.draw(&Rectangle::new(
            [(x + 130, y), (x + 142, y + 14)],
            AFTER.filled(),
        ))?;
        area.draw_text(
            "after (filled); the line is the median channel",
            &font,
            (x + 148, y),
        )?;
    }
    Ok(())
}
