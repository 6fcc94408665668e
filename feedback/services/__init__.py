"""What the human side does: every change of state lives here, and nowhere else."""
