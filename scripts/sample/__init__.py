"""What make_sample.py draws and says."""
