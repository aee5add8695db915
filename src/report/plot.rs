//! Reads against depth as an SVG figure.

use super::bench;
use super::chart::{Axis, Chart, ChartError, Curve, Scale, Style};

/// The curves on logarithmic axes.
///
/// # Errors
/// What the drawing library says.
pub fn plot_reads(curves: &[bench::Curve]) -> Result<String, ChartError> {
    let axis = |title: &str| Axis {
        title: title.to_owned(),
        scale: Scale::Logarithmic,
    };
    let curve = |curve: &bench::Curve| Curve {
        name: curve.name.to_owned(),
        points: curve.points.clone(),
        band: Vec::new(),
        style: Style::Line,
    };
    let chart = Chart {
        title: "Reads of all the weights to a deficit of 1e-12, width 64".to_owned(),
        x: axis("layers of weights"),
        y: axis("reads"),
        curves: curves.iter().map(curve).collect(),
    };
    chart.whole()
}
