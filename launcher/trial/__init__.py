"""One trial: from a composed experiment to its result."""
