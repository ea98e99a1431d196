"""The exact model for many mappings at once, compiled."""

from launcher.engines.native.batch.evaluator import (
    BatchEvaluator,
    BatchResult,
    MappingBatch,
    batch_of,
    concatenated,
    evaluate_single,
    mapping_at,
)

__all__ = ["BatchEvaluator", "BatchResult", "MappingBatch", "batch_of", "concatenated", "evaluate_single", "mapping_at"]
