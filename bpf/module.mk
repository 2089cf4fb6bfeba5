# SPDX-License-Identifier: GPL-2.0-or-later
# BPF objects and their skeletons.  A new program: its name in one of the lists.

BPF_SEGUE := globals egress ingress_tc link return control
BPF_XDP   := globals ingress_xdp

# no -Wunused-parameter: libbpf's BPF_PROG() has one
BPF_CFLAGS := -target bpf -mcpu=v3 -std=gnu11 -O2 -g -Wall -Wextra -Werror -Wno-unused-parameter \
	-Iinclude -Ibpf -idirafter /usr/include/$(shell $(CC) -print-multiarch)

BPF_OBJECTS := $(BUILD)/bpf/segue.bpf.o $(BUILD)/bpf/segue_xdp.bpf.o
BPF_SKELETONS := $(BUILD)/segue.skel.h $(BUILD)/segue_xdp.skel.h
ALL += $(BPF_OBJECTS) $(BPF_SKELETONS)

$(BUILD)/bpf/%.part.o: bpf/%.bpf.c
	@mkdir -p $(@D)
	$(CLANG) $(BPF_CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/bpf/segue.bpf.o: $(BPF_SEGUE:%=$(BUILD)/bpf/%.part.o)
$(BUILD)/bpf/segue_xdp.bpf.o: $(BPF_XDP:%=$(BUILD)/bpf/%.part.o)
$(BPF_OBJECTS):
	$(BPFTOOL) gen object $@ $^

$(BUILD)/%.skel.h: $(BUILD)/bpf/%.bpf.o
	$(BPFTOOL) gen skeleton $< name $*_bpf >$@.new && mv $@.new $@
