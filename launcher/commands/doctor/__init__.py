"""What is installed and usable here: findings, and the checks that make them."""

from __future__ import annotations

from launcher.commands.doctor.findings import examine
from launcher.commands.doctor.programs import Finding

__all__ = ["Finding", "examine"]
