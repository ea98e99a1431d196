"""Several layers as one nest: shared outer loops, tensors that wait on chip, and the proof that nothing is better."""
