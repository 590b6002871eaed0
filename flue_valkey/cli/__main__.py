"""`python -m flue_valkey.cli` is `flue`."""

from flue_valkey.cli import main

if __name__ == "__main__":
    main()
