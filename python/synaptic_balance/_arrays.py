"""Arrays of any library, taken where they lie and given back as they came."""

from __future__ import annotations

import ctypes
import sys
from fractions import Fraction
from numbers import Number
from typing import Any, Callable, List, NamedTuple, Optional, Tuple

import numpy as np

from ._errors import InputError

_TYPES = {"float16": "f16", "float32": "f32", "float64": "f64", "bfloat16": "bf16"}


class Taken(NamedTuple):
    """An array as the library takes it."""

    #: The numbers, in the order of rows; ``bfloat16`` as ``uint16``.
    array: "np.ndarray[Any, Any]"
    #: ``f16``, ``bf16``, ``f32`` or ``f64``.
    numbers: str
    #: Makes an array of the caller's type from one like ``array``.
    back: Callable[["np.ndarray[Any, Any]"], Any]

    def described(self, name: str) -> Tuple[str, List[int], str, int, int, Any]:
        """The tensor as the extension takes it: no number is copied."""
        array = self.array
        return name, list(array.shape), self.numbers, array.ctypes.data, array.nbytes, array


def is_exact(value: Any) -> bool:
    """Is it a nested list or an array of objects with an exact number, a ``Fraction`` or a text, in it?"""
    if isinstance(value, np.ndarray):
        return bool(value.dtype == object)
    if isinstance(value, (list, tuple)):
        return any(is_exact(entry) for entry in value)
    return isinstance(value, (Fraction, str))


def take(value: Any, place: str, transpose: bool = False) -> Taken:
    """Takes an array. It is copied only if its numbers are integers, or do not lie in the order of rows, little end first."""
    array, numbers, back = _from_library(value, place)
    if array.dtype.byteorder == ">" or (array.dtype.byteorder == "=" and sys.byteorder == "big"):
        own, plain = array.dtype, back
        array = array.astype(own.newbyteorder("<"))
        back = lambda result: plain(result.astype(own))  # noqa: E731
    if transpose and array.ndim == 2:
        turned = back
        array = array.T
        back = lambda result: turned(np.ascontiguousarray(result.T))  # noqa: E731
    # A single number has no axes, and keeps none.
    return Taken(np.ascontiguousarray(array).reshape(array.shape), numbers, back)


def _from_library(value: Any, place: str) -> Tuple[Any, str, Callable[[Any], Any]]:
    library = type(value).__module__.split(".")[0]
    if library == "torch":
        return _from_torch(value, place)
    if isinstance(value, np.ndarray):
        return _plain(value, place, lambda result: result)
    if isinstance(value, (list, tuple, int, float)):
        try:
            array = np.asarray(value, dtype=np.float64)
        except (TypeError, ValueError, OverflowError) as fault:
            raise InputError(f"{place}: {fault}", place) from None
        if not _is_held(value):
            raise InputError(f"{place}: a number that no float64 holds; Fraction is calculated with exactly", place)
        return array, "f64", lambda result: result.tolist()
    back = _maker(value, library)
    if hasattr(value, "__dlpack__"):
        try:
            return _plain(np.from_dlpack(value), place, back)
        except (BufferError, RuntimeError, TypeError, ValueError, AttributeError):
            # NumPy knows no bfloat16, and no memory of devices.
            short = None if hasattr(value, "__array__") else from_capsule(value)
            if short is not None:
                return short, "bf16", lambda result: back(_as_bfloat16(result))
    if hasattr(value, "__array_interface__") or hasattr(value, "__array__"):
        return _plain(np.asarray(value), place, back)
    kind = type(value).__name__
    raise InputError(f"{place}: expected an array, not {kind}", place)


def _plain(array: Any, place: str, back: Callable[[Any], Any]) -> Tuple[Any, str, Callable[[Any], Any]]:
    own = array.dtype
    if own.name == "bfloat16":
        return array.view(np.uint16), "bf16", lambda result: back(result.view(own))
    if own.name in _TYPES:
        return array, _TYPES[own.name], back
    if own.kind in "iu":
        exact = array.astype(np.float64)
        # What a float beyond an integer's range becomes as an integer differs from machine to machine.
        beyond = exact >= 2.0 ** (8 * own.itemsize - (own.kind == "i"))
        if beyond.any() or (exact.astype(own) != array).any():
            raise InputError(f"{place}: an integer that no float64 holds", place)
        return exact, "f64", back
    raise InputError(f"{place}: numbers of type {own}; float16, bfloat16, float32 and float64 are read", place)


def _is_held(value: Any) -> bool:
    """Does a float64 hold each number of a nested list?"""
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, (list, tuple)):
        return all(map(_is_held, value))
    if isinstance(value, float) or not isinstance(value, Number):
        return True
    return bool(value != value or value == float(value))  # type: ignore[arg-type]


def like(value: Any, numbers: Any, place: str) -> Any:
    """An array of the kind of ``value`` from exact numbers or floats. An infinity or a zero is made of none that is not: that would be
    another network."""
    taken = take(value, place)
    with np.errstate(over="ignore"):
        try:
            wide = np.array(numbers, dtype=np.float64).reshape(taken.array.shape)
            array = _narrow(wide, taken.numbers)
        except OverflowError:
            array = None
    if array is not None:
        kept = widened(array, taken.numbers)
        is_zero = np.array([number == 0 for number in np.array(numbers, dtype=object).flat]).reshape(kept.shape)
    if array is None or not np.isfinite(kept).all() or ((kept == 0) != is_zero).any():
        raise InputError(f"{place}: {taken.numbers} does not hold all of the result; Fraction does", place)
    return taken.back(array)


def _narrow(wide: Any, numbers: str) -> Any:
    if numbers != "bf16":
        return wide.astype({"f16": np.float16, "f32": np.float32, "f64": np.float64}[numbers])
    bits = wide.astype(np.float32).view(np.uint32)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)


def widened(array: Any, numbers: str) -> Any:
    """The numbers of an array as it is taken, those of ``bfloat16`` as ``float32``."""
    return (array.astype(np.uint32) << 16).view(np.float32) if numbers == "bf16" else array


def _from_torch(value: Any, place: str) -> Tuple[Any, str, Callable[[Any], Any]]:
    torch = sys.modules["torch"]
    own, device = value.dtype, value.device
    tensor = value.detach().cpu()
    if own == torch.bfloat16:
        array = tensor.contiguous().view(torch.int16).numpy().view(np.uint16)
        return array, "bf16", lambda result: torch.from_numpy(result.view(np.int16)).view(own).to(device)
    array, numbers, back = _plain(tensor.numpy(), place, lambda result: result)
    return array, numbers, lambda result: torch.from_numpy(back(result)).to(device)


def _maker(value: Any, library: str) -> Callable[[Any], Any]:
    """How the library that an array comes from makes one of NumPy's its own; NumPy's stays where none is known."""
    if library in ("jax", "jaxlib"):
        return lambda result: sys.modules["jax"].numpy.asarray(result)
    if hasattr(value, "__array_namespace__"):
        return lambda result: value.__array_namespace__().asarray(result)
    return lambda result: result


def _as_bfloat16(bits: Any) -> Any:
    """The numbers of their bits, where ``ml_dtypes`` gives NumPy the type; else the bits."""
    known = sys.modules.get("ml_dtypes")
    return bits if known is None else bits.view(known.bfloat16)


class _Tensor(ctypes.Structure):
    """The beginning of a ``DLManagedTensor``, a ``DLTensor``."""

    _fields_ = [
        ("data", ctypes.c_void_p),
        ("device_type", ctypes.c_int32),
        ("device_id", ctypes.c_int32),
        ("ndim", ctypes.c_int32),
        ("code", ctypes.c_uint8),
        ("bits", ctypes.c_uint8),
        ("lanes", ctypes.c_uint16),
        ("shape", ctypes.POINTER(ctypes.c_int64)),
        ("strides", ctypes.POINTER(ctypes.c_int64)),
        ("byte_offset", ctypes.c_uint64),
    ]


class _Owner:
    """Keeps a capsule, whose memory is read, as long as an array of it lives."""

    def __init__(self, capsule: Any, interface: Any) -> None:
        self.capsule = capsule
        self.__array_interface__ = interface


_CPU, _BFLOAT = 1, 4


def from_capsule(value: Any) -> Optional["np.ndarray[Any, Any]"]:
    """The numbers of a ``bfloat16`` array with DLPack as ``uint16``, not copied; ``None`` for any other array."""
    pointer_of = ctypes.pythonapi.PyCapsule_GetPointer
    pointer_of.restype, pointer_of.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    if value.__dlpack_device__()[0] != _CPU:
        return None
    # Not renamed to "used": whoever made the capsule frees the tensor with it.
    capsule = value.__dlpack__()
    address = pointer_of(capsule, b"dltensor")
    if not address:
        return None
    tensor = _Tensor.from_address(address)
    if (tensor.code, tensor.bits, tensor.lanes, tensor.device_type) != (_BFLOAT, 16, 1, _CPU):
        return None
    shape = tuple(tensor.shape[axis] for axis in range(tensor.ndim))
    strides = None
    if tensor.strides:
        strides = tuple(2 * tensor.strides[axis] for axis in range(tensor.ndim))
    interface = {
        "version": 3,
        "typestr": "<u2",
        "shape": shape,
        "strides": strides,
        "data": ((tensor.data or 0) + tensor.byte_offset, True),
    }
    return np.asarray(_Owner(capsule, interface))
