"""aiops: sees failures coming, says when and how sure, and opens one ticket."""

__version__ = "0.1.0"
