"""Reads untrusted files: opening, packets, pictures and audio by their times. Runs only in the child."""
