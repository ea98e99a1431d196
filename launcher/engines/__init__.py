"""Engines: things that evaluate mappings and find the best one."""
