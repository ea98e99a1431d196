"""Results as pages that people look at: HTML files that need no network."""

from launcher.reporting.page.build import report_page
from launcher.reporting.page.trial_page import trial_page

__all__ = ["report_page", "trial_page"]
