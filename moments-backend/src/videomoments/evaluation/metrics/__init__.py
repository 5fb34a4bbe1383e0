"""The field's metrics, pure functions on seconds."""
