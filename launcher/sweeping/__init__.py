"""Many trials as one thing: a parent run, and one table at the end."""
