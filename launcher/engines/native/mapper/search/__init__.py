"""Best first through spatial assignments and bypass choices, branch and bound through the loops of each."""
