"""Why a mapspace is empty, and what would help."""
