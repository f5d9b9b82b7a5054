"""One run over many files: the project around them, workers, tests that move along, baselines, questions."""
