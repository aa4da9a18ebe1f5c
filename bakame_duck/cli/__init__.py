"""The command line: options, exit codes and printing; nothing else uses it."""
