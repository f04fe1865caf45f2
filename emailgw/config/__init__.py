"""The configuration: one TOML file, decoded strictly into typed sections.

Every key has a default, shown in `config.example.toml`. An unknown key, a wrong type or a bad value is one line that
names file, key, what was found and what is expected (ConfigError). A component takes its own section, never the whole.
"""

from emailgw.config.load import decode, load
from emailgw.config.quantities import Duration, Endpoint, HostName, Network, Size
from emailgw.config.sections import Config

__all__ = ["Config", "Duration", "Endpoint", "HostName", "Network", "Size", "decode", "load"]
