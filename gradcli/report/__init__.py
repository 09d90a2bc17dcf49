"""Results as rich renderables, documents and files. Nothing here prints."""
