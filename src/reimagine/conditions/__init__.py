"""What an image model is steered by."""
