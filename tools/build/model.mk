# The page-table code against its model: tests/model (what is there and why: tests/model/model.h).

# The small machine and the model, for the tests in tests/unit/test_mm_*.c and test_gnttab_*.c as well. Its stand-ins
# come before the functions of the same names in other rooms.
MODEL_SRCS := $(filter-out $(wildcard tests/model/main_*.c),$(wildcard tests/model/*.c)) $(HV_DEBUG_SRCS)
$(eval $(call archive,libmodel,$(call unit_objs,$(MODEL_SRCS))))

# The audit must be the real one from the start, not hypervisor/domain/audit_off.c.
MODEL_LINK := -z muldefs -u domain_audit $(O)/obj/unit/libmodel.a
MODEL_BINS := $(filter $(O)/tests/unit/test_mm% $(O)/tests/unit/test_gnttab%,$(UNIT_BINS))
$(MODEL_BINS): MODEL_LIB := $(MODEL_LINK)
$(MODEL_BINS): $(O)/obj/unit/libmodel.a

# The sweep with edge values calls all hypercalls, not only those of the small machine.
$(O)/tests/unit/test_edges: MODEL_LIB := $(O)/obj/unit/gen/dispatch.o $(MODEL_LINK)
$(O)/tests/unit/test_edges: $(O)/obj/unit/libmodel.a

# One program of the model's own: $(O)/tests/model/NAME from tests/model/main_NAME.c.
$(O)/tests/model/%: $(O)/obj/unit/tests/model/main_%.o $(O)/obj/unit/libmodel.a $(UNIT_ARCHIVES)
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(SANITIZE) -o $@ $< -Wl,--start-group $(MODEL_LINK) \
		$(UNIT_ARCHIVES) -Wl,--end-group -Wl,--gc-sections -lpthread

MINUTES ?= 10
.PHONY: soak
soak: $(O)/tests/model/soak ## search the page-table code with random sequences for MINUTES=n
	$(Q)ASAN_OPTIONS=detect_leaks=0 $< $(MINUTES) $(SEED)

# ---------------------------------------------------------------------------------------------
# fuzz: the same generator fed by libFuzzer, which needs clang: everything compiled once more. What
# other rooms would need of the machine is not there, and not reached.
# ---------------------------------------------------------------------------------------------

FUZZ_CC ?= clang
FUZZ_SECONDS ?= 60
FUZZ_SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=undefined -fsanitize=fuzzer-no-link
fuzz_flags = $(filter-out -W% $(SANITIZE),$(1)) $(FUZZ_SANITIZE) -w
FUZZ_SRCS := $(MODEL_SRCS) $(FAKE_SRCS) $(filter-out hypervisor/boot/%,$(HOST_SRCS))
FUZZ_OBJS := $(FUZZ_SRCS:%.c=$(O)/obj/fuzz/%.o)

$(O)/obj/fuzz/hypervisor/%.o: hypervisor/%.c $(O)/gen/flags.unit | $(HV_GEN)
	$(call say,CC-fuzz,$@)
	@mkdir -p $(@D)
	$(Q)$(FUZZ_CC) $(call fuzz_flags,$(UNIT_HV_CFLAGS)) $(DEPFLAGS) -c -o $@ $<

$(O)/obj/fuzz/tests/%.o: tests/%.c $(O)/gen/flags.unit | $(HV_GEN)
	$(call say,CC-fuzz,$@)
	@mkdir -p $(@D)
	$(Q)$(FUZZ_CC) $(call fuzz_flags,$(UNIT_TEST_CFLAGS)) $(DEPFLAGS) -c -o $@ $<

$(O)/obj/fuzz/libfuzz.a: $(FUZZ_OBJS)
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcsT $@ $^

$(O)/tests/fuzz/%: $(O)/obj/fuzz/tests/fuzz/%.o $(O)/obj/fuzz/libfuzz.a
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(FUZZ_CC) $(FUZZ_SANITIZE) -fsanitize=fuzzer -no-pie -o $@ $< \
		-Wl,--start-group $(O)/obj/fuzz/libfuzz.a -Wl,--end-group -Wl,-z,muldefs,--unresolved-symbols=ignore-all -lpthread

.PHONY: fuzz
fuzz: $(O)/tests/fuzz/fuzz_mmu ## search the page-table code by libFuzzer for FUZZ_SECONDS=n (needs clang, libclang-rt-14-dev)
	$(Q)mkdir -p $(O)/fuzz/mmu
	$(Q)cd $(O)/fuzz && ASAN_OPTIONS=detect_leaks=0 ../tests/fuzz/fuzz_mmu -max_total_time=$(FUZZ_SECONDS) \
		-max_len=4096 -timeout=60 -print_final_stats=1 mmu

# ---------------------------------------------------------------------------------------------
# coverage: the tests of the page-table code built for gcov, and what they reach of it.
# ---------------------------------------------------------------------------------------------

COVERED := mm/alloc mm/frame mm/guest mm/l1 mm/owner mm/ptable mm/tlb mm/types \
	hypercall/memory_op hypercall/mmu_common hypercall/mmu_update hypercall/mmuext_op \
	hypercall/multicall hypercall/set_gdt hypercall/update_descriptor \
	hypercall/update_va_mapping pv/descriptor pv/ptwr domain/vcpu_info
COVERAGE_TESTS := $(patsubst tests/unit/%.c,%,$(wildcard tests/unit/test_mm*.c)) test_alloc \
	test_descriptor test_ptwr test_trace

.PHONY: coverage
coverage: ## tell how much of the page-table code its tests reach (gcov)
	$(Q)find $(O)/coverage -name '*.gcda' -delete 2>/dev/null || true
	$(Q)$(MAKE) --no-print-directory O=$(O)/coverage SANITIZE=--coverage \
		$(COVERAGE_TESTS:%=$(O)/coverage/tests/unit/%)
	$(Q)for t in $(COVERAGE_TESTS); do $(O)/coverage/tests/unit/$$t >/dev/null 2>&1 || exit 1; done
	$(Q)tools/build/coverage $(O)/coverage/obj/unit/hypervisor $(COVERED)
