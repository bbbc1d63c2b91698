# Parley's build: one non-recursive makefile. `make help` lists what a person needs.
#
# Sources are found by wildcard, so adding a file to a room is enough. Everything made goes
# under $(O) (build/, or build/debug/ with DEBUG=1, or wherever O= points), never beside a source.
# Read next: tools/build/ holds the few shell scripts that the longer recipes call.

O ?= build$(if $(DEBUG),/debug)
.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules

Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-8s %s\n' '$(1)' '$(patsubst $(O)/%,%,$(2))')

CC := gcc
LD := ld
OBJCOPY := objcopy
NM := nm
AR := ar

# ---------------------------------------------------------------------------------------------
# Flags
# ---------------------------------------------------------------------------------------------

WARNINGS := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	-Wmissing-declarations -Wold-style-definition -Wvla -Wundef -Wpointer-arith -Wwrite-strings \
	-Wredundant-decls -Wnested-externs -Wimplicit-fallthrough -Wformat=2 -Wno-format-nonliteral \
	-Wno-unused-parameter -Wno-sign-compare -Wno-missing-field-initializers
DEPFLAGS = -MMD -MP
OPT := $(if $(DEBUG),-Og -DPARLEY_DEBUG=1,-O2) -g
REPRODUCIBLE := -ffile-prefix-map=$(CURDIR)/=

# A program without a C library under it: the hypervisor and the guests on the kit.
GCC_INCLUDE := $(shell $(CC) -print-file-name=include)
BARE := -std=gnu11 $(OPT) $(WARNINGS) $(REPRODUCIBLE) -ffreestanding -mno-red-zone \
	-mgeneral-regs-only -fno-strict-aliasing -fno-stack-protector -fno-asynchronous-unwind-tables \
	-fno-common -fcf-protection=none -nostdinc -isystem $(GCC_INCLUDE)

# All code refers to itself relative to RIP, so one image serves its low and its high address.
HV_INCLUDE := -Ihypervisor -Ihypervisor/arch -Iabi -I$(O)/gen
HV_CFLAGS := $(BARE) -fPIE -mcmodel=small -fvisibility=hidden -fno-jump-tables $(HV_INCLUDE)
HV_LDFLAGS := -m elf_x86_64 -static -nostdlib -z noexecstack -z max-page-size=4096 \
	--no-warn-rwx-segments --build-id=none -T hypervisor/hypervisor.lds

GUEST_CFLAGS := $(BARE) -fno-pic -mcmodel=kernel -Iguest-pv/kit -Iabi
GUEST_LDFLAGS := -m elf_x86_64 -static -nostdlib -z noexecstack -z max-page-size=4096 \
	--no-warn-rwx-segments --build-id=none -T guest-pv/kit/kit.lds

# Programs for Linux.
TOOL_CFLAGS := -std=gnu11 $(OPT) $(WARNINGS) $(REPRODUCIBLE) -D_GNU_SOURCE -fstack-protector-strong \
	-Iabi -Itools
PARLEY_LIBS := -ljansson -luuid -llzma -lzstd -llz4 -lz

# Unit tests: the logic of the hypervisor and of the tools in a host process, under sanitizers.
# host_names.h renames what the hypervisor's own library shares with the C library.
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
UNIT_CFLAGS := -std=gnu11 -O1 -g $(WARNINGS) -Wno-missing-prototypes -Wno-missing-declarations \
	$(REPRODUCIBLE) -D_GNU_SOURCE $(SANITIZE)
UNIT_HV_CFLAGS := $(UNIT_CFLAGS) -fno-strict-aliasing -ffreestanding -fno-builtin \
	-include tests/fake/host_names.h -Itests/fake $(HV_INCLUDE)
UNIT_TOOL_CFLAGS := $(UNIT_CFLAGS) -Iabi -Itools
UNIT_TEST_CFLAGS := $(UNIT_CFLAGS) -fno-strict-aliasing -Itests/fake $(HV_INCLUDE) -Itools -Itests/unit
TEST_CFLAGS := -std=gnu11 -O1 -g $(WARNINGS) -Wno-missing-prototypes -Wno-missing-declarations \
	-D_GNU_SOURCE

# ---------------------------------------------------------------------------------------------
# Goals for people
# ---------------------------------------------------------------------------------------------

.PHONY: all
all: parley hypervisor guests ## build the hypervisor, `parley` and the guests (the default)

.PHONY: parley hypervisor guests
parley: $(O)/parley ## build the Linux program only
hypervisor: $(O)/parley-hypervisor ## build the hypervisor only
guests: ## build the guests on the kit only

.PHONY: test
test: unit abi-test system-test ## build everything and run every test

.PHONY: clean
clean: ## remove what was built; the downloaded packages in build/cache stay
	$(call say,CLEAN,$(O))
	$(Q)find $(O) -mindepth 1 -maxdepth 1 ! -name cache ! -name debug -exec rm -rf {} +

.PHONY: help
help: ## list these goals
	@printf 'usage: make [GOAL...] [V=1] [DEBUG=1] [O=DIR]\n\n'
	@sed -n 's/^\([a-z][a-z-]*\):[^#]*## \(.*\)/\1\t\2/p' $(firstword $(MAKEFILE_LIST)) | \
		while IFS="$$(printf '\t')" read -r goal text; do printf '  %-14s %s\n' "$$goal" "$$text"; done
	@printf '\n  V=1 shows the commands; DEBUG=1 builds unoptimized under build/debug.\n'

# ---------------------------------------------------------------------------------------------
# A stamp for each set of flags: its objects are made again when the flags change, not whenever
# this file does.
# ---------------------------------------------------------------------------------------------

.PHONY: FORCE
FORCE:

define flags_stamp
$(O)/gen/flags.$(1): FORCE
	@mkdir -p $$(@D)
	@printf '%s\n' '$$(subst ','\'',$$($(2)))' | cmp -s - $$@ || printf '%s\n' '$$(subst ','\'',$$($(2)))' > $$@
endef
$(eval $(call flags_stamp,hv,HV_CFLAGS))
$(eval $(call flags_stamp,guest,GUEST_CFLAGS))
$(eval $(call flags_stamp,tool,TOOL_CFLAGS))
$(eval $(call flags_stamp,unit,UNIT_HV_CFLAGS))

# ---------------------------------------------------------------------------------------------
# Small host tools that the build itself needs
# ---------------------------------------------------------------------------------------------

ABIGEN_SRCS := $(wildcard tools/abigen/*.c)
SYMTAB_SRCS := $(wildcard tools/symtab/*.c)

$(O)/obj/tool/%.o: %.c $(O)/gen/flags.tool
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(TOOL_CFLAGS) $(DEPFLAGS) -c -o $@ $<

$(O)/abigen: $(ABIGEN_SRCS:%.c=$(O)/obj/tool/%.o)
	$(call say,LINK,$@)
	$(Q)$(CC) -o $@ $^ -ljansson

$(O)/symtab: $(SYMTAB_SRCS:%.c=$(O)/obj/tool/%.o)
	$(call say,LINK,$@)
	$(Q)$(CC) -o $@ $^ -lelf

# ---------------------------------------------------------------------------------------------
# The hypervisor
# ---------------------------------------------------------------------------------------------

HV_SRCS := $(wildcard hypervisor/*/*.c hypervisor/*/*.S)
HV_SRCS := $(filter-out hypervisor/arch/asm_offsets.c,$(HV_SRCS))
HV_OBJS := $(patsubst %,$(O)/obj/hv/%.o,$(basename $(HV_SRCS))) $(O)/obj/hv/gen/dispatch.o
HV_GEN := $(O)/gen/asm_offsets.h

# Offsets of C structures for assembly: compiled to text, never run (see offset_macros.h).
$(O)/gen/asm_offsets.s: hypervisor/arch/asm_offsets.c hypervisor/arch/offset_macros.h $(O)/gen/flags.hv
	$(call say,GEN,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(HV_CFLAGS) $(DEPFLAGS) -MT $@ -S -o $@ $<

$(O)/gen/asm_offsets.h: $(O)/gen/asm_offsets.s
	$(call say,GEN,$@)
	$(Q)sed -n 's/.*"->\([A-Z0-9_a-z]*\) [$$]*\([-0-9]*\)".*/#define \1 \2/p' $< > $@

$(O)/gen/dispatch.c: abi/abi.json $(O)/abigen
	$(call say,GEN,$@)
	@mkdir -p $(@D)
	$(Q)$(O)/abigen dispatch $< > $@

$(O)/obj/hv/%.o: %.c $(O)/gen/flags.hv | $(HV_GEN)
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(HV_CFLAGS) $(DEPFLAGS) -c -o $@ $<

$(O)/obj/hv/%.o: %.S $(O)/gen/flags.hv | $(HV_GEN)
	$(call say,AS,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(HV_CFLAGS) $(DEPFLAGS) -c -o $@ $<

$(O)/obj/hv/gen/%.o: $(O)/gen/%.c $(O)/gen/flags.hv | $(HV_GEN)
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(HV_CFLAGS) $(DEPFLAGS) -c -o $@ $<

# Two links, so that an oops can name functions: the first with an empty symbol table, the second
# with the table read from the first. The table lies behind the code, so no address moves; the
# comparison after the second link proves it.
hv_link = $(LD) $(HV_LDFLAGS) -o $(1) $(HV_OBJS) $(2)

$(O)/gen/symtab-empty.S: $(O)/symtab
	$(call say,GEN,$@)
	@mkdir -p $(@D)
	$(Q)$(O)/symtab > $@

$(O)/obj/hv/hypervisor-1.elf: $(HV_OBJS) $(O)/obj/hv/gen/symtab-empty.o hypervisor/hypervisor.lds
	$(call say,LINK,$@)
	$(Q)$(call hv_link,$@,$(O)/obj/hv/gen/symtab-empty.o)

$(O)/gen/symtab.S: $(O)/obj/hv/hypervisor-1.elf $(O)/symtab
	$(call say,GEN,$@)
	$(Q)$(O)/symtab $< > $@

$(O)/obj/hv/gen/%.o: $(O)/gen/%.S
	$(call say,AS,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(HV_CFLAGS) -c -o $@ $<

$(O)/hypervisor.elf: $(HV_OBJS) $(O)/obj/hv/gen/symtab.o hypervisor/hypervisor.lds
	$(call say,LINK,$@)
	$(Q)$(call hv_link,$@,$(O)/obj/hv/gen/symtab.o)
	$(Q)$(O)/symtab $@ | cmp - $(O)/gen/symtab.S || { rm -f $@; echo 'symbol table moved the code' >&2; exit 1; }

$(O)/parley-hypervisor: $(O)/hypervisor.elf
	$(call say,OBJCOPY,$@)
	$(Q)$(OBJCOPY) -S -O elf32-i386 $< $@

# ---------------------------------------------------------------------------------------------
# Guests on the kit: every guest-pv/guests/NAME and tests/system/guests/NAME is build/guests/NAME.elf
# ---------------------------------------------------------------------------------------------

KIT_SRCS := $(wildcard guest-pv/kit/*.c guest-pv/kit/*.S)
KIT_OBJS := $(patsubst %,$(O)/obj/guest/%.o,$(basename $(KIT_SRCS)))

$(O)/obj/guest/%.o: %.c $(O)/gen/flags.guest
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(GUEST_CFLAGS) $(DEPFLAGS) -c -o $@ $<

$(O)/obj/guest/%.o: %.S $(O)/gen/flags.guest
	$(call say,AS,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(GUEST_CFLAGS) $(DEPFLAGS) -c -o $@ $<

define guest
$(O)/guests/$(notdir $(1)).elf: $(patsubst %,$(O)/obj/guest/%.o,$(basename $(wildcard $(1)/*.c $(1)/*.S))) $(KIT_OBJS) guest-pv/kit/kit.lds
	$$(call say,LINK,$$@)
	@mkdir -p $$(@D)
	$(Q)$(LD) $(GUEST_LDFLAGS) -o $$@ $$(filter %.o,$$^)
endef
GUEST_DIRS := $(patsubst %/,%,$(sort $(dir $(wildcard guest-pv/guests/*/*.c))))
TEST_GUEST_DIRS := $(patsubst %/,%,$(sort $(dir $(wildcard tests/system/guests/*/*.c))))
$(foreach d,$(GUEST_DIRS) $(TEST_GUEST_DIRS),$(eval $(call guest,$(d))))

GUEST_ELFS := $(foreach d,$(GUEST_DIRS),$(O)/guests/$(notdir $(d)).elf)
guests: $(GUEST_ELFS)
TEST_GUEST_ELFS := $(foreach d,$(TEST_GUEST_DIRS),$(O)/guests/$(notdir $(d)).elf)

# ---------------------------------------------------------------------------------------------
# `parley`
# ---------------------------------------------------------------------------------------------

PARLEY_SRCS := $(wildcard tools/parley/*.c)

$(O)/parley: $(PARLEY_SRCS:%.c=$(O)/obj/tool/%.o)
	$(call say,LINK,$@)
	$(Q)$(CC) -o $@ $^ $(PARLEY_LIBS)

# ---------------------------------------------------------------------------------------------
# Unit tests: each tests/unit/test_AREA.c is one Criterion program, linked with archives of the
# hypervisor's and the tools' logic, from which the linker takes what the test needs.
# ---------------------------------------------------------------------------------------------

# Rooms whose files compile on the host; HOST_EXCLUDE names those that touch the CPU.
HOST_ROOMS := lib mm channel domain hypercall pv
HOST_EXCLUDE :=
HOST_SRCS := $(filter-out $(HOST_EXCLUDE),$(foreach r,$(HOST_ROOMS),$(wildcard hypervisor/$(r)/*.c)))
FAKE_SRCS := $(wildcard tests/fake/*.c)
UNIT_TOOL_SRCS := $(filter-out tools/parley/main.c,$(PARLEY_SRCS))
UNIT_SRCS := $(wildcard tests/unit/test_*.c)
UNIT_HELPER_SRCS := $(filter-out $(UNIT_SRCS),$(wildcard tests/unit/*.c))
UNIT_BINS := $(UNIT_SRCS:tests/unit/%.c=$(O)/tests/unit/%)

HOST_OBJS := $(HOST_SRCS:%.c=$(O)/obj/unit/%.o) $(O)/obj/unit/gen/dispatch.o
FAKE_OBJS := $(FAKE_SRCS:%.c=$(O)/obj/unit/%.o)
UNIT_TOOL_OBJS := $(UNIT_TOOL_SRCS:%.c=$(O)/obj/unit/%.o)
UNIT_HELPER_OBJS := $(UNIT_HELPER_SRCS:%.c=$(O)/obj/unit/%.o)

$(O)/obj/unit/hypervisor/%.o: hypervisor/%.c $(O)/gen/flags.unit | $(HV_GEN)
	$(call say,CC-host,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(UNIT_HV_CFLAGS) $(DEPFLAGS) -c -o $@ $<

$(O)/obj/unit/gen/%.o: $(O)/gen/%.c $(O)/gen/flags.unit | $(HV_GEN)
	$(call say,CC-host,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(UNIT_HV_CFLAGS) $(DEPFLAGS) -c -o $@ $<

$(O)/obj/unit/tools/%.o: tools/%.c $(O)/gen/flags.unit
	$(call say,CC-host,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(UNIT_TOOL_CFLAGS) $(DEPFLAGS) -c -o $@ $<

$(O)/obj/unit/tests/%.o: tests/%.c $(O)/gen/flags.unit | $(HV_GEN)
	$(call say,CC-host,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(UNIT_TEST_CFLAGS) $(DEPFLAGS) -c -o $@ $<

define archive
$(O)/obj/unit/$(1).a: $(2)
	$$(call say,AR,$$@)
	@mkdir -p $$(@D)
	$(Q)rm -f $$@ && $(AR) rcsT $$@ $$^
endef
$(eval $(call archive,libhypervisor,$(HOST_OBJS)))
$(eval $(call archive,libfake,$(FAKE_OBJS)))
$(eval $(call archive,libparley,$(UNIT_TOOL_OBJS)))
$(eval $(call archive,libhelper,$(UNIT_HELPER_OBJS)))
UNIT_ARCHIVES := $(foreach a,libhelper libfake libhypervisor libparley,$(O)/obj/unit/$(a).a)

$(O)/tests/unit/%: $(O)/obj/unit/tests/unit/%.o $(UNIT_ARCHIVES)
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(SANITIZE) -o $@ $< -Wl,--start-group $(UNIT_ARCHIVES) -Wl,--end-group \
		-lcriterion $(PARLEY_LIBS)

.PHONY: unit
unit: $(UNIT_BINS) ## run the unit tests on the host, under ASan and UBSan
	$(Q)tools/build/run-tests $(UNIT_BINS)

# ---------------------------------------------------------------------------------------------
# ABI tests: our headers against those of Debian's libxen-dev
# ---------------------------------------------------------------------------------------------

ABI_TEST_SRCS := $(wildcard tests/abi/*.c)
ABI_TEST_BINS := $(if $(ABI_TEST_SRCS),$(O)/tests/abi)

$(O)/obj/test/%.o: %.c
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(TEST_CFLAGS) -Iabi $(DEPFLAGS) -c -o $@ $<

$(O)/tests/abi: $(ABI_TEST_SRCS:%.c=$(O)/obj/test/%.o)
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) -o $@ $^ -lcriterion

.PHONY: abi-test
abi-test: $(ABI_TEST_BINS) ## compare our headers with libxen-dev's
	$(Q)tools/build/run-tests $(ABI_TEST_BINS)

# ---------------------------------------------------------------------------------------------
# System tests: guests booted with `parley run` on an emulated machine
# ---------------------------------------------------------------------------------------------

SYSTEM_TEST_SRCS := $(wildcard tests/system/*.c)
SYSTEM_TEST_BINS := $(if $(SYSTEM_TEST_SRCS),$(O)/tests/system)

$(O)/tests/system: $(SYSTEM_TEST_SRCS:%.c=$(O)/obj/test/%.o)
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) -o $@ $^ -lcriterion

.PHONY: system-test
system-test: all $(SYSTEM_TEST_BINS) $(TEST_GUEST_ELFS) ## boot guests and check what they do
	$(Q)tools/build/run-tests $(SYSTEM_TEST_BINS)

-include $(shell find $(O)/obj $(O)/gen -name '*.d' 2>/dev/null)
