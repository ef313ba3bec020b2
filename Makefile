# SPDX-License-Identifier: MIT
#
# The whole build, without configure. Every src/*.c but main.c goes into one archive that the program
# and the unit tests link; a new file needs no edit here. Each variant (release, asan) has its own
# object directory, and a changed compiler or flag rebuilds it. `make help` lists the targets.

# What a user sets. CPPFLAGS, CFLAGS and LDFLAGS come last on the command line and win.
PREFIX        ?= /usr/local
SBINDIR       ?= $(PREFIX)/sbin
LIBEXECDIR    ?= $(PREFIX)/libexec
DATADIR       ?= $(PREFIX)/share
MANDIR        ?= $(DATADIR)/man
DOCDIR        ?= $(DATADIR)/doc/keeltune
BASHCOMPDIR   ?= $(DATADIR)/bash-completion/completions
ZSHCOMPDIR    ?= $(DATADIR)/zsh/site-functions
FISHCOMPDIR   ?= $(DATADIR)/fish/vendor_completions.d
UNITDIR       ?= $(PREFIX)/lib/systemd/system#	empty: no systemd units
SYSCONFDIR    ?= /etc
LOCALSTATEDIR ?= /var
DESTDIR       ?=
CFLAGS        ?= -O2 -g
PKG_CONFIG    ?= pkg-config
INSTALL       ?= install
BUILD         ?= build#	where everything is built
VARIANT       ?= release#	or asan, coverage, fuzz (clang)
STATIC_LIBS   ?= 1#	0: load libconfuse, jansson and libmd at run time
HARDEN        ?= 1#	0: no hardening flags
DEV           ?=#	1: warnings are errors (also with CI=true)
V             ?=#	1: show the commands
JOBS          ?= $(shell nproc 2>/dev/null || echo 1)

SHELL     := /bin/sh
MAKEFLAGS += --no-builtin-rules --no-print-directory
Q         := $(if $(V),,@)
say       := $(if $(V),:,printf '  %-8s%s\n')
define newline


endef
.SUFFIXES:
.DELETE_ON_ERROR:
.SECONDARY:

ifneq ($(filter-out release asan coverage fuzz,$(VARIANT)),)
$(error VARIANT is "$(VARIANT)"; it may be release, asan, coverage or fuzz)
endif

# --- Sources and what is made of them

OBJ      := $(BUILD)/obj/$(VARIANT)
PROGRAM  := $(BUILD)/keeltune$(if $(filter-out release,$(VARIANT)),-$(VARIANT))
SOURCES  := $(sort $(wildcard src/*.c))
OBJECTS  := $(SOURCES:%.c=$(OBJ)/%.o)
ARCHIVE  := $(OBJ)/libkeeltune.a
PROFILES := $(wildcard profiles/*.conf)
SCHEMAS  := $(wildcard packaging/schemas/*.json)
EXAMPLES := $(wildcard profiles/examples/*)
UNITS    := $(wildcard packaging/systemd/*.service packaging/systemd/*.timer packaging/systemd/*.path)
MAN5     := $(wildcard man/*.5)
MAN8     := $(wildcard man/*.8)

# tests/unit/test-NAME.c is one Check program; any other .c there is linked into all of them.
UNIT         := $(BUILD)/unit/$(VARIANT)
UNIT_SOURCES := $(sort $(wildcard tests/unit/*.c))
UNIT_TESTS   := $(patsubst tests/unit/%.c,$(UNIT)/%,$(filter tests/unit/test-%,$(UNIT_SOURCES)))
UNIT_HELPERS := $(patsubst %.c,$(OBJ)/%.o,$(filter-out tests/unit/test-%,$(UNIT_SOURCES)))

# tests/fuzz/fuzz-NAME.c is a fuzz target: a program for libFuzzer, or with replay.c one for files.
FUZZ         := $(BUILD)/fuzz/$(VARIANT)
FUZZ_TARGETS := $(patsubst tests/fuzz/%.c,$(FUZZ)/%,$(sort $(wildcard tests/fuzz/fuzz-*.c)))
FUZZ_HELPERS := $(patsubst %,$(OBJ)/tests/fuzz/%.o,common $(if $(filter fuzz,$(VARIANT)),,replay))

# --- Flags

LIBRARIES := libconfuse jansson libmd
WARNINGS  := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wformat=2 \
	     -Wmissing-prototypes -Wstrict-prototypes -Wvla -Wundef -Wwrite-strings -Wcast-qual \
	     -Wswitch-enum
WERROR    := $(if $(filter 1,$(DEV))$(filter true,$(CI)),-Werror)
BASE      := -std=c17 -D_GNU_SOURCE -Isrc
VARIANT_CFLAGS  :=
VARIANT_LDFLAGS :=
EXTRA           :=

# Goals that compile nothing (or call make again once the packages are there) ask no compiler.
QUIET_GOALS := check check-slow clean coverage deb dist format fuzz help rpm run uninstall lint
ifneq ($(filter-out $(QUIET_GOALS),$(or $(MAKECMDGOALS),all)),)

ifeq ($(VARIANT),asan)
# Warnings are the release build's business: sanitizers make gcc see ghosts.
VARIANT_CFLAGS := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
VARIANT_LDFLAGS := -fsanitize=address,undefined
WERROR :=
else ifeq ($(VARIANT),coverage)
CFLAGS := -O0 -g
VARIANT_CFLAGS := --coverage -fprofile-update=atomic
VARIANT_LDFLAGS := --coverage
WERROR :=
else ifeq ($(VARIANT),fuzz)
CC := clang
VARIANT_CFLAGS := -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
WERROR :=
else ifneq ($(HARDEN),0)
FORTIFY := $(if $(findstring _FORTIFY_SOURCE,$(CPPFLAGS) $(CFLAGS)),,-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)
VARIANT_CFLAGS := $(shell scripts/cc-flags "$(CC) $(CPPFLAGS) $(CFLAGS)" "$(FORTIFY)" \
	-fstack-protector-strong -fstack-clash-protection -fcf-protection -fPIE)
VARIANT_LDFLAGS := $(shell scripts/cc-flags "$(CC) $(CFLAGS) -fPIE" "-pie" "-Wl,-z,relro,-z,now" \
	"-Wl,-z,noexecstack" "-Wl,--as-needed")
endif

# libmnl and the library of procps are loaded when a command needs them (src/library.c): their headers
# are enough here, and the soname that goes with them.
PROCPS       := $(firstword $(foreach l,libproc2 libprocps,$(shell $(PKG_CONFIG) --exists $l && echo $l)))
soname        = $(shell path=$$($(CC) -print-file-name=$(1).so) && readlink -f "$$path" | sed -nE 's,.*/($(1)\.so\.[0-9]+).*,\1,p')
LIB_CFLAGS   := $(shell $(PKG_CONFIG) --cflags $(LIBRARIES) 2>/dev/null) $(shell $(PKG_CONFIG) --cflags libmnl $(PROCPS) 2>/dev/null)
LIB_LIBS     := $(shell $(PKG_CONFIG) --libs $(LIBRARIES) 2>/dev/null)
# Three libraries less to load are a quarter of an audit's start-up (make bench).
ifneq ($(STATIC_LIBS),0)
archive_or = $(if $(findstring /,$(shell $(CC) -print-file-name=lib$(1).a)),-l:lib$(1).a,-l$(1))
LIB_LIBS     := $(foreach l,$(LIB_LIBS),$(if $(filter -l%,$(l)),$(call archive_or,$(l:-l%=%)),$(l)))
endif
LIB_LIBS     += -ldl#	glibc before 2.34 has dlopen(3) there
CHECK_CFLAGS := $(shell $(PKG_CONFIG) --cflags check 2>/dev/null)
CHECK_LIBS   := $(shell $(PKG_CONFIG) --libs check 2>/dev/null)
HAVE_LIBMNL  := $(shell $(PKG_CONFIG) --exists libmnl && echo 1)
HAVE_CC      := $(shell command -v $(CC) 2>/dev/null)

VERSION := $(shell scripts/version)
endif

# The paths and the version reach only the files that name them: a commit does not rebuild the rest.
SETTINGS := -DKEELTUNE_VERSION='"$(VERSION)"' \
	    -DKEELTUNE_PROFILE_DIR='"$(DATADIR)/keeltune/profiles"' \
	    -DKEELTUNE_SYSCONFDIR='"$(SYSCONFDIR)"' -DKEELTUNE_LOCALSTATEDIR='"$(LOCALSTATEDIR)"' \
	    $(if $(PROCPS),-DKEELTUNE_$(if $(filter libproc2,$(PROCPS)),LIBPROC2,LIBPROCPS)='"$(call soname,$(PROCPS))"')
CONFIGURED := $(shell grep -lE 'KEELTUNE_(VERSION|PROFILE_DIR|SYSCONFDIR|LOCALSTATEDIR|LIBPROC)' \
	$(SOURCES) /dev/null)

COMPILE = $(CC) $(BASE) $(LIB_CFLAGS) $(WARNINGS) $(WERROR) '-ffile-prefix-map=$(CURDIR)=.' \
	  $(VARIANT_CFLAGS) $(CPPFLAGS) $(CFLAGS)
LINK    = $(CC) -pthread $(VARIANT_CFLAGS) $(CFLAGS) $(VARIANT_LDFLAGS) $(LDFLAGS)

# --- Building

.PHONY: all
all: $(PROGRAM) ## build the program (default); installs nothing

$(PROGRAM): $(OBJ)/src/main.o $(ARCHIVE)
	@$(say) LINK $@
	$(Q)$(LINK) -o $@ $^ $(LIB_LIBS)

$(ARCHIVE): $(filter-out $(OBJ)/src/main.o,$(OBJECTS))
	@$(say) AR $@
	$(Q)rm -f $@ && $(AR) rcsD $@ $^

$(OBJ)/%.o: %.c $(OBJ)/flags
	@mkdir -p $(@D)
	@$(say) CC $<
	$(Q)$(COMPILE) $(EXTRA) -MMD -MP -c -o $@ $<

$(CONFIGURED:%.c=$(OBJ)/%.o): $(OBJ)/settings
$(CONFIGURED:%.c=$(OBJ)/%.o): private EXTRA := $(SETTINGS)

# The macros of Check are not written for pedants.
$(OBJ)/tests/unit/%.o: private EXTRA := $(CHECK_CFLAGS) -Wno-pedantic

$(UNIT)/%: $(OBJ)/tests/unit/%.o $(UNIT_HELPERS) $(ARCHIVE)
	@mkdir -p $(@D)
	@$(say) LINK $@
	$(Q)$(LINK) -o $@ $^ $(LIB_LIBS) $(CHECK_LIBS)

$(FUZZ)/%: $(OBJ)/tests/fuzz/%.o $(FUZZ_HELPERS) $(ARCHIVE)
	@mkdir -p $(@D)
	@$(say) LINK $@
	$(Q)$(LINK) $(if $(filter fuzz,$(VARIANT)),-fsanitize=fuzzer) -o $@ $^ $(LIB_LIBS)

# Rewritten only when the text differs, so that the same flags rebuild nothing.
.PHONY: FORCE
$(OBJ)/flags $(OBJ)/settings: FORCE
	$(shell mkdir -p $(@D))$(file >$@.new,$(if $(filter %/flags,$@),$(COMPILE) | $(LINK) | $(LIB_LIBS),$(SETTINGS)))
	@if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi

ifeq ($(and $(filter-out -ldl,$(LIB_LIBS)),$(HAVE_LIBMNL),$(HAVE_CC)),)
$(OBJ)/flags: | missing-build
endif
ifeq ($(CHECK_LIBS),)
$(UNIT_TESTS) $(UNIT_SOURCES:%.c=$(OBJ)/%.o): | missing-test
endif
.PHONY: missing-build missing-test
missing-build missing-test: missing-%:
	@scripts/install-packages --missing $*

-include $(wildcard $(OBJ)/src/*.d $(OBJ)/tests/*/*.d $(OBJ)/packaging/*/*.d)

# Completions: a shell's script with the table that the program's own tables make.
COMPLETIONS := $(addprefix $(BUILD)/completions/,keeltune _keeltune keeltune.fish)

.PHONY: completions
completions: $(COMPLETIONS) ## completions for bash, zsh and fish, in build/completions

$(BUILD)/completions/list: $(OBJ)/packaging/completions/table.o $(ARCHIVE)
	@mkdir -p $(@D)
	@$(say) LINK $@
	$(Q)$(LINK) -o $@ $^ $(LIB_LIBS)

$(BUILD)/completions/table: $(BUILD)/completions/list
	$(Q)$< >$@

$(BUILD)/completions/keeltune: packaging/completions/keeltune.bash
$(BUILD)/completions/_keeltune: packaging/completions/keeltune.zsh
$(BUILD)/completions/keeltune.fish: packaging/completions/keeltune.fish
$(COMPLETIONS): $(BUILD)/completions/table packaging/completions/fill.awk
	@$(say) GEN $@
	$(Q)awk -f packaging/completions/fill.awk $< $(filter %.bash %.zsh %.fish,$^) >$@

# --- Using

# A sub-make that uses all processors, unless the caller said how many.
PARALLEL = $(MAKE) $(if $(findstring jobserver,$(MAKEFLAGS)),,-j$(JOBS))

.PHONY: run
run: ## install missing build packages (apt), build, audit this host with `baseline`; changes nothing
	@scripts/install-packages build
	@$(PARALLEL) all
	@$(PROGRAM) audit baseline; status=$$?; case $$status in \
	0) echo "Verdict: this host complies with the profile baseline." ;; \
	1) echo "Verdict: this host differs from the profile baseline; $(PROGRAM) diff shows the change." ;; \
	*) echo "Verdict: the audit could not judge everything (status $$status)." >&2; exit $$status ;; esac

# What is installed besides the program: $1 is called with files and their directory.
each-directory = \
	$(call $1,$(PROFILES),$(DATADIR)/keeltune/profiles) $(newline)\
	$(call $1,$(SCHEMAS),$(DATADIR)/keeltune/schemas) $(newline)\
	$(call $1,$(EXAMPLES),$(DOCDIR)/examples) $(newline)\
	$(call $1,$(BUILD)/completions/keeltune,$(BASHCOMPDIR)) $(newline)\
	$(call $1,$(BUILD)/completions/_keeltune,$(ZSHCOMPDIR)) $(newline)\
	$(call $1,$(BUILD)/completions/keeltune.fish,$(FISHCOMPDIR)) $(newline)\
	$(call $1,$(MAN5),$(MANDIR)/man5) $(newline)\
	$(call $1,$(MAN8),$(MANDIR)/man8) $(newline)\
	$(if $(UNITDIR),$(call $1,$(UNITS),$(UNITDIR)))
install-files = $(if $1,$(INSTALL) -d '$(DESTDIR)$2' && $(INSTALL) -m 644 $1 '$(DESTDIR)$2')
remove-files  = $(if $1,rm -f $(foreach file,$(notdir $1),'$(DESTDIR)$2/$(file)'))

.PHONY: install uninstall
install: $(PROGRAM) completions ## install below DESTDIR/PREFIX; see also SBINDIR DATADIR MANDIR SYSCONFDIR UNITDIR
	$(INSTALL) -d '$(DESTDIR)$(SBINDIR)'
	$(INSTALL) -m 755 $(PROGRAM) '$(DESTDIR)$(SBINDIR)/keeltune'
	$(INSTALL) -d '$(DESTDIR)$(LIBEXECDIR)/keeltune'
	$(INSTALL) -m 755 packaging/triggers/audit-trigger '$(DESTDIR)$(LIBEXECDIR)/keeltune/audit-trigger'
	$(call each-directory,install-files)

uninstall: ## remove what install put there (give it the same variables)
	rm -f '$(DESTDIR)$(SBINDIR)/keeltune' '$(DESTDIR)$(LIBEXECDIR)/keeltune/audit-trigger'
	$(call each-directory,remove-files)
	for dir in $(DATADIR)/keeltune/profiles $(DATADIR)/keeltune/schemas $(DATADIR)/keeltune $(LIBEXECDIR)/keeltune $(DOCDIR)/examples $(DOCDIR); do \
		if [ -d '$(DESTDIR)'$$dir ]; then rmdir --ignore-fail-on-non-empty '$(DESTDIR)'$$dir; fi; done

# --- Tests

GROUPS := unit golden docs integration fault conformance

# Programs that test scripts need: tests/GROUP/NAME.c with a main() becomes build/tests/NAME; it is linked
# with tests/GROUP/NAME-*.c, what it uses of the archive, and LIBS_NAME. tests/GROUP/NAME-preload.c
# becomes a shared object.
LIBS_limits    := -rdynamic -lpam
LIBS_pam-stack := -rdynamic -ldl

TEST_SOURCES := $(wildcard $(GROUPS:%=tests/%/*.c) tests/bench/*.c tests/lab/*.c)
TEST_MAINS   := $(shell grep -l '^int main\>' $(filter-out tests/unit/%,$(TEST_SOURCES)) /dev/null)
PRELOADS     := $(filter %-preload.c,$(TEST_SOURCES))
HELPERS      := $(addprefix $(BUILD)/tests/,$(notdir $(TEST_MAINS:.c=) $(PRELOADS:.c=.so)))

define helper
$(BUILD)/tests/$(notdir $1): $(patsubst %.c,$(OBJ)/%.o,$1.c $(filter-out %-preload.c,$(wildcard $1-*.c))) $(ARCHIVE)
	@mkdir -p $$(@D)
	@$(say) LINK $$@
	$(Q)$(LINK) -o $$@ $$^ $(LIB_LIBS) $(LIBS_$(notdir $1))
endef
$(foreach path,$(TEST_MAINS:.c=),$(eval $(call helper,$(path))))

vpath %-preload.c $(sort $(dir $(PRELOADS)))
$(BUILD)/tests/%.so: %.c $(OBJ)/flags
	@mkdir -p $(@D)
	@$(say) CC $<
	$(Q)$(COMPILE) -fPIC -shared $(LDFLAGS) -o $@ $<

RUN = BUILDDIR=$(BUILD) JOBS=$(JOBS) CC="$(CC)" tests/run

.PHONY: all-tests
all-tests: $(PROGRAM) $(UNIT_TESTS) $(if $(filter release,$(VARIANT)),$(HELPERS) $(COMPLETIONS),$(FUZZ_TARGETS))

.PHONY: check check-slow
check: ## install what the tests need (apt), then all tests, a sanitizer build and lint
	@scripts/install-packages build test
	@$(PARALLEL) all-tests
	@$(PARALLEL) all-tests VARIANT=asan
	@$(RUN) $(GROUPS) $(GROUPS:%=asan:%) asan:fuzz install lint

check-slow: ## the same with many more random cases, and against the programs of Debian 11, 12 and 13
	@scripts/install-packages build test slow
	@$(PARALLEL) all-tests
	@$(PARALLEL) all-tests VARIANT=asan
	@TEST_LENGTH=long TEST_TIMEOUT=3600 $(RUN) $(GROUPS) slow $(GROUPS:%=asan:%) asan:fuzz install lint

.PHONY: $(GROUPS:%=check-%)
check-unit: ## one group of tests: check-unit check-golden check-integration check-conformance (long)
check-unit: $(PROGRAM) $(UNIT_TESTS)
$(filter-out check-unit,$(GROUPS:%=check-%)): all-tests
$(GROUPS:%=check-%): check-%:
	@TEST_LENGTH=$(if $(filter conformance,$*),long,short) TEST_TIMEOUT=3600 $(RUN) $(VARIANT):$*

.PHONY: soak
soak: all-tests ## kill the real program 1,000 times in a private copy of this host (SOAK_KILLS, FAULT_SEED)
	@TEST_TIMEOUT=3600 $(RUN) tests/slow/soak.sh

.PHONY: coverage
coverage: ## which lines the tests reach; fails at one in apply, journal, store or a provider that none reaches and no comment excuses
	@scripts/install-packages build test
	@$(PARALLEL) all-tests
	@$(PARALLEL) all-tests VARIANT=coverage
	@rm -rf $(BUILD)/coverage; mkdir -p $(BUILD)/coverage
	-@$(RUN) $(GROUPS:%=coverage:%) >$(BUILD)/coverage.log
	@scripts/coverage $(BUILD)

TIME := 60
.PHONY: fuzz fuzz-targets
fuzz: ## fuzz every parser with clang's libFuzzer, each for TIME=60 seconds (TARGETS="profile pam" some of them)
	@scripts/install-packages build fuzz
	@$(PARALLEL) fuzz-targets VARIANT=fuzz
	@BUILDDIR=$(BUILD) JOBS=$(JOBS) TIME=$(TIME) tests/fuzz/fuzz $(TARGETS)

fuzz-targets: $(FUZZ_TARGETS)

.PHONY: bench
bench: $(PROGRAM) $(addprefix $(BUILD)/tests/,spawn-time crowd) ## time keeltune against what people use instead
	@for file in tests/bench/*.sh; do KEELTUNE=$(CURDIR)/$(PROGRAM) BUILDDIR=$(BUILD) $$file || exit; done

.PHONY: lab
lab: $(PROGRAM) $(addprefix $(BUILD)/tests/,leak-server lab-clients keepalive-lab) ## a laboratory: leaking servers, and what keeltune says of them (one minute)
	@KEELTUNE=$(CURDIR)/$(PROGRAM) BUILDDIR=$(BUILD) tests/lab/demo.sh

# --- Lint. Each check is a target; scripts/lint runs all and counts. Results are kept in build/lint.

LINT       := $(BUILD)/lint
C_FILES     = $(sort $(wildcard src/*.[ch] tests/*/*.[ch] packaging/*/*.[ch]))
HEADERS     = $(wildcard src/*.h)
SCRIPTS     = $(shell grep -rlIE --exclude-dir=roots '^\#!.*[/ ](ba|da)?sh\b|^\# shellcheck shell=' scripts tests .ci packaging)
ANALYZE     = gcc $(BASE) $(LIB_CFLAGS) $(SETTINGS) -fanalyzer -Werror -c

.PHONY: lint
lint: ## all static checks: lint-analyzer lint-tidy lint-cppcheck lint-shell lint-man lint-format lint-rules
	@CC="$(CC)" scripts/lint

# The analyzer must find the leak that is put there, or its silence would mean nothing.
.PHONY: lint-analyzer lint-tidy lint-cppcheck lint-shell lint-man lint-format lint-rules
lint-analyzer: $(LINT)/seeded $(SOURCES:src/%.c=$(LINT)/analyzer/%.o)

$(LINT)/seeded: Makefile
	@mkdir -p $(@D)
	@printf '%s\n' '#include <stdlib.h>' 'int f(int n);' 'int f(int n)' '{' '	char *p = malloc(8);' \
		'	if (!p || n)' '		return -1;' '	free(p);' '	return 0;' '}' >$@.c
	@! LC_ALL=C $(ANALYZE) -o $@.o $@.c 2>$@.log && grep -q analyzer-malloc-leak $@.log || \
		{ echo 'gcc -fanalyzer does not see a seeded leak'; exit 1; }
	@touch $@

$(LINT)/analyzer/%.o: src/%.c $(HEADERS)
	@mkdir -p $(@D)
	$(Q)$(ANALYZE) -o $@ $<

# TIDY=-quick leaves out what takes a path through the code, as gcc -fanalyzer does: nine tenths of the time.
lint-tidy: $(SOURCES:src/%.c=$(LINT)/tidy$(TIDY)/%)

$(LINT)/tidy$(TIDY)/%: src/%.c $(HEADERS) .clang-tidy
	@mkdir -p $(@D)
	$(Q)clang-tidy --quiet $(if $(TIDY),--checks=-clang-analyzer-*) $< -- $(BASE) $(LIB_CFLAGS) $(SETTINGS) 2>$@.log || { cat $@.log; exit 1; }
	@touch $@

lint-cppcheck:
	@mkdir -p $(LINT)/cppcheck
	$(Q)cppcheck --quiet --enable=warning,performance,portability --inline-suppr --error-exitcode=1 \
		--suppress=memleak --suppress=resourceLeak --std=c11 -D_GNU_SOURCE -Isrc \
		--cppcheck-build-dir=$(LINT)/cppcheck src

lint-shell:
	$(Q)shellcheck -x $(SCRIPTS)

lint-man:
	$(Q)mandoc -Tlint -W warning $(MAN5) $(MAN8) </dev/null

lint-format format-check:
	$(Q)clang-format --dry-run -Werror $(C_FILES)

# What a file calls is asked of an object in which nothing is inlined.
lint-rules: $(SOURCES:src/%.c=$(LINT)/rules/%.o)
	$(Q)scripts/lint-rules && scripts/lint-rooms $(LINT)/rules

$(LINT)/rules/%.o: src/%.c $(HEADERS)
	@mkdir -p $(@D)
	$(Q)$(CC) $(BASE) $(LIB_CFLAGS) $(SETTINGS) -O0 -w -c -o $@ $<

.PHONY: format format-check
format: ## format every C file
	clang-format -i $(C_FILES)
format-check: ## is every C file formatted (clang-format 14)?

# --- The rest

.PHONY: dist
dist: ## the release tarball, build/keeltune-VERSION.tar.gz: the committed tree
	@BUILDDIR=$(BUILD) scripts/dist $(BUILD)/keeltune-$$(cat VERSION).tar.gz
	@echo $(BUILD)/keeltune-$$(cat VERSION).tar.gz

.PHONY: deb rpm
deb: ## Debian packages from the committed tree, in build/deb; in a scratch directory, with the unit tests
	@scripts/install-packages --missing build deb
	@BUILDDIR=$(BUILD) scripts/package deb

rpm: ## the same as RPM packages, in build/rpm
	@scripts/install-packages --missing build rpm
	@BUILDDIR=$(BUILD) scripts/package rpm

.PHONY: clean
clean: ## remove everything that was built
	rm -rf $(BUILD)

.PHONY: help
help: ## this list
	@sed -nE 's/^([a-z-]+):.*## (.*)/  make \1	\2/p' Makefile | expand -t 26
	@sed -nE 's/^([A-Z]+) *\?= *([^#]*)#	(.*)/  \1=\2	\3/p' Makefile | expand -t 26
