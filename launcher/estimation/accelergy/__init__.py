"""The estimator ``accelergy``: the real Accelergy, run as a program in a folder of its own."""
