"""Recording results: MLflow, or nothing."""
