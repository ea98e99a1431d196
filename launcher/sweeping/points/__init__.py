"""Configurations of hardware that are explored together: lists in presets, JSON files, and their cross product."""
