"""Run folders: everything about a run is in its own."""

from convgan.runs.finding import all_runs, find_run
from convgan.runs.json_file import read_json, write_json
from convgan.runs.run import Run, now

__all__ = ["Run", "all_runs", "find_run", "now", "read_json", "write_json"]
