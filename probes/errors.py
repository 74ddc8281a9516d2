"""The closed list of what a check can report as wrong."""

from enum import StrEnum


class ErrorCode(StrEnum):
    """Why a check failed: a stable name that people and programs can act on. The sentence beside it in a
    result tells the details."""

    # Finding the address
    DNS_NXDOMAIN = "dns_nxdomain"  # the name does not exist
    DNS_NO_ANSWER = "dns_no_answer"  # the name exists, but has no record of the wanted type
    DNS_TIMEOUT = "dns_timeout"  # no name server answered in time
    DNS_FAILURE = "dns_failure"  # a name server refused, failed or answered nonsense
    DNS_MISMATCH = "dns_mismatch"  # the records are not the expected ones
    BLOCKED_ADDRESS = "blocked_address"  # the address is private or reserved and this prober may not reach it

    # Connecting
    CONNECT_REFUSED = "connect_refused"  # the host answered: nothing listens on the port
    CONNECT_TIMEOUT = "connect_timeout"  # no answer to the connection attempt
    CONNECT_FAILED = "connect_failed"  # unreachable, or reset while connecting
    CONNECTION_RESET = "connection_reset"  # reset once connected
    CONNECTION_CLOSED = "connection_closed"  # closed before the whole answer had come
    SEND_FAILED = "send_failed"  # the request could not be written

    # TLS
    TLS_EXPIRED = "tls_expired"  # a certificate in the chain is past its end
    TLS_NOT_YET_VALID = "tls_not_yet_valid"  # a certificate in the chain begins in the future
    TLS_NAME_MISMATCH = "tls_name_mismatch"  # the certificate is for other names
    TLS_SELF_SIGNED = "tls_self_signed"  # signed by itself, or by an unknown root it brought along
    TLS_UNTRUSTED = "tls_untrusted"  # issuer unknown, often a missing intermediate; or revoked, or too weak
    TLS_HANDSHAKE = "tls_handshake"  # no agreement: not TLS at all, protocol versions, ciphers, alerts
    TLS_TIMEOUT = "tls_timeout"  # connected, but the handshake did not end in time
    TLS_EXPIRING = "tls_expiring"  # degraded: fewer days left than asked for

    # HTTP and the answer
    HTTP_STATUS = "http_status"  # a status that is not expected
    HTTP_PROTOCOL = "http_protocol"  # what came is not HTTP
    HEADER_TOO_LARGE = "header_too_large"  # more header than we are willing to read
    BODY_MISMATCH = "body_mismatch"  # keyword or expected text missing, or present when it must not be
    JSON_MISMATCH = "json_mismatch"  # not JSON, or the path's value is not the expected one
    BODY_TOO_LARGE = "body_too_large"  # the answer could not be judged within the bytes we read
    BODY_UNDECODABLE = "body_undecodable"  # broken compression
    REDIRECT_LOOP = "redirect_loop"  # more redirects than allowed
    REDIRECT_INVALID = "redirect_invalid"  # redirected to something that is not an http or https URL
    TIMEOUT_TOTAL = "timeout_total"  # connected, but the whole answer did not come in time
    SLOW = "slow"  # degraded: right, but slower than asked for

    # WebSocket
    WEBSOCKET_PROTOCOL = "websocket_protocol"  # what came breaks RFC 6455: handshake, subprotocol, frames

    # SMTP
    SMTP_REPLY = "smtp_reply"  # a refusal, or something that is wanted and not offered
    SMTP_PROTOCOL = "smtp_protocol"  # what came is not SMTP, or more than may be said there

    # Ping
    PING_LOST = "ping_lost"  # more packets lost than allowed
    PING_NOT_PERMITTED = "ping_not_permitted"  # unknown: this system does not let us send ICMP

    # Domains
    DOMAIN_EXPIRED = "domain_expired"  # past its end, or the registry says that it was not renewed
    DOMAIN_EXPIRING = "domain_expiring"  # degraded: fewer days left than asked for
    DOMAIN_UNREGISTERED = "domain_unregistered"  # the registry knows no such domain
    EXPIRY_UNKNOWN = "expiry_unknown"  # unknown: the registry could not be asked, or does not say

    # Heartbeats (judged by the core, which receives them)
    HEARTBEAT_LATE = "heartbeat_late"  # the expected ping did not come within the grace
    HEARTBEAT_OVERRUN = "heartbeat_overrun"  # started, but did not end in time
    HEARTBEAT_FAILED = "heartbeat_failed"  # the job itself reported a failure

    # Our own trouble: always status unknown
    OWN_NETWORK = "own_network"  # nothing answers from here, so a target that does not says nothing
    NO_IPV6_HERE = "no_ipv6_here"  # the target has IPv6 addresses only, and this place has no IPv6
    NO_IPV4_HERE = "no_ipv4_here"  # the other way round
    OUT_OF_RESOURCES = "out_of_resources"  # this place had no descriptor, port or memory left
    CONFIG_INVALID = "config_invalid"  # this prober cannot run such a spec
    INTERNAL = "internal"  # a bug or a full machine on our side


LOOKUP_CODES = frozenset({ErrorCode.DNS_NXDOMAIN, ErrorCode.DNS_TIMEOUT, ErrorCode.DNS_FAILURE})
"""Codes of a name that cannot be looked up: the name may be at fault, or all name servers."""
NETWORK_CODES = frozenset(
    {
        ErrorCode.CONNECT_REFUSED,
        ErrorCode.CONNECT_TIMEOUT,
        ErrorCode.CONNECT_FAILED,
        ErrorCode.CONNECTION_RESET,
        ErrorCode.CONNECTION_CLOSED,
        ErrorCode.SEND_FAILED,
        ErrorCode.TLS_TIMEOUT,
        ErrorCode.TIMEOUT_TOTAL,
        ErrorCode.PING_LOST,
    }
)
"""Codes of a target that cannot be reached: the target may be at fault, or the network on the way to it."""
REFUSAL_CODES = frozenset(
    {
        ErrorCode.DNS_NXDOMAIN,
        ErrorCode.CONNECT_REFUSED,
        ErrorCode.CONNECTION_RESET,
        ErrorCode.CONNECTION_CLOSED,
        ErrorCode.SEND_FAILED,
    }
)
"""Codes that mean somebody answered: the target or its network, or a name server."""

SHORT = (
    ErrorCode.OUT_OF_RESOURCES,
    "This prober was out of file descriptors, ports or memory; see its limit (ulimit -n).",
)
