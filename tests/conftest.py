"""What all tests share: hypothesis without deadlines (a busy machine is no fault of the code's), repeatable runs."""

from hypothesis import settings

settings.register_profile("emailgw", deadline=None, derandomize=True, database=None)
settings.load_profile("emailgw")
