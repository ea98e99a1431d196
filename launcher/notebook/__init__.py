"""Results in notebooks: tables, figures, and sets of trials to ask."""
