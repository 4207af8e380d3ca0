"""Which URLs and addresses a feed may make us talk to: none that is private, special or not on the open web.

The list is ours and explicit: `ipaddress.is_global` of Python 3.11 calls 64:ff9b::/96, 2002::/16 and all multicast global.
The URL check is early and cheap; the one that counts is `refuse_address` on the address a socket is opened for, since names,
redirects and rebinding DNS all end there. Pure.
"""

import re
import unicodedata
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address

URL_LENGTH_MAX = 4_096  # feeds with long query strings have some 500 characters; servers refuse from 8,192
PORTS = (80, 443)

# What each is for: IANA special-purpose registries (RFC 6890 and later).
DENIED: tuple[tuple[Network, str], ...] = tuple(
    (ip_network(network), use)
    for network, use in (
        ("0.0.0.0/8", "this network"),
        ("10.0.0.0/8", "private"),
        ("100.64.0.0/10", "carrier-grade NAT"),
        ("127.0.0.0/8", "loopback"),
        ("169.254.0.0/16", "link-local"),
        ("172.16.0.0/12", "private"),
        ("192.0.0.0/24", "protocol assignments"),
        ("192.0.2.0/24", "documentation"),
        ("192.88.99.0/24", "6to4 relay"),
        ("192.168.0.0/16", "private"),
        ("198.18.0.0/15", "benchmarking"),
        ("198.51.100.0/24", "documentation"),
        ("203.0.113.0/24", "documentation"),
        ("224.0.0.0/4", "multicast"),
        ("240.0.0.0/4", "reserved"),
        ("::/128", "unspecified"),
        ("::1/128", "loopback"),
        ("64:ff9b::/96", "NAT64"),
        ("64:ff9b:1::/48", "local NAT64"),
        ("100::/64", "discard"),
        ("2001::/23", "protocol assignments, Teredo"),
        ("2001:db8::/32", "documentation"),
        ("2002::/16", "6to4"),
        ("3fff::/20", "documentation"),
        ("5f00::/16", "segment routing"),
        ("fc00::/7", "unique local"),
        ("fe80::/10", "link-local"),
        ("fec0::/10", "site-local"),
        ("ff00::/8", "multicast"),
    )
)
GLOBAL_UNICAST = IPv6Network("2000::/3")  # nothing outside it is assigned to hosts on the open web
NAT64 = (IPv6Network("64:ff9b::/96"), IPv6Network("64:ff9b:1::/48"))
FORBIDDEN = re.compile(r"[\x00-\x20\x7f\\]")
NUMBER = re.compile(r"[0-9]+|0[xX][0-9a-fA-F]*")
QUAD = re.compile(r"(?:(?:0|[1-9][0-9]{0,2})\.){3}(?:0|[1-9][0-9]{0,2})")


def refuse_address(ip: str, allow: Sequence[Network] = ()) -> str | None:
    """Why no connection may go to this address; None if it may. `allow` lets networks through that would be refused."""
    try:
        address = ip_address(ip.partition("%")[0])
    except ValueError:
        return f"{ip[:64]!r} is no address"
    inside = inner(address)
    if is_allowed(address, allow) or (inside and is_allowed(inside, allow)):
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        return _denied(address.ipv4_mapped)
    return _denied(address) or (_denied(inside) if inside else None)


def refuse_url(url: str) -> str | None:
    """Why this URL may not be fetched, whatever it resolves to; None if it may.

    http and https only, no user or password in it, no host that is a number in disguise (127.1, 2130706433, 0x7f000001).
    The port is judged with the address, in `refuse_port`.
    """
    if len(url) > URL_LENGTH_MAX:
        return f"{len(url)} characters, {URL_LENGTH_MAX} allowed"
    if FORBIDDEN.search(url):
        return "white space, control character or backslash"
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError as error:
        return str(error)
    if parts.scheme.lower() not in ("http", "https"):
        return f"scheme {parts.scheme[:20]!r}"
    if "@" in parts.netloc:
        return "user name or password"
    # Full-width digits and ideographic full stops become ASCII in IDNA, so they do here.
    host = unicodedata.normalize("NFKC", host).replace("\u3002", ".").rstrip(".")
    if not host:
        return "no host"
    if ":" not in host and NUMBER.fullmatch(host.rpartition(".")[2]) and not QUAD.fullmatch(host):
        return f"host {host[:64]!r} is a number in disguise"
    return None


def refuse_port(port: int, ports: Sequence[int] = ()) -> str | None:
    """Why this port may not be used; `ports` are the feed's own beside 80 and 443."""
    return None if port in PORTS or port in ports else f"port {port}"


def is_allowed(address: Address, allow: Sequence[Network]) -> bool:
    """Whether an address lies in one of the networks."""
    return any(address.version == network.version and address in network for network in allow)


def inner(address: Address) -> IPv4Address | None:
    """The IPv4 address that an IPv6 one carries (mapped, NAT64, 6to4, Teredo, compatible), else None."""
    if not isinstance(address, IPv6Address):
        return None
    if address.ipv4_mapped or address.sixtofour:
        return address.ipv4_mapped or address.sixtofour
    if address.teredo:
        return address.teredo[1]
    if any(address in network for network in NAT64) or 0xFFFF < int(address) <= 0xFFFF_FFFF:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return None


def _denied(address: Address) -> str | None:
    for network, use in DENIED:
        if address.version == network.version and address in network:
            return f"{address} is {use} ({network})"
    if isinstance(address, IPv6Address) and address not in GLOBAL_UNICAST:
        return f"{address} is outside {GLOBAL_UNICAST}"
    return None
