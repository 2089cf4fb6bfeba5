# SPDX-License-Identifier: GPL-2.0-or-later
# the virtual machine: what decides whether it is needed
VM_PROBE := $(BUILD)/tests/vm/probe

ALL += $(VM_PROBE)
$(VM_PROBE): $(BUILD)/tests/vm/probe.o
	$(CC) $(LDFLAGS) -o $@ $^ -lbpf
