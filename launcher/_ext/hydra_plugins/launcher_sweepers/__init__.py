"""Sweepers that Hydra finds because they lie in a package called ``hydra_plugins``."""
