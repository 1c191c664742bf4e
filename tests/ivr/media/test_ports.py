"""Port pairs from a range."""

import os
import socket

import pytest

from ivr.media.ports import MediaError, PortPool, PortsExhausted

# A loopback address of this process's own, so that no other test has its ports.
host = f"127.77.{os.getpid() >> 8 & 255}.{os.getpid() & 255 or 1}"


def free_range(pairs: int) -> range:
    """An even-aligned range that is free at the moment."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((host, 0))
        port = probe.getsockname()[1]
    first = min(port + port % 2, 65_000)
    return range(first, first + 2 * pairs)


def test_rtp_is_even_and_rtcp_the_odd_one_above():
    rtp, rtcp = PortPool(range(30_001, 30_030), 3).take(host)
    with rtp, rtcp:
        assert rtp.getsockname()[1] % 2 == 0
        assert rtcp.getsockname()[1] == rtp.getsockname()[1] + 1


def test_a_pair_given_back_comes_again_after_all_others():
    pool = PortPool(range(31_000, 31_020), 0)
    seen = []
    for _ in range(20):
        rtp, rtcp = pool.take(host)
        port = rtp.getsockname()[1]
        rtp.close()
        rtcp.close()
        pool.give_back(port)
        seen.append(port)
    for number in range(10, 20):
        assert seen[number] not in seen[number - 9 : number]


def test_the_round_begins_where_it_is_told():
    first = []
    for start in range(3):
        rtp, rtcp = PortPool(range(32_000, 32_040), start).take(host)
        with rtp, rtcp:
            first.append(rtp.getsockname()[1])
    assert len(set(first)) == 3


def test_a_pair_somebody_else_has_is_passed_over_and_none_left_is_an_error():
    ports = free_range(1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind((host, ports[1]))
        with pytest.raises(PortsExhausted, match="IVR_RTP_PORTS"):
            PortPool(ports, 0).take(host)
    rtp, rtcp = PortPool(ports, 0).take(host)
    rtp.close()
    rtcp.close()


def test_a_range_without_a_pair_is_refused_at_once():
    with pytest.raises(MediaError, match="widen"):
        PortPool(range(4001, 4003), 0)


def test_a_host_that_is_not_ours_is_an_os_error():
    with pytest.raises(OSError, match="assign"):
        PortPool(range(33_000, 33_010), 0).take("192.0.2.1")
