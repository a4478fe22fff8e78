"""The same pipeline over recorded history with a virtual clock."""
