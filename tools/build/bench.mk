# What operations cost: the kit guest `bench` and the program linux-bench, counted to the
# instruction on emulated machines (docs/performance.md, docs/measurement.md).

BENCH_SRCS := $(wildcard tools/bench/*.c)
BENCH_SHARED_SRCS := tools/profile/opcode.c tools/symbols/symbols.c
BENCH_INITRD := $(O)/bench/initrd.cpio.gz
# Empty: the processor that `parley run --icount` has by itself. Xen's initial domain needs another.
BENCH_CPU ?=
BENCH_XEN_CPU ?= EPYC,-smap,-monitor
BENCH_NEEDS = $(O)/bench/bench $(O)/profile.so $(O)/parley $(O)/parley-hypervisor \
	$(O)/guests/bench.elf $(O)/guests/stretches.elf $(BENCH_INITRD) $(CACHE)/vmlinuz
BENCH_PEERS := tests/bench/peers.json
BENCH_XEN_PEERS := tests/bench/peers-xen.json
bench_with = $(O)/bench/bench --build $(O) --cache $(CACHE) $(if $(1),--cpu '$(1)') --peers $(2) \
	$(if $(JSON),--json) $(BENCH_ARGS)
bench = $(call bench_with,$(BENCH_CPU),$(BENCH_PEERS))
bench_xen = $(call bench_with,$(BENCH_XEN_CPU),$(BENCH_XEN_PEERS)) --machines parley,xen,bare \
	--workloads guest,linux

$(O)/bench/bench: $(BENCH_SRCS:%.c=$(O)/obj/tool/%.o) $(BENCH_SHARED_SRCS:%.c=$(O)/obj/tool/%.o)
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) -o $@ $^ -ljansson -lelf -lm

# The plugin for QEMU that counts instructions and events.
$(O)/profile.so: tools/profile/profile.c tools/profile/opcode.c tools/profile/opcode.h $(O)/gen/flags.tool
	$(call say,LINK,$@)
	$(Q)$(CC) $(TOOL_CFLAGS) -fPIC -shared -o $@ $(filter %.c,$^)

$(O)/profile-names: $(O)/obj/tool/tools/profile/names.o $(O)/obj/tool/tools/symbols/symbols.o
	$(call say,LINK,$@)
	$(Q)$(CC) -o $@ $^ -lelf

$(O)/bench/linux-bench: $(patsubst %.c,$(O)/obj/test/%.o,$(wildcard tests/bench/*.c))
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) -static -o $@ $^

$(BENCH_INITRD): tests/bench/init $(O)/bench/linux-bench tools/build/initrd
	$(call say,INITRD,$@)
	@mkdir -p $(@D)
	$(Q)tools/build/initrd $@ tests/bench/init $(O)/bench/linux-bench

# Debian's Xen, as the kernel: downloaded, not installed.
$(CACHE)/xen-4.17: | $(CACHE)/vmlinuz
	$(call say,FETCH,$@)
	$(Q)tools/build/fetch-xen $(CACHE)

.PHONY: bench
bench: $(BENCH_NEEDS) ## measure operations under Parley: instructions, events, modelled cycles
	$(Q)$(bench) --events

.PHONY: bench-xen
bench-xen: $(BENCH_NEEDS) $(CACHE)/xen-4.17 ## the same, and under Debian's Xen and bare, on a processor that Xen can use
	$(Q)$(bench_xen) --events

.PHONY: bench-docs
bench-docs: $(BENCH_NEEDS) $(CACHE)/xen-4.17 ## run both and put their tables into docs/performance.md
	$(Q)$(bench) --events --machines parley,bare --save-peers $(BENCH_PEERS) > $(O)/bench/table.txt
	$(Q)tools/build/bench-docs docs/performance.md bench < $(O)/bench/table.txt
	$(Q)$(bench_xen) --events --save-peers $(BENCH_XEN_PEERS) > $(O)/bench/table-xen.txt
	$(Q)tools/build/bench-docs docs/performance.md bench-xen < $(O)/bench/table-xen.txt
	$(Q)tools/build/figures docs/performance.md docs/abi/*.md

.PHONY: bench-check
bench-check: $(BENCH_NEEDS) ## compare Parley's figures with the baseline; fails when one is 2 % worse
	$(Q)flock $(O)/tests.lock $(bench) --check tests/bench/baseline.json

.PHONY: bench-baseline
bench-baseline: $(BENCH_NEEDS) ## write that baseline anew
	$(Q)$(bench) --save tests/bench/baseline.json

# Where one operation spends its instructions: OP is the name of an operation, such as syscall,
# mmu-update-1 or linux/fork (tools/bench/rows.c has them all).
OP ?= syscall
.PHONY: profile
profile: $(BENCH_NEEDS) $(O)/profile-names ## where an operation spends its instructions: OP=NAME
	$(Q)tools/build/profile $(O) $(CACHE) '$(BENCH_CPU)' '$(OP)'
