#!/bin/sh
# Makes the secrets of compose.yaml, once. Keep secrets/master_key in a second place: without it no backup opens.
set -eu
cd "$(dirname "$0")"
if [ -e secrets ]; then
    echo "secrets/ is there already; nothing was changed" >&2
    exit 1
fi
umask 077
mkdir secrets
random() { od -An -N32 -tx1 /dev/urandom | tr -d ' \n'; }
database=$(random)
valkey=$(random)
random >secrets/master_key
printf '%s' "$database" >secrets/database_password
printf 'postgresql://leitstand:%s@postgresql/leitstand' "$database" >secrets/database_url
printf 'requirepass %s\n' "$valkey" >secrets/valkey_conf
printf 'valkey://:%s@valkey:6379/0' "$valkey" >secrets/valkey_url
# Compose mounts these files as they are and the containers run as other users; the folder keeps everybody else out.
chmod 0444 secrets/*
echo "made secrets/: keep secrets/master_key in a second place, too"
