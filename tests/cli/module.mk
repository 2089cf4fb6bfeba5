# SPDX-License-Identifier: GPL-2.0-or-later
# The CLI: on this machine's kernel, and all of it again on Debian's, where XDP,
# clsact and fentry take the other way.
CLI_TESTS := $(filter-out %/lib.sh %/on-debian.sh,$(wildcard tests/cli/*.sh))
NATIVE_TESTS   += $(CLI_TESTS)
SCENARIO_TESTS += tests/cli/on-debian.sh

CLI_MAPS := $(BUILD)/tests/cli/maps
CLI_XDP  := $(BUILD)/tests/cli/other_xdp.bpf.o $(BUILD)/tests/cli/other_tc.bpf.o
ALL += $(CLI_MAPS) $(CLI_XDP)
$(CLI_MAPS): $(BUILD)/tests/cli/maps.o $(SEGUE_LIB)
	$(CC) $(LDFLAGS) -o $@ $^ $(SEGUE_LIBS)
$(CLI_XDP): $(BUILD)/tests/cli/%.bpf.o: tests/cli/%.bpf.c
	@mkdir -p $(@D)
	$(CLANG) $(BPF_CFLAGS) -MMD -MP -c -o $@ $<
