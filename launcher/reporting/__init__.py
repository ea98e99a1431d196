"""Results as people read them: terminal tables, loop nests, files."""
