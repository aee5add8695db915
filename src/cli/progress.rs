//! How far a command is.

use std::sync::atomic::Ordering;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use synaptic_balance::network::one_line;

use super::{IS_PROGRAM, IS_QUIET};

/// A spinner, or a bar where the total is known, on stderr if that is a terminal; nothing elsewhere.
pub struct Progress(ProgressBar);

impl Progress {
    pub fn new() -> Self {
        let bar = ProgressBar::new_spinner();
        let style = ProgressStyle::with_template("{spinner} {msg} [{elapsed}]");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
        Progress::drawn(bar, 120)
    }

    /// A bar over `total` steps, of which some were done before.
    pub fn over(what: String, total: u64, done: u64) -> Self {
        let bar = ProgressBar::new(total)
            .with_prefix(one_line(&what).into_owned())
            .with_position(done);
        let style = ProgressStyle::with_template(
            "{prefix} [{bar:24}] {percent}% [{elapsed}, {eta} left] {wide_msg}",
        );
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        // The time left is estimated from what is done in this call.
        bar.reset_eta();
        Progress::drawn(bar, 500)
    }

    /// A bar that is drawn anew after so many milliseconds, in the program's own process.
    fn drawn(bar: ProgressBar, milliseconds: u64) -> Self {
        match IS_PROGRAM.load(Ordering::Relaxed) && !IS_QUIET.load(Ordering::Relaxed) {
            true => bar.enable_steady_tick(Duration::from_millis(milliseconds)),
            false => bar.set_draw_target(ProgressDrawTarget::hidden()),
        }
        Progress(bar)
    }

    /// One more step is done, of the part named.
    pub fn step(&self, part: &str) {
        if !self.0.is_hidden() {
            self.0.set_message(one_line(part).into_owned());
        }
        self.0.inc(1);
    }

    pub fn report(&self, what: &str, deficit: f64) {
        super::called::tell(what, Some(deficit));
        if !self.0.is_hidden() {
            self.0.set_message(format!("{what}, deficit {deficit:.2e}"));
        }
    }

    pub fn say(&self, what: &str) {
        super::called::tell(what, None);
        self.0.set_message(one_line(what).into_owned());
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
