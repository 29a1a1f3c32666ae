"""Damaged and hostile inputs for each reader of files: `python -m tests.fuzz READER`."""
