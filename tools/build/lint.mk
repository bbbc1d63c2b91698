# Format and lint. What is checked is stamped under $(O)/lint, so that only what changed is
# checked again.

LINT_ALL := $(shell find abi hypervisor guest-pv tools tests -name '*.[ch]')
LINT_HEADERS := $(filter %.h,$(LINT_ALL))
LINT_TIDY := $(filter %.c,$(filter-out tests/%,$(LINT_ALL)))

.PHONY: format
format: ## lay out all sources by .clang-format
	$(Q)clang-format -i $(LINT_ALL)

.PHONY: format-check
format-check: ## check the layout of all sources
	$(Q)clang-format --dry-run --Werror $(LINT_ALL)
	$(Q)if grep -nE '[[:space:]]+$$' $(LINT_ALL) $(wildcard hypervisor/*/*.S guest-pv/*/*.S); then \
		echo 'trailing blanks' >&2; exit 1; fi

.PHONY: lint
lint: format-check lint-headers lint-tidy lint-includes lint-abi lint-docs ## check layout, headers, includes, likely mistakes, links and the manual page

# The flags by which a file of each part is compiled; clang takes them but for gcc's warnings.
lint_flags = $(strip \
	$(if $(filter abi/%,$(1)),$(BARE) -Iabi) \
	$(if $(filter hypervisor/%,$(1)),$(HV_CFLAGS)) \
	$(if $(filter guest-pv/% tests/system/guests/%,$(1)),$(GUEST_CFLAGS)) \
	$(if $(filter tests/system/guests/edges/%,$(1)),-Itests/edges) \
	$(if $(filter tools/%,$(1)),$(TOOL_CFLAGS)) \
	$(if $(filter tests/unit/% tests/fake/% tests/model/% tests/fuzz/% tests/edges/%,$(1)),$(UNIT_TEST_CFLAGS)) \
	$(if $(filter tests/abi/% tests/bench/% tests/system/%,$(filter-out tests/system/guests/%,$(1))),$(TEST_CFLAGS) -Iabi))
tidy_flags = $(filter-out -W% -nostdinc -isystem $(GCC_INCLUDE) -fcf-protection=none,$(call lint_flags,$(1)))

# A header must compile alone.
$(O)/lint/%.h.ok: %.h | $(HV_GEN)
	$(call say,HEADER,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(call lint_flags,$<) -Wno-unused-macros -fsyntax-only -x c $<
	$(Q)touch $@

$(O)/lint/%.c.ok: %.c .clang-tidy $(LINT_HEADERS) | $(HV_GEN)
	$(call say,TIDY,$<)
	@mkdir -p $(@D)
	$(Q)clang-tidy --quiet $< -- $(call tidy_flags,$<) 2>$@.log || { cat $@.log; rm -f $@.log; exit 1; }
	$(Q)mv $@.log $@

.PHONY: lint-headers lint-tidy lint-includes lint-abi lint-docs
lint-headers: $(LINT_HEADERS:%=$(O)/lint/%.ok)
lint-tidy: $(LINT_TIDY:%=$(O)/lint/%.ok)
lint-includes:
	$(Q)tools/build/check-includes tools/build/include-rules
lint-abi: $(O)/abigen
	$(Q)$(O)/abigen check abi/abi.json $(ABI_FILES)
	$(Q)$(O)/abigen coverage abi/abi.json $(CONFORM_SRCS) >/dev/null
	$(Q)tools/build/figures --check docs/performance.md docs/abi/*.md
lint-docs:
	$(Q)tools/build/check-links README.md docs/*.md docs/abi/*.md
	$(Q)if command -v man >/dev/null; then \
		complaints=$$(man --warnings -l docs/parley.1 2>&1 >/dev/null); \
		[ -z "$$complaints" ] || { echo "docs/parley.1: $$complaints" >&2; exit 1; }; fi
