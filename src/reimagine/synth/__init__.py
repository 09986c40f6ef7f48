"""People made by the program itself, with known truth."""
