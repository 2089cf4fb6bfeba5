# SPDX-License-Identifier: GPL-2.0-or-later
# segue: `make` builds, `sudo make demo` shows, `sudo make test` proves.

BUILD   := build
PREFIX  ?= /usr/local
DESTDIR ?=
CC      ?= gcc
CLANG   ?= clang
BPFTOOL ?= $(firstword $(wildcard /usr/sbin/bpftool) bpftool)

CFLAGS   ?= -O2 -g
CPPFLAGS += -D_GNU_SOURCE -Iinclude -Iloader -I$(BUILD)
WARN     := -std=gnu11 -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla

.PHONY: all clean install uninstall
all:

# each part: what it builds, two lines for a new program or test
include bpf/module.mk loader/module.mk ike-agent/module.mk tests/module.mk

all: $(ALL)

clean:
	rm -rf $(BUILD)

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) $(WARN) -MMD -MP -c -o $@ $<

-include $(shell test -d $(BUILD) && find $(BUILD) -type f -name '*.d')
