"""Check and fix of one source, proven before anything is written."""
