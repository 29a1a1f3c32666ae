"""How fast convgan is beside others: see README's `make bench`."""
