"""What a user gives: literals, files, values, random arrays, streams of specifications."""
