"""Clips: copied, joined or encoded, and checked. In the child only."""
