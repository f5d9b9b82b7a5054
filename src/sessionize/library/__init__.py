"""The meaning of requests: its calls, sessions and hosts, and what tests replace."""
