"""Why a mapspace is empty."""

from __future__ import annotations

from launcher.engines.native.mapper.mapspace import Mapspace
from launcher.errors import NoValidMappingError


def no_valid_mapping(space: Mapspace, *, finished: bool) -> NoValidMappingError:
    """The error that says why no mapping was found."""
    del space
    if not finished:
        return NoValidMappingError("no valid mapping was found within the time limit", hint="raise mapper.timeout_s")
    return NoValidMappingError("no mapping satisfies the constraints and capacities")
