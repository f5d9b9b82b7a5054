"""Where a session lives that outlives a function: a line of the module, or a form in the class."""
