#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The codec of MOBIKE-X's notifies.
. "$(dirname "$0")/lib.sh"

fuzz notify tests/fuzz/notify.corpus
