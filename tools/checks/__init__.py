"""The parts of tools/check. Each is a function of the project's folder that returns its failures, a line each."""
