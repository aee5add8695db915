//! `synbal bench`.

use synaptic_balance::report::{BenchOptions, bench as measure};

use super::arguments::BenchArguments;
use super::{Exit, Failure, Progress, Reported, files};

pub fn bench(arguments: &BenchArguments) -> Reported {
    let options = BenchOptions {
        large: !arguments.quick,
        slow: !arguments.quick,
    };
    let progress = Progress::new();
    let found = measure(options, &mut |what| progress.say(what));
    drop(progress);
    if let Some(path) = &arguments.plot {
        let figure = synaptic_balance::report::plot_reads(&found.curves);
        let figure = figure.map_err(|fault| Failure::Incomplete(fault.to_string()))?;
        files::write_all(vec![(path, figure.into_bytes())])?;
    }
    Ok((found.report, Exit::Done))
}
