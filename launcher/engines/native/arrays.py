"""Types of arrays; shapes are told where they are used."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

AnyArray = np.ndarray[Any, np.dtype[Any]]
FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
AnyInts = np.ndarray[Any, np.dtype[np.signedinteger[Any]]]
BoolArray = NDArray[np.bool_]
