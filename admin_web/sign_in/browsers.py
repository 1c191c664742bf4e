"""A browser in words, so that people know which of their sessions is which.

A User-Agent (RFC 9110 §10.1.5) says what its browser likes; this is a help for the eye and
nothing is decided by it. The first sign that is found counts: most browsers name those they are
like, too.
"""

from __future__ import annotations

# what stands in the header: what it is called
BROWSERS = (
    ("MicroMessenger/", "WeChat"),
    ("DingTalk/", "DingTalk"),
    ("QQBrowser/", "QQ Browser"),
    ("UCBrowser/", "UC Browser"),
    ("MetaSr", "Sogou"),
    ("360SE", "360"),
    ("QIHU", "360"),
    ("HuaweiBrowser/", "Huawei Browser"),
    ("MiuiBrowser/", "Mi Browser"),
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("CriOS/", "Chrome"),
    ("Safari/", "Safari"),
    ("curl/", "curl"),
    ("python", "Python"),
)
SYSTEMS = (
    ("HarmonyOS", "HarmonyOS"),
    ("OpenHarmony", "HarmonyOS"),
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("UOS", "UOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


def browser_of(header: str) -> tuple[str, str]:
    """Return the browser and the system a User-Agent names; empty where it names none known."""

    def first(table: tuple[tuple[str, str], ...]) -> str:
        return next((name for sign, name in table if sign.lower() in header.lower()), "")

    return first(BROWSERS), first(SYSTEMS)
