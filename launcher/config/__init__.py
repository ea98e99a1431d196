"""The composed configuration: its types, how it is composed, and what its errors say."""
