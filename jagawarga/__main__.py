"""`python -m jagawarga`: the command line."""

from jagawarga.cli.main import main

if __name__ == "__main__":
    main()
