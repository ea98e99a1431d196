"""The least traffic of the outermost memory for every capacity of one buffer, exactly."""
