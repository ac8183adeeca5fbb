"""Everything that touches the warehouse: landing, slices, raw loads, builds and publication."""
