"""What requests means: its calls, sessions and hosts, for whom a call is made, and what tests replace."""
