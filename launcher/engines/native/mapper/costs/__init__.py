"""What choices cost: constants of an architecture, of spatial assignments, and lower bounds."""
