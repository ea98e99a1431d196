"""The mapper: finds the best mapping of a constrained mapspace and proves that there is none better."""
