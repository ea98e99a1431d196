"""Estimators: energy per action and area of every component."""
