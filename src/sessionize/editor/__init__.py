"""Documents that are open in an editor: what is found in them, and what can be done about it."""
