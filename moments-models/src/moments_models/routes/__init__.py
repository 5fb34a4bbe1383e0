"""The HTTP routes, one module each."""
