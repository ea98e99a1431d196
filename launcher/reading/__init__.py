"""Finding finished trials, wherever they are kept, and reading them back."""

from launcher.reading.find import load_trials
from launcher.results.finished import Origin, SkippedTrial, Trial, Trials

__all__ = ["Origin", "SkippedTrial", "Trial", "Trials", "load_trials"]
