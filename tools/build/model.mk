# The page-table code against its model: tests/model (what is there and why: tests/model/model.h).

# The small machine and the model, for the tests in tests/unit/test_mm_*.c as well. Its stand-ins
# come before the functions of the same names in other rooms.
MODEL_SRCS := $(filter-out $(wildcard tests/model/main_*.c),$(wildcard tests/model/*.c)) $(HV_DEBUG_SRCS)
$(eval $(call archive,libmodel,$(call unit_objs,$(MODEL_SRCS))))

MODEL_BINS := $(filter $(O)/tests/unit/test_mm%,$(UNIT_BINS))
$(MODEL_BINS): MODEL_LIB := -z muldefs $(O)/obj/unit/libmodel.a
$(MODEL_BINS): $(O)/obj/unit/libmodel.a

# One program of the model's own: $(O)/tests/model/NAME from tests/model/main_NAME.c.
$(O)/tests/model/%: $(O)/obj/unit/tests/model/main_%.o $(O)/obj/unit/libmodel.a $(UNIT_ARCHIVES)
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(SANITIZE) -o $@ $< -Wl,--start-group -z muldefs $(O)/obj/unit/libmodel.a \
		$(UNIT_ARCHIVES) -Wl,--end-group -Wl,--gc-sections -lpthread

MINUTES ?= 10
.PHONY: soak
soak: $(O)/tests/model/soak ## search the page-table code with random sequences for MINUTES=n
	$(Q)ASAN_OPTIONS=detect_leaks=0 $< $(MINUTES) $(SEED)
