# SPDX-License-Identifier: GPL-2.0-or-later
# The library that CLI and charon plugin share, and the CLI.

SEGUE_LIB_SOURCES := control control_event control_link control_probe control_session control_text \
	load load_xdp pins rtnl rtnl_dump rtnl_mirror rtnl_neighbour rtnl_watch nl80211 tc ingress uplink stable sysctl caps
SEGUE_CLI_SOURCES := main cli host names output attach detach status link path session \
	peer sa drain switch switch_child monitor check probe check_host check_agent check_rules check_link check_offload check_sa

SEGUE_LIB  := $(BUILD)/loader/libsegue.a
SEGUE_LIBS := -lbpf -lxdp -lmnl
SEGUE      := $(BUILD)/segue
ALL += $(SEGUE)

# the plugin is a shared object
$(BUILD)/loader/%.o: override CFLAGS += -fPIC
$(SEGUE_LIB_SOURCES:%=$(BUILD)/loader/%.o): | $(BPF_SKELETONS)

$(SEGUE_LIB): $(SEGUE_LIB_SOURCES:%=$(BUILD)/loader/%.o)
	rm -f $@ && $(AR) rcs $@ $^

$(SEGUE): $(SEGUE_CLI_SOURCES:%=$(BUILD)/loader/%.o) $(SEGUE_LIB)
	$(CC) $(LDFLAGS) -o $@ $^ $(SEGUE_LIBS) -ljson-c

.PHONY: install-loader uninstall-loader
install: install-loader
install-loader: $(SEGUE)
	install -D -m 755 $(SEGUE) $(DESTDIR)$(PREFIX)/sbin/segue
	install -D -m 644 docs/man/segue.8 $(DESTDIR)$(PREFIX)/share/man/man8/segue.8
	install -D -m 644 loader/segue.bash \
		$(DESTDIR)$(PREFIX)/share/bash-completion/completions/segue

uninstall: uninstall-loader
uninstall-loader:
	rm -f $(DESTDIR)$(PREFIX)/sbin/segue $(DESTDIR)$(PREFIX)/share/man/man8/segue.8 \
		$(DESTDIR)$(PREFIX)/share/bash-completion/completions/segue
