"""Where a session could live, and which options it could hold."""
