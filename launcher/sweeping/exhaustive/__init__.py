"""Studies that settle every point of a finite space: what their processes share, and what they leave behind."""
