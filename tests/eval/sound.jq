# SPDX-License-Identifier: GPL-2.0-or-later
# The meter's report in, asked for $asked events; out: what makes it no measurement, a
# line each.
(if (.events | length) != $asked then "only \(.events | length) of \($asked) events happened" else empty end),
(.events[] | select(.status != 0) | "\(.action) \(.argument // .device): status \(.status)"),
(.followed | select(. != null and .status != 0) | "an application could not follow its uplink: status \(.status)"),
(.wires | to_entries[] | select(.value.missed != 0) | "\(.value.missed) frames missed on \(.key)")
