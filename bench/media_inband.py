"""What hearing keys as tones costs: CPU per call-second, over noise and over keys.

python -m bench.media_inband [--legs 100,500]
"""

import argparse
import json
import time

import numpy as np

from ivr.media import silence, tone
from ivr.media.inband import InbandReceiver
from ivr.rtp.g711 import linear_to_ulaw

seconds = 4


def noise() -> bytes:
    samples = np.random.default_rng(1).normal(0, 300, 8000 * seconds).astype("<i2")
    return linear_to_ulaw(samples.tobytes())


def keys() -> bytes:
    one = tone(770.0, 1336.0, ms=100) + silence(100)
    return one * (5 * seconds)


def us_per_call_second(legs: int, sound: bytes) -> tuple[float, int]:
    receiver = InbandReceiver()
    rows = [receiver.add() for _ in range(legs)]
    heard = 0
    began = time.process_time()
    for offset in range(0, len(sound), 160):
        packet = sound[offset : offset + 160]
        for row in rows:
            receiver.hear(row, packet)
        heard += len(receiver.detect())
    return (time.process_time() - began) / legs / seconds * 1e6, heard


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--legs", default="100,500")
    for legs in map(int, parser.parse_args().legs.split(",")):
        over_noise, none = us_per_call_second(legs, noise())
        over_keys, some = us_per_call_second(legs, keys())
        assert (none, some) == (0, legs * 5 * seconds)
        print(
            json.dumps(
                {
                    "legs": legs,
                    "noise_us_per_call_second": round(over_noise, 1),
                    "five_keys_a_second_us_per_call_second": round(over_keys, 1),
                }
            )
        )


if __name__ == "__main__":
    main()
