"""What may be chosen: factors, orders, fan-outs and what is kept where, as the constraints leave them open."""
