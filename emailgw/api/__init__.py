"""Network in by HTTP: routes, authentication, limits. Knows no dialect (`wire`) and no SQL (`store`)."""
