# SPDX-License-Identifier: GPL-2.0-or-later
# Packet fixtures and control, by BPF_PROG_TEST_RUN.  A new test: its name in
# BPF_TESTS or, if it needs fentry, in BPF_KERNEL_TESTS; in BPF_TEST_OBJECTS too if
# it brings programs of its own (NAME.bpf.c).

BPF_TESTS        := load_test control_test egress_test change_test copy_test child_test \
	ingress_test probe_test return_test route_test fuzz_test
BPF_KERNEL_TESTS := link_test
BPF_BENCH        := bench
BPF_TEST_OBJECTS := copy_test probe_test return_test bench

BPF_TEST_DIR      := $(BUILD)/tests/bpf
BPF_TEST_PROGRAMS := $(patsubst %,$(BPF_TEST_DIR)/%,$(BPF_TESTS) $(BPF_KERNEL_TESTS) $(BPF_BENCH))

$(BPF_TEST_PROGRAMS): %: %.o $(BPF_TEST_DIR)/host.o $(BPF_TEST_DIR)/wire.o $(SEGUE_LIB)
	$(CC) $(LDFLAGS) -o $@ $^ $(SEGUE_LIBS) -lcmocka -ljson-c

$(BPF_TEST_OBJECTS:%=$(BPF_TEST_DIR)/%.part.o): $(BUILD)/%.part.o: %.bpf.c
	@mkdir -p $(@D)
	$(CLANG) $(BPF_CFLAGS) -MMD -MP -c -o $@ $<
$(BPF_TEST_OBJECTS:%=$(BPF_TEST_DIR)/%.bpf.o): %.bpf.o: %.part.o $(BUILD)/bpf/globals.part.o
	$(BPFTOOL) gen object $@ $^
$(BPF_TEST_OBJECTS:%=$(BPF_TEST_DIR)/%.skel.h): %.skel.h: %.bpf.o
	$(BPFTOOL) gen skeleton $< name $(*F) >$@.new && mv $@.new $@
$(BPF_TEST_OBJECTS:%=$(BPF_TEST_DIR)/%.o): %.o: %.skel.h

ALL += $(BPF_TEST_PROGRAMS)
NATIVE_TESTS += $(BPF_TESTS:%=$(BPF_TEST_DIR)/%)
SCENARIO_TESTS += $(BPF_KERNEL_TESTS:%=$(BPF_TEST_DIR)/%)
# told where a nanosecond is one, judged where it is an instruction
BENCHES += $(BPF_BENCH:%=$(BPF_TEST_DIR)/%)
FIGURE_TESTS += $(BPF_BENCH:%=$(BPF_TEST_DIR)/%)
