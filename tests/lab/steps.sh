# Shows a long step as one line with the seconds it took. Sourced by tests/setup, tests/run and examples/quickstart.
# shellcheck shell=bash

# step TITLE COMMAND [ARG...]
#
# Runs COMMAND with its output put aside, and shows the end of that output only when COMMAND fails.
# COMMAND runs in the foreground, since bash makes background commands deaf to Ctrl-C; the clock runs beside it.
# The put-aside output is a file without a name, so that an interrupt leaves nothing behind.
step() {
    local title=$1 begin=$EPOCHREALTIME status=0 clock='' file output
    shift
    file=$(mktemp)
    exec {output}<>"$file"
    rm -f "$file"
    printf '%-68s' "$title"
    if [ -t 1 ]; then
        _step_clock "$title" &
        clock=$!
    fi
    "$@" >&"$output" 2>&1 </dev/null || status=$?
    if [ -n "$clock" ]; then
        kill "$clock" 2>/dev/null && wait "$clock" 2>/dev/null
        printf '\r%-68s' "$title"
    fi
    if [ "$status" -eq 0 ]; then
        printf '%8s s\n' "$(_step_seconds_since "$begin")"
    else
        printf 'failed (status %s); the end of its output:\n' "$status"
        tail -n 40 "/proc/self/fd/$output" | sed 's/^/    /' >&2
    fi
    exec {output}>&-
    return "$status"
}

# Ends by itself when the script is gone, however that happened.
_step_clock() {
    local begin=$SECONDS
    while sleep 1 && kill -0 "$$" 2>/dev/null; do
        printf '\r%-68s%6d   s' "$1" "$((SECONDS - begin))"
    done
}

# Seconds since an $EPOCHREALTIME, with one decimal. (Its decimal sign depends on the locale, its six decimals do not.)
_step_seconds_since() {
    local tenths=$(((${EPOCHREALTIME//[.,]/} - ${1//[.,]/}) / 100000))
    printf '%d.%d' "$((tenths / 10))" "$((tenths % 10))"
}
