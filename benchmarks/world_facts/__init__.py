"""What a company's vendors can tell of it, as facts that both its tables and raw can state."""
