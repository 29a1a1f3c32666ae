"""Extensions, one file each, that no other file knows: what a user's own would look like."""
