# The tests. Every program here is a Criterion program; tools/build/run-tests adds up the results.

# Under `make -j` the kinds of tests wait for each other: each uses all CPUs by itself.
run_tests = flock $(O)/tests.lock tools/build/run-tests

# ---------------------------------------------------------------------------------------------
# unit: each tests/unit/test_AREA.c is a program, linked with archives of the hypervisor's and the
# tools' logic compiled for the host; the linker takes from them what the test needs.
# ---------------------------------------------------------------------------------------------

# The rooms whose files compile on the host, but for those files that touch the CPU; and the files
# of other rooms that do not.
HOST_ROOMS := lib mm channel domain hypercall pv
HOST_EXCLUDE := hypervisor/mm/paging.c $(HV_DEBUG_SRCS)
HOST_EXTRA := hypervisor/boot/bundle.c \
	hypervisor/drivers/acpi_tables.c
HOST_SRCS := $(filter-out $(HOST_EXCLUDE),$(wildcard $(HOST_ROOMS:%=hypervisor/%/*.c))) \
	$(HOST_EXTRA)
FAKE_SRCS := $(wildcard tests/fake/*.c)
UNIT_SRCS := $(wildcard tests/unit/test_*.c)
# These stand in for much that other tests want the real thing of: named by who wants them, below.
SCHED_MACHINE := tests/unit/sched_machine.c
NO_SCHEDULER := tests/unit/no_scheduler.c
UNIT_HELPER_SRCS := $(filter-out $(UNIT_SRCS) $(SCHED_MACHINE) $(NO_SCHEDULER),$(wildcard tests/unit/*.c))
UNIT_BINS := $(UNIT_SRCS:tests/unit/%.c=$(O)/tests/unit/%)

$(O)/obj/unit/hypervisor/%.o: hypervisor/%.c $(O)/gen/flags.unit | $(HV_GEN)
	$(call say,CC-unit,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(UNIT_HV_CFLAGS) $(DEPFLAGS) -c -o $@ $<

$(O)/obj/unit/gen/%.o: $(O)/gen/%.c $(O)/gen/flags.unit | $(HV_GEN)
	$(call say,CC-unit,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(UNIT_HV_CFLAGS) $(DEPFLAGS) -c -o $@ $<

$(O)/obj/unit/gen/abi_decode.o: $(O)/gen/abi_decode.c $(O)/gen/flags.unit
	$(call say,CC-unit,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(UNIT_TOOL_CFLAGS) $(DEPFLAGS) -c -o $@ $<

$(O)/obj/unit/tools/%.o: tools/%.c $(O)/gen/flags.unit
	$(call say,CC-unit,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(UNIT_TOOL_CFLAGS) $(DEPFLAGS) -c -o $@ $<

$(O)/obj/unit/tests/%.o: tests/%.c $(O)/gen/flags.unit | $(HV_GEN)
	$(call say,CC-unit,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(UNIT_TEST_CFLAGS) $(DEPFLAGS) -c -o $@ $<

define archive
$(O)/obj/unit/$(1).a: $(2)
	$$(call say,AR,$$@)
	@mkdir -p $$(@D)
	$(Q)rm -f $$@ && $(AR) rcsT $$@ $$^
endef
unit_objs = $(1:%.c=$(O)/obj/unit/%.o)
# The sweep with edge values, whose tables come from abi/abi.json.
EDGES_SRCS := $(wildcard tests/edges/*.c)

$(O)/gen/abi_edges.c: abi/abi.json $(O)/abigen
	$(call say,GEN,$@)
	@mkdir -p $(@D)
	$(Q)$(O)/abigen edges $< > $@

$(O)/obj/unit/gen/abi_edges.o: $(O)/gen/abi_edges.c $(O)/gen/flags.unit
	$(call say,CC-unit,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(UNIT_TEST_CFLAGS) $(DEPFLAGS) -c -o $@ $<

$(eval $(call archive,libedges,$(call unit_objs,$(EDGES_SRCS)) $(O)/obj/unit/gen/abi_edges.o))
$(eval $(call archive,libhelper,$(call unit_objs,$(UNIT_HELPER_SRCS))))
$(eval $(call archive,libfake,$(call unit_objs,$(FAKE_SRCS))))
$(eval $(call archive,libhypervisor,$(call unit_objs,$(HOST_SRCS)) \
	$(O)/obj/unit/gen/dispatch.o $(O)/obj/unit/gen/trace_capture.o))
$(eval $(call archive,libparley,$(call unit_objs,$(filter-out %/main.c,$(PARLEY_SRCS))) \
	$(O)/obj/unit/gen/abi_decode.o))
BENCH_UNIT_SRCS := $(filter-out %/main.c,$(wildcard tools/bench/*.c)) tools/profile/opcode.c \
	tools/symbols/symbols.c
$(eval $(call archive,libbench,$(call unit_objs,$(BENCH_UNIT_SRCS))))
UNIT_ARCHIVES := $(foreach a,libhelper libedges libfake libhypervisor libparley libbench,$(O)/obj/unit/$(a).a)
.SECONDARY: $(call unit_objs,$(UNIT_SRCS))

SCHED_MACHINE_OBJ := $(call unit_objs,$(SCHED_MACHINE))
NO_SCHEDULER_OBJ := $(call unit_objs,$(NO_SCHEDULER))
$(addprefix $(O)/tests/unit/test_,sched shares shares_change watchdog trace_sched): $(SCHED_MACHINE_OBJ)
$(addprefix $(O)/tests/unit/test_,console store store_ring store_watch): $(NO_SCHEDULER_OBJ)
.SECONDARY: $(SCHED_MACHINE_OBJ) $(NO_SCHEDULER_OBJ)

# What a test does not reach is left out, so that it need not fake what that would need; the
# symbols named keep Criterion's list of tests.
$(O)/tests/unit/%: $(O)/obj/unit/tests/unit/%.o $(UNIT_ARCHIVES)
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(SANITIZE) -o $@ $(filter %.o,$^) -Wl,--start-group $(MODEL_LIB) $(UNIT_ARCHIVES) -Wl,--end-group \
		-Wl,--gc-sections,-z,nostart-stop-gc,-u,__start_cr_tst,-u,__start_cr_sts \
		-lcriterion -lZydis -lZycore $(PARLEY_LIBS) -lm

# Criterion must see a test's signal before ASan turns it into a report.
.PHONY: unit
unit: $(UNIT_BINS) ## run the unit tests on the host, under ASan and UBSan
	$(Q)ASAN_OPTIONS=handle_segv=0:allow_user_segv_handler=1 UBSAN_OPTIONS=print_stacktrace=1 \
		$(run_tests) $(UNIT_BINS)

# ---------------------------------------------------------------------------------------------
# abi: our headers against those of Debian's libxen-dev
# ---------------------------------------------------------------------------------------------

ABI_TEST_SRCS := $(wildcard tests/abi/*.c)
ABI_TEST_BINS := $(if $(ABI_TEST_SRCS),$(O)/tests/abi/abi)

$(O)/obj/test/%.o: %.c $(O)/gen/flags.test
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(TEST_CFLAGS) -Iabi $(DEPFLAGS) -c -o $@ $<

# Every structure and number of abi/abi.json against the headers, ours and Xen's, by assertions.
$(O)/gen/abi_assertions.c: abi/abi.json $(O)/abigen
	$(call say,GEN,$@)
	@mkdir -p $(@D)
	$(Q)$(O)/abigen assertions $< > $@

$(O)/obj/test/gen/%.o: $(O)/gen/%.c $(O)/gen/flags.test
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(TEST_CFLAGS) -Iabi -I. $(DEPFLAGS) -c -o $@ $<

$(O)/tests/abi/abi: $(ABI_TEST_SRCS:%.c=$(O)/obj/test/%.o) $(O)/obj/test/gen/abi_assertions.o
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) -o $@ $^ -lcriterion

.PHONY: abi-test
abi-test: $(ABI_TEST_BINS) $(O)/abigen ## compare our headers with libxen-dev's
	$(Q)$(run_tests) $(ABI_TEST_BINS)

# ---------------------------------------------------------------------------------------------
# system: guests booted by `parley run` on an emulated machine, each machine in one thread of the
# host: as many at a time as the host has CPUs, at most four for the sake of its memory.
# ---------------------------------------------------------------------------------------------

SYSTEM_TEST_SRCS := $(wildcard tests/system/*.c)
SYSTEM_TEST_BINS := $(if $(SYSTEM_TEST_SRCS),$(O)/tests/system/system)
SYSTEM_JOBS ?= $(shell n=$$(nproc); echo $$((n > 4 ? 4 : n)))
TEST_PROGRAM_DIRS := $(patsubst %/,%,$(sort $(dir $(wildcard tests/system/programs/*/*.c))))
TEST_PROGRAMS := $(foreach d,$(TEST_PROGRAM_DIRS),$(O)/tests/programs/$(notdir $(d)))

$(O)/tests/system/system: $(SYSTEM_TEST_SRCS:%.c=$(O)/obj/test/%.o)
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) -o $@ $^ -lcriterion -ljansson

# Static programs that work a guest kernel hard and check what they get.
define program_rule
$(O)/tests/programs/$(notdir $(1)): $(patsubst %.c,$(O)/obj/test/%.o,$(wildcard $(1)/*.c))
	$$(call say,LINK,$$@)
	@mkdir -p $$(@D)
	$(Q)$(CC) -static -pthread -o $$@ $$^
endef
$(foreach d,$(TEST_PROGRAM_DIRS),$(eval $(call program_rule,$(d))))

$(O)/tests/initrd.cpio.gz: tests/system/init $(TEST_PROGRAMS) tools/build/initrd
	$(call say,INITRD,$@)
	@mkdir -p $(@D)
	$(Q)tools/build/initrd $@ tests/system/init $(TEST_PROGRAMS)

.PHONY: conform-xen
conform-xen: $(O)/guests/conform.elf ## run the guest `conform` on Debian's Xen 4.17, which is to say that it asks for the same
	$(Q)tools/build/xen $< 1
	$(Q)tools/build/xen $< 3

.PHONY: system-test
system-test: all $(O)/profile.so $(SYSTEM_TEST_BINS) $(TEST_GUEST_ELFS) $(O)/tests/initrd.cpio.gz $(CACHE)/vmlinuz ## boot guests and check what they do
	$(Q)PARLEY_BUILD=$(O) PARLEY_CACHE=$(CACHE) CRITERION_ARGS="--jobs $(SYSTEM_JOBS) $(CRITERION_ARGS)" \
		$(run_tests) $(SYSTEM_TEST_BINS)

# The random commands of tests/system/commands.c, more of them: N=, and SEED= for the same again.
.PHONY: soak-commands
soak-commands: all $(SYSTEM_TEST_BINS) $(TEST_GUEST_ELFS) ## give a machine N random commands (10000), compare it with a model after each
	$(Q)PARLEY_BUILD=$(O) PARLEY_CACHE=$(CACHE) PARLEY_COMMANDS=$(or $(N),10000) PARLEY_SEED=$(SEED) \
		$(SYSTEM_TEST_BINS) --filter 'commands/leave_what_they_should'
