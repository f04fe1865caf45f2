"""What servers say when something is broken: the network, the clock, themselves."""

from emailgw.bounce.report import Reason

NETWORK = (
    Reason.NETWORK,
    """
    connection timed out | requests to connect | connection timeout | connection refused | connection reset
    connection lost
    connection failed | connection was | connection dropped | connection died | connection closed
    connection broken | connection to & failed | lost connection | no route to host | network is unreachable
    network unreachable | network error | host is unreachable | host unreachable | host is down | host down
    couldn't connect | could not connect | cannot connect | can't connect | unable to connect
    unable to establish | wasn't able to establish an smtp connection | failed to connect | operation timed out
    timed out | timeout | time out | time-out | no answer from host | did not respond | not responding
    no response | didn't respond | bad connection | handshake | broken pipe | socket | temporarily unable to
    temporary lookup failure | host lookup did not complete | name service error | name server timeout
    dns failure | dns error | dns lookup | dns server | dns query | dns soft | dns temporary
    try again later & dns | cname lookup failed | cname_lookup_failed | all hosts | no hosts | no mail hosts
    could not be contacted | could not find a gateway | find a route | no route to | unreachable | not reachable
    too many hops | hop count | mail loop | mail loops
    routing loop | loops back | looping | loop detected | loop count | too many received | smtp connect failed
    connect to & timed | closed connection | remote server is not available | conversation with & timed
    no reply after | no reply within | no reply from | communication failure | unable to contact | ne repond pas
    antwortet nicht | no responde | non risponde
    nao responde | не отвечает | не відповідає | reageert niet | svarar inte | svarer ikke | nie odpowiada | neodpovida
    応答がありません | 没有响应
    """,
)

EXPIRED = (
    Reason.EXPIRED,
    """
    delivery time expired | message expired | expired | retry timeout exceeded | retry time not reached
    delivery timeout | queue too long | in the queue too long | too long in queue | too old | maximum retries
    multiple retries | repeated delivery attempts | been in the queue
    maximum retry | retry limit | exceeded retry | retries exceeded | too many retries | gave up after
    giving up after | on the queue | undeliverable for | undelivered for | could not be delivered for
    couldn't be delivered for | could not be delivered within | not been delivered after | cannot send message for
    could not send message for | could not send mail for | not been collected | message timed out
    delivery is still | message delayed | delivery delayed | has been delayed
    will be retried | delivery temporarily suspended | delivery has been | deferred | maximum time | maximum age
    now we give up | we give up | no longer trying | waiting for & days | waiting for & hours | was given up
    delivery failed & attempts | days without success
    max age | lifetime | hours in queue | days in queue
    """,
)

SYSTEM = (
    Reason.SYSTEM,
    """
    internal error | internal server error | system error | internal system error | configuration error
    local configuration error | server configuration | misconfigur | out of memory | insufficient system
    insufficient disk | insufficient storage | no space left | no disk space | disk full | file system
    filesystem | cannot open | can't open | can't create | cannot create | can't write | write error | i/o error
    input/output error | local error | resources temporarily | resources unavailable | service unavailable
    service not available | service currently unavailable | service temporarily | temporarily unavailable
    system busy | server busy | server too busy | overload | temporary failure | temporary error
    temporary problem | temporary local problem | transaction failed | command not recognized
    command not implemented | parameter not implemented | syntax error | bad sequence | improper sequence
    sequence of commands | out of sequence | command rejected | unrecognized command | upstream error
    queue file write error | processing error | error while processing | error in processing
    error while being processed | encountered an error | mailer error | procmail | exit status
    unknown mailer error | local delivery failed | local mailer | child status | x-unix | pipe to | cannot execute
    permission denied | perm_failure | premature end | unexpected error | software error | unable to open
    maintenance | database error | load average | lmtp | server error | not enough memory | system failure
    failed to store | cannot append
    """,
)
