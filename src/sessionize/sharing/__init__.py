"""The calls that could share a session, the options that it could hold, and whether it keeps cookies."""
