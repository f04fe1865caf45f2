"""HTTP out, to URLs that customers name: attachments by `path`, webhooks. The address guard stands before every dial.

A name is resolved once for a connection, every address it has must pass the guard, and exactly these addresses are
dialled, so that a name which answers differently the second time gains nothing. No redirects, no proxies from the
environment, no cookies; time and size are bounded. Host and SNI stay the name's.
"""

from emailgw.outhttp.request import OutHttp
from emailgw.outhttp.terms import Answer, OutHttpError, Reply

__all__ = ["Answer", "OutHttp", "OutHttpError", "Reply"]
