from hypothesis import settings

# No deadline for single examples: a busy machine is not a fault of the code.
settings.register_profile("mime", parent=settings(), deadline=None)
settings.load_profile("mime")
