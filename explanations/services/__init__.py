"""What the machine side does: every change of state lives here, and nowhere else."""
