"""Bytes, folders and settings: everything that touches the disk, and nothing that knows Python."""
