"""The meaning of requests: its calls, sessions and hosts, the users a call is made for, and what tests replace."""
