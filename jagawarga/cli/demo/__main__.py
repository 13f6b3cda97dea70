"""`python -m jagawarga.cli.demo`, which is `scripts/demo`."""

from jagawarga.cli.demo.command import main

if __name__ == "__main__":
    main()
