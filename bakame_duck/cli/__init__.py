"""The command line: options, exit codes and printing. No other package uses it."""
