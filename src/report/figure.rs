//! A figure in text.

/// Upper ends of the classes of `input cost / output cost`; the last class is open.
const CLASSES: [(f64, &str); 7] = [
    (1.0 / 8.0, "below 1/8"),
    (1.0 / 4.0, "1/8 to 1/4"),
    (1.0 / 2.0, "1/4 to 1/2"),
    (1.0 - 1e-9, "1/2 to 1"),
    (1.0 + 1e-9, "1 (± 1e-9)"),
    (2.0, "1 to 2"),
    (f64::INFINITY, "above 2"),
];

/// Histograms of `input cost / output cost` before and after balancing, side by side.
pub fn unit_balance_figure(before: &[f64], after: &[f64]) -> String {
    let count = |ratios: &[f64]| {
        let mut counts = [0usize; CLASSES.len()];
        for ratio in ratios {
            let class = CLASSES
                .iter()
                .position(|(end, _)| ratio <= end)
                .unwrap_or(CLASSES.len() - 1);
            counts[class] += 1;
        }
        counts
    };
    let (before, after) = (count(before), count(after));
    let widest = before
        .iter()
        .chain(&after)
        .copied()
        .max()
        .unwrap_or(1)
        .max(1);
    let bar = |count: usize| {
        let length = (count * 30).div_ceil(widest);
        format!("{} {count}", "█".repeat(length))
    };
    let mut text = format!(
        "  {:<20}{:<36}{}\n",
        "input / output cost", "units before", "units after"
    );
    for (class, (_, name)) in CLASSES.iter().enumerate() {
        let line = format!(
            "  {name:<20}{:<36}{}",
            bar(before[class]),
            bar(after[class])
        );
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}
