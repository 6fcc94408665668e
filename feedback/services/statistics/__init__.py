"""What the desk knows about the copy: counted, kept, and answered with its uncertainty."""
