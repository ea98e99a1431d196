"""Estimators: energy per action and area of every component."""

from __future__ import annotations

from launcher.estimation.base import ComponentEstimate, Estimator, EstimatorSettings
from launcher.estimation.estimate import ESTIMATORS, estimate
from launcher.estimation.partial import estimate_known

__all__ = [
    "ESTIMATORS",
    "ComponentEstimate",
    "Estimator",
    "EstimatorSettings",
    "estimate",
    "estimate_known",
]
