"""Reading foreign files: opening, packets, pictures and sound by their times. In the child only."""
