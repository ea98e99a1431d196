"""Results as a page that people look at: one HTML file without a network."""

from launcher.reporting.page.build import report_page

__all__ = ["report_page"]
