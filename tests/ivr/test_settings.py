"""What the settings accept, refuse and say."""

import re
import string
from datetime import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr import setting_values
from ivr.records.tables import Role
from ivr.setting_table import SETTINGS
from ivr.settings import Settings, SettingsError, load
from ivr.settings_listing import listing, markdown_table


def loaded(folder: Path, **variables: str) -> Settings:
    return load(variables, folder)


def refusal(folder: Path, **variables: str) -> str:
    with pytest.raises(SettingsError) as caught:
        loaded(folder, **variables)
    for text in (caught.value.wording.en, caught.value.wording.zh):
        assert "\n" not in text
    return caught.value.wording.en


def test_defaults_are_those_of_the_design(tmp_path):
    settings = loaded(tmp_path)
    assert (settings.sip_port, settings.web_port, settings.web_host) == (5060, 8080, "127.0.0.1")
    assert settings.rtp_ports == range(16384, 32768)
    assert settings.timezone.key == "Asia/Shanghai"
    assert settings.state_dir.is_absolute()
    assert settings.state_dir.name == "var"
    assert settings.database_url == f"sqlite:///{settings.state_dir}/ivr.db"
    assert not settings.sample_data


def test_the_environment_wins_over_the_file_and_the_file_over_defaults(tmp_path):
    (tmp_path / "ivr.toml").write_text("sip_port = 5070\nweb_port = 8090\n", encoding="utf-8")
    settings = loaded(tmp_path, IVR_SIP_PORT="5080")
    assert (settings.sip_port, settings.web_port, settings.max_calls) == (5080, 8090, 500)
    sources = dict(settings.sources)
    assert sources["sip_port"] == "environment"
    assert sources["web_port"] == str(tmp_path / "ivr.toml")
    assert sources["max_calls"] == "default"


def test_the_file_may_be_named(tmp_path):
    elsewhere = tmp_path / "line.toml"
    elsewhere.write_text('operator = "sip:6001@10.0.0.2"\n', encoding="utf-8")
    settings = loaded(tmp_path / "..", IVR_CONFIG=str(elsewhere))
    assert settings.operator == "sip:6001@10.0.0.2"


def test_a_named_file_that_is_missing_is_an_error(tmp_path):
    assert "no such file" in refusal(tmp_path, IVR_CONFIG=str(tmp_path / "nowhere.toml"))


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("IVR_SIP_PORT", "abc"),
        ("IVR_SIP_PORT", "0"),
        ("IVR_SIP_PORT", "65536"),
        ("IVR_SIP_PORT", "５０６０"),
        ("IVR_SIP_PORT", ""),
        ("IVR_WEB_PORT", "80 80"),
        ("IVR_RTP_PORTS", "20000"),
        ("IVR_RTP_PORTS", "20000-20001"),
        ("IVR_RTP_PORTS", "30000-20000"),
        ("IVR_RTP_PORTS", "80-100"),
        ("IVR_SIP_HOST", "256.1.1.1"),
        ("IVR_SIP_HOST", "a host"),
        ("IVR_SIP_HOST", ""),
        ("IVR_MAX_CALLS", "0"),
        ("IVR_SAMPLE_DATA", "perhaps"),
        ("IVR_TIMEZONE", "Mars/Olympus"),
        ("IVR_TIMEZONE", "../etc/passwd"),
        ("IVR_DRAIN_SECONDS", "soon"),
        ("IVR_DRAIN_SECONDS", "25h"),
        ("IVR_OPERATOR", "sip:6001"),
        ("IVR_OPERATOR", "6001\r\nX: y"),
        ("IVR_VOICE_ZH", "hibari"),
        ("IVR_LOG_LEVEL", "loud"),
        ("IVR_STATE_DIR", ""),
        ("IVR_DATABASE_URL", "mysql://localhost/x"),
        ("IVR_DATABASE_URL", "sqlite"),
    ],
)
def test_a_bad_value_is_refused_by_name_with_what_is_allowed(tmp_path, variable, value):
    text = refusal(tmp_path, **{variable: value})
    assert text.startswith(f"{variable}=")
    assert "not allowed; give " in text


@pytest.mark.parametrize(
    ("variable", "value", "name", "expected"),
    [
        ("IVR_SIP_HOST", "::1", "sip_host", "::1"),
        ("IVR_SIP_HOST", "[::1]", "sip_host", "::1"),
        ("IVR_SIP_HOST", "line.example.gov.cn", "sip_host", "line.example.gov.cn"),
        ("IVR_RTP_PORTS", "20001-20010", "rtp_ports", range(20002, 20011)),
        ("IVR_DRAIN_SECONDS", "1.5m", "drain_seconds", 90.0),
        ("IVR_MEDIA_SILENCE", "250ms", "media_silence", 0.25),
        ("IVR_SAMPLE_DATA", "Yes", "sample_data", True),
        ("IVR_OPERATOR", "6001", "operator", "6001"),
        ("IVR_ADMIN_PASSWORD", "", "admin_password", None),
        ("IVR_LOG_LEVEL", "DEBUG", "log_level", "debug"),
    ],
)
def test_good_values_are_read(tmp_path, variable, value, name, expected):
    assert getattr(loaded(tmp_path, **{variable: value}), name) == expected


def test_a_refused_secret_is_not_shown(tmp_path):
    assert "hunter2" not in refusal(tmp_path, IVR_ADMIN_PASSWORD="hunter2\x07")
    shown = refusal(tmp_path, IVR_DATABASE_URL="oracle://u:hunter2@h/n")
    assert "hunter2" not in shown


def test_secrets_are_in_no_listing_and_no_repr(tmp_path):
    settings = loaded(
        tmp_path,
        IVR_ADMIN_PASSWORD="hunter2",
        IVR_API_TOKEN="hunter3",
        IVR_DATABASE_URL="postgresql+psycopg://line:hunter4@db/ivr",
    )
    for language in ("zh-CN", "en"):
        shown = "\n".join(listing(settings, language)) + repr(settings)
        assert "hunter" not in shown
    assert "IVR_DATABASE_URL=postgresql+psycopg://line:***@db/ivr" in shown


def test_an_unknown_key_in_the_file_is_refused_with_the_nearest(tmp_path):
    (tmp_path / "ivr.toml").write_text("sip_prot = 5070\n", encoding="utf-8")
    assert "did you mean sip_port?" in refusal(tmp_path)


def test_a_file_that_is_no_toml_is_refused_with_its_line(tmp_path):
    (tmp_path / "ivr.toml").write_text("sip_port = \n", encoding="utf-8")
    assert "line 1" in refusal(tmp_path)


def test_an_unknown_variable_is_reported_not_refused(tmp_path):
    assert loaded(tmp_path, IVR_SIP_PROT="1").unknown_variables == ("IVR_SIP_PROT",)


def test_trunks_are_read_from_the_file(tmp_path):
    (tmp_path / "ivr.toml").write_text(
        '[[trunks]]\nname = "pbx"\nregistrar = "sip:10.0.0.2"\nusername = "600"\n'
        'password = "p"\ntransport = "TCP"\nkeepalive = "1m"\n',
        encoding="utf-8",
    )
    (trunk,) = loaded(tmp_path).trunks
    assert (trunk.name, trunk.transport, trunk.register, trunk.keepalive) == (
        "pbx",
        "tcp",
        True,
        60.0,
    )
    assert "'p'" not in repr(trunk)


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        ('name = "a"', "registrar: missing"),
        ('name="a"\nregistrar="r"\nusername="u"\npassword="p"\nport=1', "port: no such key"),
        ('name="a"\nregistrar="r"\nusername="u"\npassword="p"\ntransport="ws"', "not allowed"),
    ],
)
def test_a_bad_trunk_is_refused_with_its_place(tmp_path, table, reason):
    (tmp_path / "ivr.toml").write_text(f"[[trunks]]\n{table}\n", encoding="utf-8")
    text = refusal(tmp_path)
    assert "trunks[1]" in text
    assert reason in text


@given(
    st.sampled_from([s for s in SETTINGS if not s.secret]),
    st.text(st.characters(exclude_categories=["Cs"])),
)
def test_any_text_is_read_or_refused_in_one_line(setting, text):
    refused = ""
    try:
        load({setting.variable: text}, Path(__file__).parent)
    except SettingsError as error:
        refused = error.wording.en
    assert refused == "" or (refused.startswith(setting.variable) and refused.isprintable())


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda s: s.name)
def test_every_setting_is_told_in_both_languages(setting):
    assert setting.default == "" or setting.parse(setting.default) is not None
    for wording in (setting.meaning, setting.allowed):
        assert wording.en
        assert any(ord(c) > 0x2E80 or c in string.ascii_letters for c in wording.zh)


@pytest.mark.parametrize(("name", "language"), [("README.md", "en"), ("README.zh-CN.md", "zh-CN")])
def test_the_readme_has_the_whole_settings_table(name, language):
    readme = Path(__file__).parents[2] / name
    assert markdown_table(language) in readme.read_text(encoding="utf-8")


def test_the_example_file_names_every_setting_and_can_be_read(tmp_path):
    example = (Path(__file__).parents[2] / "ivr.example.toml").read_text(encoding="utf-8")
    for setting in SETTINGS:
        assert f"\n# {setting.name} = " in example
    (tmp_path / "ivr.toml").write_text(
        "\n".join(
            line.removeprefix("# ")
            for line in example.splitlines()
            if re.match(r"# ([a-z_]+ = |\[\[)", line)
        ),
        encoding="utf-8",
    )
    settings = loaded(tmp_path)
    assert settings.trunks


def test_roles_in_settings_are_the_roles_there_are():
    assert set(setting_values.ROLES) == {role.value for role in Role}


def test_roles_are_read_from_a_list_or_a_line(tmp_path):
    assert setting_values.roles(" Administrator, editor,") == {"administrator", "editor"}
    assert setting_values.roles("administrator，clerk") == {"administrator", "clerk"}
    assert setting_values.roles(["auditor"]) == {"auditor"}
    assert setting_values.roles("") == frozenset()
    with pytest.raises(ValueError, match="king"):
        setting_values.roles("king")


def test_the_audit_log_is_kept_for_half_a_year_at_least():
    assert [setting_values.audit_days(word) for word in ("0", "180", 3650)] == [0, 180, 3650]
    for word in ("1", "179", "-1", "36501", "1.5"):
        with pytest.raises(ValueError, match=word):
            setting_values.audit_days(word)


def test_a_time_of_day_is_hours_and_minutes():
    assert setting_values.time_of_day("03:30") == time(3, 30)
    assert setting_values.time_of_day(" ") is None
    for word in ("24:00", "3.30", "noon"):
        with pytest.raises(ValueError):  # noqa: PT011 - the settings say what is allowed
            setting_values.time_of_day(word)


def test_a_session_lasts_a_minute_at_least():
    assert setting_values.session_seconds("30m") == 1800
    with pytest.raises(ValueError, match="59"):
        setting_values.session_seconds("59")


def written(folder: Path, text: str) -> Settings:
    (folder / "ivr.toml").write_text(text, encoding="utf-8")
    return load({}, folder)


def test_by_default_anyone_may_call_and_only_this_machine_is_trusted(tmp_path):
    settings = loaded(tmp_path)
    assert (settings.who_may_call, settings.strangers) == ("anyone", "answer")
    assert [str(network) for network in settings.trusted_networks] == ["127.0.0.0/8", "::1/128"]
    assert settings.sip_product is None, "no version is told unless asked for"


def test_trusted_networks_are_addresses_and_networks_of_both_families(tmp_path):
    settings = loaded(tmp_path, IVR_TRUSTED_NETWORKS="10.1.2.3, 10.9.0.7/16，2001:db8::/32")
    shown = [str(network) for network in settings.trusted_networks]
    assert shown == ["10.1.2.3/32", "10.9.0.0/16", "2001:db8::/32"]
    assert loaded(tmp_path, IVR_TRUSTED_NETWORKS="").trusted_networks == ()
    assert "IVR_TRUSTED_NETWORKS=10.0.0.300" in refusal(tmp_path, IVR_TRUSTED_NETWORKS="10.0.0.300")


def test_a_trunk_known_by_its_address_needs_no_account(tmp_path):
    settings = written(
        tmp_path,
        '[[trunks]]\nname = "a"\nregistrar = "192.0.2.1"\nregister = false\n'
        'networks = ["192.0.2.0/28"]\n',
    )
    assert [str(network) for network in settings.trunks[0].networks] == ["192.0.2.0/28"]
    with pytest.raises(SettingsError, match="username: missing"):
        written(tmp_path, '[[trunks]]\nname = "a"\nregistrar = "192.0.2.1"\n')


def test_callers_by_password_are_tables(tmp_path):
    text = '[[callers]]\nusername = "601"\npassword = "secret 9"\ntrunk = "branch"\n'
    settings = written(tmp_path, text)
    assert settings.callers[0].trunk == "branch"
    assert "secret 9" not in repr(settings)
    assert "secret 9" not in "\n".join(listing(settings, "en"))
    for wrong in (text * 2, '[[callers]]\nusername = "601"\n', 'callers = "601"\n', text + "x=1\n"):
        with pytest.raises(SettingsError, match="callers"):
            written(tmp_path, wrong)


def test_a_trunk_may_have_an_encryption_of_its_own(tmp_path):
    (tmp_path / "ivr.toml").write_text(
        '[[trunks]]\nname = "pbx"\nregistrar = "sip:pbx.example"\nregister = false\n'
        'transport = "tls"\ntls_ca = "/etc/pbx-ca.pem"\ntls_verify = false\nsrtp = "required"\n'
    )
    [trunk] = loaded(tmp_path).trunks
    assert (trunk.transport, trunk.tls_ca, trunk.tls_verify, trunk.srtp) == (
        "tls",
        Path("/etc/pbx-ca.pem"),
        False,
        "required",
    )
    assert loaded(tmp_path).srtp == "preferred"
    assert "off, preferred or required" in refusal(tmp_path, IVR_SRTP="always")


def test_files_of_certificates_are_made_absolute_and_may_be_left_out(tmp_path):
    settings = loaded(tmp_path, IVR_TLS_CERTIFICATE="line.pem")
    assert settings.tls_certificate == Path("line.pem").absolute()
    assert settings.tls_key is None
    assert [str(network) for network in settings.trusted_proxies] == ["127.0.0.1/32", "::1/128"]
