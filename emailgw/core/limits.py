"""How much of everything one message may have. `queue` enforces it, and the API's description tells it."""

MAX_RECIPIENTS = 50  # in each of to, cc and bcc, as both contracts have it
MAX_SUBJECT = 998  # characters
MAX_HEADERS = 100
MAX_TAGS = 75
MAX_TAG = 256
MAX_METADATA = 50
MAX_METADATA_NAME = 256
MAX_METADATA_VALUE = 2_000
MAX_SCHEDULE = 30 * 86_400_000  # milliseconds ahead
MAX_ATTACHMENTS = 100
MAX_BATCH = 10_000  # messages in one request
SHORTEST_RAW = 10  # characters of a raw message, as the contract has them
LONGEST_RAW = 37_500_000

LONGEST_URL = 2_000  # characters of one that we are to ask

MAX_NAME = 255  # characters of a template's or a key's name
MAX_VARIABLES = 100  # that a template declares
MAX_TEMPLATE = 1_000_000  # characters of its html and text together
