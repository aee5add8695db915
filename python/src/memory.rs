//! Memory that is shared with Python, in both directions and without a copy.

use bytes::Bytes;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};
use synaptic_balance::formats::memory::{Held, HeldTensor};
use synaptic_balance::solve::NumberType;

/// Memory of a Python object, which is kept while it is read.
struct Borrowed {
    address: usize,
    length: usize,
    _owner: Py<PyAny>,
}

impl AsRef<[u8]> for Borrowed {
    fn as_ref(&self) -> &[u8] {
        if self.length == 0 {
            return &[];
        }
        // SAFETY: the caller says that so many bytes lie there as long as the owner lives, and it lives as long as
        // this. If another thread writes to them meanwhile, other numbers are read, as by any reader of the array that
        // has released the lock of the interpreter.
        unsafe { std::slice::from_raw_parts(self.address as *const u8, self.length) }
    }
}

/// A tensor as Python describes it: name, shape, type of numbers, address, length in bytes, and the object that owns
/// the memory.
type Described = (String, Vec<usize>, String, usize, usize, Py<PyAny>);

/// A file in memory: `bytes`, or a list of tensors.
pub fn held(file: &Bound<'_, PyAny>) -> PyResult<Held> {
    if let Ok(bytes) = file.cast::<PyBytes>() {
        let borrowed = Borrowed {
            address: bytes.as_bytes().as_ptr() as usize,
            length: bytes.as_bytes().len(),
            _owner: bytes.clone().into_any().unbind(),
        };
        return Ok(Held::Bytes(Bytes::from_owner(borrowed)));
    }
    let described: Vec<Described> = file.extract()?;
    let tensors: PyResult<Vec<HeldTensor>> = described.into_iter().map(tensor).collect();
    Ok(Held::Tensors(tensors?))
}

fn tensor((name, shape, numbers, address, length, owner): Described) -> PyResult<HeldTensor> {
    let number_type = match numbers.as_str() {
        "f16" => NumberType::F16,
        "bf16" => NumberType::Bf16,
        "f32" => NumberType::F32,
        "f64" => NumberType::F64,
        other => return Err(PyValueError::new_err(format!("numbers of type {other}"))),
    };
    if address == 0 && length > 0 {
        return Err(PyValueError::new_err(format!("tensor `{name}`: no memory")));
    }
    let borrowed = Borrowed {
        address,
        length,
        _owner: owner,
    };
    let tensor = HeldTensor::new(name, shape, number_type, Bytes::from_owner(borrowed));
    tensor.map_err(|fault| PyValueError::new_err(fault.to_string()))
}

/// What a command wrote: an array of bytes that NumPy takes without a copy.
#[pyclass(frozen)]
pub struct Written(pub Vec<u8>);

#[pymethods]
impl Written {
    /// The array interface: the memory stays that of this object, and may be written to.
    #[getter]
    fn __array_interface__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let interface = PyDict::new(py);
        interface.set_item("version", 3)?;
        interface.set_item("typestr", "|u1")?;
        interface.set_item("shape", (self.0.len(),))?;
        interface.set_item("data", (self.0.as_ptr() as usize, false))?;
        Ok(interface)
    }

    fn __len__(&self) -> usize {
        self.0.len()
    }

    /// The bytes, copied.
    fn __bytes__<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.0)
    }
}
