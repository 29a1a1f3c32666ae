"""Arrays and numbers to files that people look at: grids, films, plots and a report."""
