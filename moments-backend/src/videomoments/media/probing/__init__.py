"""Measures what a file holds: which streams are used, how long they are, and where their clock starts again. Runs only in the child."""
