"""Code for NVIDIA GPUs, generated on machines without one."""
