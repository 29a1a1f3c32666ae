"""One file per command; each reads from top to bottom like the description of the job."""
