"""`python -m convgan`."""

from convgan.cli import main

if __name__ == "__main__":
    main()
