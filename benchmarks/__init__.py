"""What presence costs, beside other servers, on the machine at hand: README.md says how to run it."""
