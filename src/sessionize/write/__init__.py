"""From fixes and LibCST's tree to changed text."""
