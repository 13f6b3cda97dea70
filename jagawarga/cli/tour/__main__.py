"""`python -m jagawarga.cli.tour`."""

from jagawarga.cli.tour.command import main

if __name__ == "__main__":
    main()
