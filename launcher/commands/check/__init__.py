"""Checking a finished result from its files alone."""
