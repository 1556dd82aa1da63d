"""What holds for all tests."""

import os

# Tests compile many small programs and run each a few times: quick compilation beats quick programs by far.
# Set before JAX is imported, here and in the processes that tests start.
os.environ.setdefault("JAX_DISABLE_MOST_OPTIMIZATIONS", "1")
