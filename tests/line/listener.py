"""A caller who waits for what should be said before a key is pressed, however slow the machine."""

from tests.line.harness import RunningLine
from tests.line.heard import RATE_HZ, Clip, Samples
from tests.line.jobs import Town
from tests.line.phone import Phone

SAME_WORDS = 3 * RATE_HZ // 4
TONE_HZ = 1000.0


class Listener(Phone):
    """A telephone in one call with a line that speaks `language`."""

    def __init__(
        self, line: RunningLine, town: Town, number: str, called: str = "line", **more: object
    ) -> None:
        super().__init__(line.sip_port, number=number, called=called, **more)  # type: ignore[arg-type]
        self.town = town
        self.language = "zh-CN"

    def hear(self, prompt: str, **values: object) -> None:
        """Wait until a prompt has begun."""
        assert self.sound is not None
        first, *_others = self.town.clips(prompt, self.language, values)
        samples = first.samples
        if len(samples) > 2 * RATE_HZ:  # many begin with the same words
            samples = samples[SAME_WORDS:]
        self.sound.until_heard([Clip(first.text, samples)])

    def reply(self, prompt: str, keys: str, **values: object) -> None:
        """Press keys once a prompt has begun."""
        self.hear(prompt, **values)
        self.press(keys)

    def speak_after_tone(self, samples: Samples) -> None:
        """Queue speech as soon as the tone is heard that asks for it."""
        assert self.sound is not None
        self.sound.until_tone(TONE_HZ)
        self.sound.speak(samples)
