"""Great Expectations on candidates: the gate before anything is published."""
