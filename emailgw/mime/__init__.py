"""Mail as bytes: header fields, composing, DKIM signatures, signed return paths, reading. RFC 5322, 2045 to 2047, 6376.

Pure functions, linear in their input, for hostile input as for any other; imports only `core`. What composes never
parses text of users, and never lets it decide where a line ends.
"""
