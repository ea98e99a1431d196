"""Several layers as one: mapped beside each other, fused where that is asked for, and summed."""
