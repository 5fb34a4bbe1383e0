"""The HTTP API. `create_app` makes it, `serve` runs it."""
