"""One module or package per vendor; each yields typed rows and knows nothing else of the house."""
