# Parley's build, non-recursive: this file has the flags and what people ask for; the rules of
# each part are in tools/build/*.mk, the longer recipes are scripts beside them.
#
# Sources are found by wildcard, so adding a file to a room is enough. Everything made goes under
# $(O) (build/, build/debug/ with DEBUG=1, or wherever O= points), never beside a source.

O ?= build$(if $(DEBUG),/debug)
CACHE := build/cache
.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules

Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-8s %s\n' '$(1)' '$(patsubst $(O)/%,%,$(2))')

# ---------------------------------------------------------------------------------------------
# What must be installed
# ---------------------------------------------------------------------------------------------

DEPS_BUILD := gcc libc6-dev make binutils libjansson-dev uuid-dev liblzma-dev libzstd-dev \
	liblz4-dev zlib1g-dev libelf-dev
DEPS_RUN := qemu-system-x86 busybox-static cpio grub-pc-bin grub-common xorriso mtools
DEPS_TEST := libcriterion-dev libxen-dev libzydis-dev grub-xen-bin grub-xen-host
DEPS_LINT := clang-format clang-tidy

.PHONY: deps
deps: ## install the Debian packages that are missing, fetch Debian's kernel into build/cache
	$(Q)tools/build/deps $(CACHE) $(DEPS_BUILD) $(DEPS_RUN) $(DEPS_TEST) $(DEPS_LINT)

# Goals named together with `deps` wait for it and then start afresh, in a second make that sees
# the compiler and the libraries it brought.
AFTER_DEPS := $(if $(filter deps,$(MAKECMDGOALS)),$(filter-out deps,$(MAKECMDGOALS)))
ifneq ($(AFTER_DEPS),)

.PHONY: $(AFTER_DEPS) after-deps
$(AFTER_DEPS): after-deps
	@:
after-deps: deps
	+@$(MAKE) --no-print-directory $(AFTER_DEPS)

else

# ---------------------------------------------------------------------------------------------
# Flags
# ---------------------------------------------------------------------------------------------

CC := gcc
LD := ld
OBJCOPY := objcopy
AR := ar

WARNINGS := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	-Wmissing-declarations -Wold-style-definition -Wvla -Wundef -Wpointer-arith -Wwrite-strings \
	-Wredundant-decls -Wnested-externs -Wimplicit-fallthrough -Wformat=2 -Wno-format-nonliteral \
	-Wno-unused-parameter -Wno-sign-compare -Wno-missing-field-initializers
DEPFLAGS = -MMD -MP
OPT := $(if $(DEBUG),-Og -DPARLEY_DEBUG=1,-O2) -g
REPRODUCIBLE := -ffile-prefix-map=$(CURDIR)/=

# A program without a C library under it: the hypervisor and the guests on the kit.
GCC_INCLUDE := $(shell $(CC) -print-file-name=include 2>/dev/null)
BARE := -std=gnu11 $(OPT) $(WARNINGS) $(REPRODUCIBLE) -ffreestanding -mno-red-zone \
	-mgeneral-regs-only -fno-strict-aliasing -fno-stack-protector -fno-asynchronous-unwind-tables \
	-fno-common -fcf-protection=none -nostdinc -isystem $(GCC_INCLUDE)
BARE_LDFLAGS := -m elf_x86_64 -static -nostdlib -z noexecstack -z max-page-size=4096 \
	--no-warn-rwx-segments --build-id=none

# All code refers to itself relative to RIP, so one image serves its low and its high address.
HV_INCLUDE := -Ihypervisor -Ihypervisor/arch -Iabi -I$(O)/gen
HV_CFLAGS := $(BARE) -fPIE -mcmodel=small -fvisibility=hidden -include hypervisor/arch/hidden.h \
	-fno-jump-tables $(HV_INCLUDE)
GUEST_CFLAGS := $(BARE) -fno-pic -mcmodel=kernel -Iguest-pv/kit -Iabi

# Programs for Linux.
TOOL_CFLAGS := -std=gnu11 $(OPT) $(WARNINGS) $(REPRODUCIBLE) -D_GNU_SOURCE \
	-fstack-protector-strong -Iabi -Itools
PARLEY_LIBS := -ljansson -luuid -llzma -lzstd -llz4 -lz -lelf

# Unit tests: the logic of the hypervisor and of the tools in a host process, under sanitizers.
# host_names.h renames what the hypervisor's own library shares with the C library.
TEST_CFLAGS := -std=gnu11 -O1 -g $(WARNINGS) -Wno-missing-prototypes -Wno-missing-declarations \
	$(REPRODUCIBLE) -D_GNU_SOURCE
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
UNIT_CFLAGS := $(TEST_CFLAGS) $(SANITIZE) -ffunction-sections -fdata-sections
UNIT_HV_CFLAGS := $(UNIT_CFLAGS) -fno-strict-aliasing -ffreestanding \
	-include tests/fake/host_names.h -Itests/fake $(HV_INCLUDE)
UNIT_TOOL_CFLAGS := $(UNIT_CFLAGS) -Iabi -Itools
UNIT_TEST_CFLAGS := $(UNIT_CFLAGS) -fno-strict-aliasing -Itests/fake $(HV_INCLUDE) -Itools \
	-Itests/unit -Itests/model -Itests/edges

# ---------------------------------------------------------------------------------------------
# Goals for people
# ---------------------------------------------------------------------------------------------

.PHONY: all parley hypervisor guests
all: parley hypervisor guests ## build the hypervisor, `parley` and the guests (the default)
parley: $(O)/parley ## build the Linux program only
hypervisor: $(O)/parley-hypervisor ## build the hypervisor only
guests: ## build the guests on the kit only

.PHONY: test
test: unit abi-test system-test $(if $(DEBUG),,bench-check) ## build everything and run every test

.PHONY: clean
clean: ## remove what was built; the downloaded kernel in build/cache stays
	$(call say,CLEAN,$(O))
	$(Q)[ ! -d $(O) ] || find $(O) -mindepth 1 -maxdepth 1 ! -name cache ! -name debug -exec rm -rf {} +

.PHONY: tour
tour: ## print the TOUR(n) tags of the sources in reading order
	$(Q)grep -rnoE 'TOUR\([0-9]+\).*' abi hypervisor guest-pv tools tests --include='*.[chS]' --include='*.lds' | \
		sed -E 's/^([^:]*):([0-9]+):TOUR\(([0-9]+)\):? *(.*)/\3\t\1:\2\t\4/; s/ *\*\/$$//' | sort -n | \
		awk -F'\t' '{ printf "%3d  %-40s %s\n", $$1, $$2, $$3 }'

.PHONY: help
help: ## list these goals
	@printf 'usage: make [GOAL...] [V=1] [DEBUG=1] [O=DIR]\n\n'
	@cat Makefile tools/build/*.mk | sed -n 's/^\([a-z][a-z-]*\):[^#]*## \(.*\)/\1\t\2/p' | \
		while IFS="$$(printf '\t')" read -r goal text; do printf '  %-14s %s\n' "$$goal" "$$text"; done
	@printf '\n  V=1 shows the commands; DEBUG=1 builds without optimization under build/debug.\n'

# A stamp for each set of flags: objects are made again when their flags change, not whenever a
# makefile does.
.PHONY: FORCE
FORCE:
define flags_stamp
$(O)/gen/flags.$(1): FORCE
	@mkdir -p $$(@D)
	@printf '%s\n' '$$($(2))' | cmp -s - $$@ || printf '%s\n' '$$($(2))' > $$@
endef
$(eval $(call flags_stamp,hv,HV_CFLAGS))
$(eval $(call flags_stamp,guest,GUEST_CFLAGS))
$(eval $(call flags_stamp,tool,TOOL_CFLAGS))
$(eval $(call flags_stamp,unit,UNIT_HV_CFLAGS))
$(eval $(call flags_stamp,test,TEST_CFLAGS))

include tools/build/programs.mk
include tools/build/hypervisor.mk
include tools/build/guests.mk
include tools/build/tests.mk
include tools/build/model.mk
include tools/build/run.mk
include tools/build/bench.mk
include tools/build/lint.mk

-include $(shell find $(O)/obj $(O)/gen -name '*.d' 2>/dev/null)

endif
