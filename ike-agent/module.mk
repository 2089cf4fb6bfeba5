# SPDX-License-Identifier: GPL-2.0-or-later
# ike-agent: the charon plugin that mirrors SAs into the maps and speaks MOBIKE-X

MOBIKEX    := $(BUILD)/libstrongswan-mobikex.so
STRONGSWAN := $(BUILD)/strongswan
# charon looks for plugins and their settings where its package puts them,
# whatever PREFIX says
CHARON_LIB     ?= /usr/lib/ipsec
CHARON_PLUGINS ?= $(CHARON_LIB)/plugins
CHARON_CONF    ?= /etc/strongswan.d/charon

MOBIKEX_OBJS := $(patsubst %.c,$(BUILD)/%.o,$(wildcard ike-agent/*.c))
ALL += $(MOBIKEX)

# VERSION is also the stamp: the headers are those of the installed libstrongswan.
# ME (mediation) changes struct layouts, so the config header has to agree with
# the library about it.
$(STRONGSWAN)/VERSION: ike-agent/headers.sh ike-agent/strongswan_config.h
	@nm -D $(CHARON_LIB)/libcharon.so.0 | grep -q ' T ike_me_create$$' || { \
		echo "ike-agent: libcharon is missing or built without mediation;" \
		"remove ME from ike-agent/strongswan_config.h" >&2; exit 1; }
	ike-agent/headers.sh $(STRONGSWAN)

$(MOBIKEX_OBJS): CPPFLAGS += -include ike-agent/strongswan_config.h \
	-isystem $(STRONGSWAN)/libstrongswan -isystem $(STRONGSWAN)/libcharon
$(MOBIKEX_OBJS): CFLAGS += -fPIC
# strongSwan's own idiom: %H and friends are its printf hooks, and METHOD()
# passes this in a transparent union
$(MOBIKEX_OBJS): WARN += -Wno-format -Wno-unused-parameter -Wno-sign-compare -Wno-missing-field-initializers
$(MOBIKEX_OBJS): | $(STRONGSWAN)/VERSION

# the maps, rtnetlink, and attaching a device that comes back: libsegue.a
$(MOBIKEX): $(MOBIKEX_OBJS) $(BUILD)/loader/libsegue.a
	$(CC) $(LDFLAGS) -shared -Wl,-z,defs -Wl,-z,now -o $@ $^ \
		-L$(CHARON_LIB) -lcharon -lstrongswan -lxdp -lbpf -lmnl

# the settings are the administrator's: charon reads *.conf there, and not *.new
install-agent uninstall-agent: SETTINGS = $(DESTDIR)$(CHARON_CONF)/mobikex.conf
.PHONY: install-agent
install: install-agent
install-agent: $(MOBIKEX)
	install -D -m 644 $(MOBIKEX) $(DESTDIR)$(CHARON_PLUGINS)/libstrongswan-mobikex.so
	@if [ ! -e $(SETTINGS) ] || cmp -s ike-agent/mobikex.conf $(SETTINGS); then \
		install -D -m 644 ike-agent/mobikex.conf $(SETTINGS) && rm -f $(SETTINGS).new; \
	else \
		install -m 644 ike-agent/mobikex.conf $(SETTINGS).new && \
		echo "$(SETTINGS) differs and is kept; the new one is $(SETTINGS).new"; \
	fi

uninstall: uninstall-agent
.PHONY: uninstall-agent
uninstall-agent:
	rm -f $(DESTDIR)$(CHARON_PLUGINS)/libstrongswan-mobikex.so $(SETTINGS).new
	@if cmp -s ike-agent/mobikex.conf $(SETTINGS); then \
		rm -f $(SETTINGS); \
	elif [ -e $(SETTINGS) ]; then \
		echo "$(SETTINGS) differs and is kept"; \
	fi
