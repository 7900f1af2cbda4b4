"""Hand-offs: the note from one turn to the next, who comes next, acceptance."""
