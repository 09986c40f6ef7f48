"""Photos of a person in, a surface with their colours out."""
