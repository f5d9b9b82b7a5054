"""What Python means by an outline: names, control flow, calls; it knows no library."""
