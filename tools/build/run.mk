# Running: `make run` and its relatives. One configuration, two domains: Debian and `hello`.

RUN_INITRD := $(O)/run/initrd.cpio.gz
RUN_NEEDS := all $(RUN_INITRD) $(CACHE)/vmlinuz
run = tools/build/run $(O) $(CACHE)/vmlinuz $(RUN_INITRD)

$(CACHE)/vmlinuz:
	@echo 'no kernel in $(CACHE); run: make deps' >&2; exit 1

$(RUN_INITRD): tools/build/run-init tools/build/initrd
	$(call say,INITRD,$@)
	@mkdir -p $(@D)
	$(Q)tools/build/initrd $@ tools/build/run-init

.PHONY: run
run: $(RUN_NEEDS) ## boot Debian and `hello`: a shell on a terminal, a short script elsewhere
	$(Q)$(run)

.PHONY: debug-run
debug-run: $(RUN_NEEDS) ## the same, with every interrupt and reset of the machine in build/run/qemu.log
	$(Q)$(run) --qemu-arg -d --qemu-arg int,cpu_reset --qemu-arg -D --qemu-arg $(O)/run/qemu.log

.PHONY: gdb
gdb: $(RUN_NEEDS) ## the same, stopped at the first instruction, with gdb and the symbols
	$(Q)command -v gdb >/dev/null || { echo 'install gdb first' >&2; exit 1; }
	$(Q)$(run) --gdb </dev/null >$(O)/run/gdb-console.log 2>&1 & \
		gdb -q -ex 'target remote localhost:1234' $(O)/hypervisor.elf

.PHONY: iso
iso: $(RUN_NEEDS) ## make build/parley.iso of the same, for GRUB on a real machine
	$(Q)$(run) --image $(O)/parley.iso

# Bochs has what QEMU's emulator lacks: Intel processors and PCIDs. It need not be installed.
CONFIG ?=
BOCHS_CPU ?= corei7_haswell_4770
BOCHS_CPUS ?= 1
.PHONY: bochs
bochs: all ## boot `hello`, or the domains of CONFIG=FILE.json, in Bochs; BOCHS_CPU=model, BOCHS_CPUS=n
	@mkdir -p $(O)/bochs
	$(Q)printf '{ "domains": [ { "name": "hello", "kernel": "%s", "memory": "16M" } ] }\n' \
		'$(abspath $(O)/guests/hello.elf)' > $(O)/bochs/hello.json
	$(Q)$(O)/parley image $(or $(CONFIG),$(O)/bochs/hello.json) --hypervisor $(O)/parley-hypervisor \
		-o $(O)/bochs/parley.iso
	$(Q)tools/build/bochs $(O)/bochs/parley.iso $(BOCHS_CPU) $(BOCHS_CPUS)

# Guests that others wrote: docs/elsewhere.md.
XTF ?=
TESTS ?=
.PHONY: xtf
xtf: all ## run the PV64 tests of XTF=DIR, a build of the Xen Test Framework; TESTS="NAME...", XTF_ON=xen or bochs
	$(Q)[ -n '$(XTF)' ] || { echo 'make xtf XTF=DIR, where DIR is a build of the Xen Test Framework' >&2; exit 2; }
	$(Q)PARLEY=$(O)/parley XTF_OUT=$(O)/xtf tools/build/xtf '$(XTF)' $(TESTS)

KERNELS ?=
.PHONY: kernels
kernels: all $(O)/tests/initrd.cpio.gz ## boot the Linux kernels KERNELS="FILE...", each on one vCPU and on two
	$(Q)[ -n '$(KERNELS)' ] || { echo 'make kernels KERNELS="FILE...": bzImages' >&2; exit 2; }
	$(Q)PARLEY=$(O)/parley KERNELS_OUT=$(O)/kernels tools/build/kernels $(O)/tests/initrd.cpio.gz $(KERNELS)
