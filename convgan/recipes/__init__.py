"""What the commands do; each reads from top to bottom like the description of the job."""
