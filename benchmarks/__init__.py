"""What presence costs, beside other servers, on the machine at hand: see README.md."""
