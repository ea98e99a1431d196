"""An earlier exploration: its trials as a table, and the best by each metric."""

from launcher.reporting.summary.document import summary_document
from launcher.reporting.summary.terminal import print_summary
from launcher.results.workloads import Workload, workloads_of

__all__ = ["Workload", "print_summary", "summary_document", "workloads_of"]
