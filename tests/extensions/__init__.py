"""What users add, each in one file that no other file of convgan knows."""
