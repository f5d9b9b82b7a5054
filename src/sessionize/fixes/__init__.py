"""Every decision on a finding: fixed safely, unsafely or not at all, and why."""
