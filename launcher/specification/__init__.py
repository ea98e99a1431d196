"""What is mapped, where, and under which rules: Timeloop's input as frozen dataclasses."""
