#!/bin/sh
# What ipmi_sim calls to know and to change the power of one server: chassis-control.sh FOLDER get|set NAME [VALUE]...
# Off is SIGKILL: a server whose mains are gone does not finish a write.
folder=$1
operation=$2
shift 2
pid_file=$folder/qemu.pid

running() {
  [ -s "$pid_file" ] && [ -d "/proc/$(cat "$pid_file")" ] && grep -q "$folder" "/proc/$(cat "$pid_file")/cmdline" 2>/dev/null
}
# A killed process is gone only when nothing of it is left but a record for its parent.
dead() {
  ! running || grep -q '^State:[[:space:]]*Z' "/proc/$(cat "$pid_file")/status" 2>/dev/null
}
power_on() {
  dead || return 0
  starts=$(($(cat "$folder/starts" 2>/dev/null || echo 0) + 1))
  echo "$starts" >"$folder/starts"
  : >"$folder/console-$starts"
  setsid sh "$folder/machine.sh" "$folder/console-$starts" >"$folder/qemu.log" 2>&1 </dev/null &
  echo $! >"$pid_file"
  sleep 0.1
}
power_off() {
  dead || kill -9 "$(cat "$pid_file")"
  for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    dead && break
    sleep 0.1
  done
}

case $operation in
get)
  for name in "$@"; do
    case $name in
    power) if dead; then echo power:0; else echo power:1; fi ;;
    boot) echo "boot:$(cat "$folder/boot" 2>/dev/null || echo none)" ;;
    *) echo "$name:0" ;;
    esac
  done
  ;;
set)
  while [ $# -gt 0 ]; do
    at=$(date +%s%3N)
    case $1 in
    power) if [ "$2" = 1 ]; then power_on; else power_off; fi ;;
    # Kept for whoever asks; the firmware of these servers always asks its boot script first.
    boot) echo "$2" >"$folder/boot" ;;
    reset)
      power_off
      power_on
      ;;
    esac
    # Off counts from when it was done, everything else from when it was asked.
    [ "$1 $2" = 'power 0' ] && at=$(date +%s%3N)
    echo "$at $1 $2" >>"$folder/commands"
    shift 2
  done
  ;;
esac
exit 0
