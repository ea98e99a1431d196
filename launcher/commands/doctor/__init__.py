"""What is installed and usable here: findings, and the checks that make them."""

from __future__ import annotations

from launcher.commands.doctor.checks import examine
from launcher.commands.doctor.finding import Finding

__all__ = ["Finding", "examine"]
