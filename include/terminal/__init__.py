"""What the command line does, command by command, without parsing or printing errors."""
