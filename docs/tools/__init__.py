"""What draws and counts for the documentation: its pictures, and its figures of daily jobs."""
