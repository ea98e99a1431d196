"""The real Timeloop as an engine; the parts are imported where they are used, since few trials need them."""
