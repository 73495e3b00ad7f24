"""What is printed: tables that fit, sparklines, JSON, CSV and Markdown."""
