"""What the workbench answers over HTTP; the web UI uses nothing else."""
