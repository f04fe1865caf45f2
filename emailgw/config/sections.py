"""The sections of the configuration with their defaults; what a value may be beyond its type is in `checks`."""

import msgspec

from emailgw.config.quantities import Duration, Endpoint, HostName, Nameserver, Network, Size


class Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pass


class HttpConfig(Section, frozen=True):
    listen: tuple[Endpoint, ...] = (Endpoint("127.0.0.1:8080"),)
    listen_tls: tuple[Endpoint, ...] = ()
    max_body: Size = Size(40 << 20)
    body_timeout: Duration = Duration(60_000)
    metrics_networks: tuple[Network, ...] = (Network("127.0.0.0/8"), Network("::1/128"))


class TlsConfig(Section, frozen=True):
    """PEM files; both empty: no listener speaks TLS."""

    certificate: str = ""
    key: str = ""


class AcmeConfig(Section, frozen=True):
    """`directory` empty: no certificate is ordered. `names` empty: the host name alone."""

    directory: str = ""
    contact: str = ""
    agree_to_terms: bool = False
    names: tuple[HostName, ...] = ()
    listen: tuple[Endpoint, ...] = (Endpoint("0.0.0.0:80"),)
    retry: tuple[Duration, ...] = tuple(map(Duration, (300_000, 900_000, 3_600_000, 10_800_000, 21_600_000)))


class SubmissionConfig(Section, frozen=True):
    listen: tuple[Endpoint, ...] = ()
    listen_tls: tuple[Endpoint, ...] = ()
    listen_plain: tuple[Endpoint, ...] = ()
    socket: str = ""
    socket_group: str = ""
    trusted_networks: tuple[Network, ...] = (Network("127.0.0.0/8"), Network("::1/128"))
    trusted_key: str = ""
    max_size: Size = Size(40 << 20)
    max_recipients: int = 1000
    max_connections: int = 1000
    max_connections_per_address: int = 100
    timeout: Duration = Duration(5 * 60_000)
    greeting_delay: Duration = Duration(0)
    junk_limit: int = 20
    min_rate: Size = Size(1 << 10)
    login_delay: Duration = Duration(1_000)
    proxy_networks: tuple[Network, ...] = ()


class SendmailConfig(Section, frozen=True):
    """`domain`: appended to addresses without one."""

    domain: HostName = HostName("")


class InboundConfig(Section, frozen=True):
    listen: tuple[Endpoint, ...] = (Endpoint("0.0.0.0:25"),)
    max_size: Size = Size(10 << 20)
    max_connections: int = 200
    max_connections_per_address: int = 20
    timeout: Duration = Duration(5 * 60_000)
    greeting_delay: Duration = Duration(0)
    junk_limit: int = 20
    min_rate: Size = Size(1 << 10)
    proxy_networks: tuple[Network, ...] = ()
    plain_addresses: tuple[str, ...] = ()
    plain_rate: int = 60
    plain_size: Size = Size(1 << 20)
    keep_unparsed: int = 1000
    keep_unparsed_size: Size = Size(256 << 10)
    forward_reports_to: str = ""


class ReceivingConfig(Section, frozen=True):
    """`spam_header`: a regular expression; empty: none. `dmarc`: off, report or reject."""

    keep: Duration = Duration(30 * 86_400_000)
    client_rate: int = 600
    recipient_rate: int = 600
    spam_header: str = ""
    spam_action: str = "mark"
    dmarc: str = "report"
    authentication_timeout: Duration = Duration(10_000)


class SuppressionConfig(Section, frozen=True):
    hard_bounces: bool = True
    transient_bounces: bool = True
    complaints: bool = True
    unsubscribes: bool = True
    transient_count: int = 5
    transient_window: Duration = Duration(14 * 86_400_000)


class DnsConfig(Section, frozen=True):
    nameservers: tuple[Nameserver, ...] = ()
    timeout: Duration = Duration(10_000)


class DeliveryConfig(Section, frozen=True):
    mx_port: int = 25
    allow_networks: tuple[Network, ...] = ()
    tls: str = "opportunistic"
    connect_timeout: Duration = Duration(30_000)
    command_timeout: Duration = Duration(5 * 60_000)
    try_timeout: Duration = Duration(12 * 60_000)
    messages_per_session: int = 100
    idle_session: Duration = Duration(2_000)


class QueueConfig(Section, frozen=True):
    retry: tuple[Duration, ...] = tuple(Duration(minutes * 60_000) for minutes in (1, 5, 15, 30, 60, 120, 240))
    jitter: float = 0.2
    lifetime: Duration = Duration(2 * 86_400_000)
    lease: Duration = Duration(15 * 60_000)
    max_sessions: int = 200
    sessions_per_site: int = 32
    claim: int = 10
    signing_processes: int = -1
    shutdown_grace: Duration = Duration(20_000)
    return_path_lifetime: Duration = Duration(14 * 86_400_000)
    min_free_space: Size = Size(100 << 20)
    keep: Duration = Duration(30 * 86_400_000)


class TestingConfig(Section, frozen=True):
    domain: HostName = HostName("emailgw.test")


class OutboundConfig(Section, frozen=True):
    allow_networks: tuple[Network, ...] = ()


class TrackingConfig(Section, frozen=True):
    """`base_url` empty: each domain's own tracking host, by `scheme`."""

    scheme: str = "https"
    base_url: str = ""
    hold: Duration = Duration(3_000)
    bulk: int = 50
    proxy_networks: tuple[Network, ...] = ()


class WebhooksConfig(Section, frozen=True):
    retry: tuple[Duration, ...] = tuple(
        Duration(seconds * 1000) for seconds in (5, 300, 1800, 7200, 18000, 36000, 36000, 86400, 72000)
    )
    jitter: float = 0.2
    lifetime: Duration = Duration(3 * 86_400_000)
    timeout: Duration = Duration(15_000)
    concurrency: int = 32
    pause_after: int = 5
    keep: Duration = Duration(30 * 86_400_000)
    allow_networks: tuple[Network, ...] = ()


class LimitsConfig(Section, frozen=True):
    requests_per_second: int = 10_000
    recipients_per_day: int = 0
    recipients_per_month: int = 0


class DomainsConfig(Section, frozen=True):
    check_every: Duration = Duration(6 * 3_600_000)
    retire_after: Duration = Duration(7 * 86_400_000)


class LogConfig(Section, frozen=True):
    level: str = "info"
    mail: bool = True


class Config(Section, frozen=True):
    """The whole file. `ehlo_name` empty: the machine's own fully qualified name."""

    data_dir: str = "/var/lib/emailgw"
    ehlo_name: HostName = HostName("")
    http: HttpConfig = HttpConfig()
    inbound: InboundConfig = InboundConfig()
    receiving: ReceivingConfig = ReceivingConfig()
    submission: SubmissionConfig = SubmissionConfig()
    sendmail: SendmailConfig = SendmailConfig()
    tls: TlsConfig = TlsConfig()
    acme: AcmeConfig = AcmeConfig()
    dns: DnsConfig = DnsConfig()
    delivery: DeliveryConfig = DeliveryConfig()
    queue: QueueConfig = QueueConfig()
    suppression: SuppressionConfig = SuppressionConfig()
    testing: TestingConfig = TestingConfig()
    outbound: OutboundConfig = OutboundConfig()
    tracking: TrackingConfig = TrackingConfig()
    webhooks: WebhooksConfig = WebhooksConfig()
    limits: LimitsConfig = LimitsConfig()
    domains: DomainsConfig = DomainsConfig()
    log: LogConfig = LogConfig()
