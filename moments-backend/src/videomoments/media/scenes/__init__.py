"""Finds changes of scene. Runs only in the child."""
