"""Where the scene changes. In the child only."""
