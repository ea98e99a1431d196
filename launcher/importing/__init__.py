"""Networks from files of other programs: ONNX graphs, and modules of PyTorch."""
