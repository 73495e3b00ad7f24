"""The documentation: pages, a template source, and the command that writes the generated parts."""
