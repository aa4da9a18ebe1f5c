"""Make the reports: from a request to HTML, notebook, JSON and PDF."""
