"""Tests that replace calls by name, and move along with them; `migrate` is the door."""
