"""The native engine: Timeloop's dense model, and a mapper that proves its optimum."""
