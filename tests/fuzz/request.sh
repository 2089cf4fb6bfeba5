#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What becomes of a peer's requests, one after the other.
. "$(dirname "$0")/lib.sh"

fuzz request tests/fuzz/notify.corpus tests/fuzz/request.corpus
