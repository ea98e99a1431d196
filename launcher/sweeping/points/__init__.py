"""Who chooses the points of a sweep: a grid, a list of configurations of hardware, or Optuna."""
