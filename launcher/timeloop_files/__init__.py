"""Reading and writing Timeloop's own YAML; ``io`` is the face of it."""
