"""The mapper: finds the best mapping of a constrained mapspace and proves that there is none better."""

from launcher.engines.native.mapper.api import search
from launcher.engines.native.mapper.pareto import pareto

__all__ = ["pareto", "search"]
