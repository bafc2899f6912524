#!/bin/bash
# A broker's number is the one at the end of its pod's name.
set -eu
export KAFKA_NODE_ID="${HOSTNAME##*-}"
export KAFKA_ADVERTISED_LISTENERS="CLIENT://${HOSTNAME}.${POD_DOMAIN}:9092"
exec /etc/kafka/docker/run
