"""The doubts that a shared session is as good as bare calls: the conditions of the safety contract, topic by topic."""
