"""Tests search for themselves: nothing that an earlier run found is used again."""

from __future__ import annotations

import os

os.environ["LAUNCHER_CACHE"] = "false"
