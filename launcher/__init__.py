"""Experiments on mapping Transformer layers onto spatial architectures."""
