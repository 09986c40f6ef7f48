"""The canonical human dataset: made people of every kind, with every label known."""
