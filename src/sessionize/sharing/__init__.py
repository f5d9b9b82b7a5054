"""The places where a session could live, and the options that it could hold."""
