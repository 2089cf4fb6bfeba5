# SPDX-License-Identifier: GPL-2.0-or-later
# packet fixtures and control, by BPF_PROG_TEST_RUN; link_test needs fentry

BPF_TESTS := egress_test ingress_test
BPF_TEST_PROGRAMS := $(BPF_TESTS:%=$(BUILD)/tests/bpf/%)

$(BPF_TEST_PROGRAMS): $(BUILD)/tests/bpf/%: $(BUILD)/tests/bpf/%.o \
		$(BUILD)/tests/bpf/host.o $(BUILD)/tests/bpf/wire.o $(SEGUE_LIB)
	$(CC) $(LDFLAGS) -o $@ $^ $(SEGUE_LIBS) -lcmocka

ALL += $(BPF_TEST_PROGRAMS)
NATIVE_TESTS += $(BPF_TEST_PROGRAMS)
