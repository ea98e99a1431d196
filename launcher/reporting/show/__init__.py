"""One trial: what was asked, the answer, where the energy and the cycles go, the loop nest, how it was made."""

from launcher.reporting.show.document import trial_document
from launcher.reporting.show.terminal import print_trial

__all__ = ["print_trial", "trial_document"]
