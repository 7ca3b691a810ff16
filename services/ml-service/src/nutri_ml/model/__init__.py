"""MiniLM: finds the weights, proves that they are the ones we know, and runs them."""
