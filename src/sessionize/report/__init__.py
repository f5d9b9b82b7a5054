"""Results and settings as text, for people and for programs."""
