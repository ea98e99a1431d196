"""Results: what a trial yields, its files, and everything that is derived from results alone."""
