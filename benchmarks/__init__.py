"""How fast convgan is beside others: `make bench`, docs/speed.md."""
