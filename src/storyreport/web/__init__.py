"""What Datasette shows of a report database: pages, data addresses and the server; plugins and templates use it."""

# The report database's name in Datasette, whatever its file is called: it is part of every address.
DATABASE = "storyreport"
