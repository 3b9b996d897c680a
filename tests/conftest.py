from hypothesis import HealthCheck, settings

# What is judged here is what the code says, not how busy the machine is.
settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("any machine")
