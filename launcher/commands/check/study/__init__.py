"""Checking a study that settled a whole space, from its files."""
