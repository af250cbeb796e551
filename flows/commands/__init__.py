"""What the verbs of the `rasd` command do; each function returns its exit status."""
