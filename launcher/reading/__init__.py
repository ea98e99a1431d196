"""Finding finished trials, wherever they are kept, and reading them back."""

from launcher.reading.find import load_trials
from launcher.results.finished import FinishedTrial, Origin, SkippedTrial, Trials

__all__ = ["FinishedTrial", "Origin", "SkippedTrial", "Trials", "load_trials"]
