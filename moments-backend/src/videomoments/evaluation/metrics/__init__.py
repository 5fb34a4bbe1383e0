"""The field's metrics, as pure functions on seconds."""
