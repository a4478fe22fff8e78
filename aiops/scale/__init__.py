"""Where costly work is spread: over processes of this machine, or over a cluster."""
