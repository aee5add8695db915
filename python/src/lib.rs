//! What the Python package `synaptic_balance` asks of the library: commands on models in memory, single steps, and the
//! program itself.
//!
//! Everything here speaks in documents and plain values; what users see is made of them in Python.

mod calls;
mod memory;
mod steps;

use std::ffi::OsString;

use pyo3::prelude::*;

/// The conformance vectors, one document for each group.
const VECTORS: &[&str] = include!(concat!(env!("OUT_DIR"), "/vectors.rs"));

/// The program `synbal`: runs the command that the arguments, after the program's name, say. Gives the exit code.
#[pyfunction]
fn program(py: Python<'_>, arguments: Vec<OsString>) -> u8 {
    py.detach(|| synaptic_balance::cli::main(&arguments))
}

/// The conformance vectors, one JSON document for each group.
#[pyfunction]
fn vectors() -> Vec<&'static str> {
    VECTORS.to_vec()
}

#[pymodule]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add_class::<memory::Written>()?;
    module.add_function(wrap_pyfunction!(program, module)?)?;
    module.add_function(wrap_pyfunction!(vectors, module)?)?;
    module.add_function(wrap_pyfunction!(calls::call, module)?)?;
    module.add_function(wrap_pyfunction!(steps::balance_units, module)?)?;
    module.add_function(wrap_pyfunction!(steps::scale, module)?)?;
    module.add_function(wrap_pyfunction!(steps::trace, module)?)?;
    Ok(())
}
