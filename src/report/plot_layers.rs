//! The ranges of channels by layer, before and after, as an SVG figure.

use plotters::coord::ranged1d::{KeyPointHint, Ranged};
use plotters::prelude::*;

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

/// A bar for each layer and side: from the smallest to the largest range of a channel, with a mark at the median. Bars before are hollow, those after
/// are filled.
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

/// Powers of ten, or halves of decades where these are few.
struct Decades(f64, f64);

impl Ranged for Decades {
    type FormatOption = plotters::coord::ranged1d::NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        let part = (value.log10() - self.0) / (self.1 - self.0);
        limit.0 + (part * f64::from(limit.1 - limit.0)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, _: Hint) -> Vec<f64> {
        let (low, high) = (self.0.ceil() as i32, self.1.floor() as i32);
        let step = 1 + (high - low).max(0) / 8;
        let tens = (low..=high)
            .step_by(step as usize)
            .map(|power| 10f64.powi(power));
        match high - low < 2 {
            false => tens.collect(),
            true => {
                let all = (low - 1..=high)
                    .flat_map(|power| [1.0, 2.0, 5.0].map(|digit| digit * 10f64.powi(power)));
                let inside = |value: &f64| (self.0..=self.1).contains(&value.log10());
                all.filter(inside).collect()
            }
        }
    }

    fn range(&self) -> std::ops::Range<f64> {
        10f64.powf(self.0)..10f64.powf(self.1)
    }
}

impl plotters::coord::ranged1d::ValueFormatter<f64> for Decades {
    fn format(value: &f64) -> String {
        match value {
            0.001..1000.5 => format!("{value}"),
            _ => format!("{value:.0e}"),
        }
    }
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
    let ends = ends.filter(|end| *end > 0.0 && end.is_finite());
    let (low, high) = ends.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), end| {
        (low.min(end.log10()), high.max(end.log10()))
    });
    let (low, high) = match low <= high {
        true => (low - 0.15, high + 0.35),
        false => (-1.0, 1.0),
    };
    let names = short_names(layers);
    let mut chart = ChartBuilder::on(&area)
        .margin(12)
        .caption(title, ("sans-serif", 17))
        .x_label_area_size(150)
        .y_label_area_size(64)
        .build_cartesian_2d(-0.5..f64::from(count) - 0.5, Decades(low, high))?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .light_line_style(WHITE)
        .x_labels(0)
        .y_desc("largest |w| of a channel")
        .label_style(("sans-serif", 13))
        .draw()?;
    for (place, layer) in layers.iter().enumerate() {
        bar(&mut chart, place as f64 - 0.19, &layer.before.ranges, false)?;
        if let Some(after) = &layer.after {
            bar(&mut chart, place as f64 + 0.19, &after.ranges, true)?;
        }
    }
    let step = layers.len().div_ceil(((WIDEST - MARGIN) / 16) as usize);
    let font = ("sans-serif", 12)
        .into_font()
        .transform(FontTransform::Rotate90);
    let plain = chart.plotting_area().get_pixel_range();
    for (place, name) in names.iter().enumerate().step_by(step.max(1)) {
        let (x, _) = chart.backend_coord(&(place as f64, 10f64.powf(low)));
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
    ChartContext<'a, SVGBackend<'b>, Cartesian2d<plotters::coord::types::RangedCoordf64, Decades>>;

fn bar(
    chart: &mut Chart,
    centre: f64,
    ranges: &[f64; 3],
    is_after: bool,
) -> Result<(), Box<dyn std::error::Error>> {
    let [low, median, high] = *ranges;
    if !(low > 0.0 && high.is_finite()) {
        return Ok(());
    }
    let (left, right) = (centre - 0.14, centre + 0.14);
    // One channel alone is seen, too.
    let is_flat = high < 1.1 * low;
    let [bottom, top] = match is_flat {
        true => [low / 1.05, high * 1.05],
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
