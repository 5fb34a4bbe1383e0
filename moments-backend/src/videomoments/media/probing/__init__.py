"""What a file holds: which streams are used, how long they are, where their clock begins anew. In the child only."""
