"""Compiled code of the search, and the tables that it works on."""
