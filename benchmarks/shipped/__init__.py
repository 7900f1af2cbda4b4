"""What is shipped, run as it is shipped: `python -m benchmarks.shipped`."""
