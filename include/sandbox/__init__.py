"""A company that exists only here, and the vendors it buys from: for the demo, tests and scores."""
