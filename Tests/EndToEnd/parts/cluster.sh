#!/usr/bin/env bash
# A control plane for the end-to-end tests: etcd, kube-apiserver (RBAC, audit log) and
# kube-controller-manager on free loopback ports, everything they write in one folder.
#
#   cluster.sh start <folder>    starts them, waits until they serve; `NAME=value` lines on stdout
#   cluster.sh stop <folder>     ends all of them, also after a start that failed half way
#   cluster.sh kubeconfig <folder> <namespace> <service-account>
#                                prints a kubeconfig with a fresh token of that service account
#
# SLUICE_TEST_CONTROLLERS names the controllers that kube-controller-manager runs, separated by commas; all without it.
#
# A second start of a stopped folder goes on with its data and certificates, on new ports.
# README.md beside this file lists what is in the folder.
set -euo pipefail
umask 077

here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
readonly here
readonly start_seconds=120
folder=""
port=""
ports_taken=" "

say() { printf 'cluster: %s\n' "$*" >&2; }

fail() {
    printf 'cluster: error: %s\n' "$*" >&2
    exit 1
}

usage() { fail "usage: cluster.sh start <folder> | stop <folder> | kubeconfig <folder> <namespace> <service-account>"; }

# MARK: - Processes

# start_time PID: when the process began, which tells it from a later one of the same number; empty
# when it is gone, or dead and only not yet collected by its parent.
start_time() {
    local stat fields
    { stat="$(<"/proc/$1/stat")"; } 2>/dev/null || return 0
    read -ra fields <<<"${stat##*) }"
    [[ ${fields[0]} == Z || ${fields[0]} == X ]] || printf '%s' "${fields[19]}"
}

# alive NAME: whether the process of that name which this folder started is running.
alive() {
    local pid started
    read -r pid started 2>/dev/null <"$folder/pids/$1" || return 1
    [[ -n $started && "$(start_time "$pid")" == "$started" ]]
}

# spawn NAME PROGRAM ARGUMENT…: runs it in a group of its own. The process itself writes down who it
# is before it becomes the program, so that there is no moment in which it runs unrecorded.
spawn() {
    local name="$1"
    shift
    # shellcheck disable=SC2016
    setsid bash -c '
        stat="$(<"/proc/$$/stat")"
        read -ra fields <<<"${stat##*) }"
        printf "%s %s\n" "$$" "${fields[19]}" >"$1.new"
        mv -f "$1.new" "$1"
        shift
        exec "$@"
    ' bash "$folder/pids/$name" "$@" >"$folder/$name.log" 2>&1 </dev/null 9>&- &
    # The shell must not wait for it, nor report its end.
    disown
    local tries
    for ((tries = 0; tries < 100; tries++)); do
        if [[ -e $folder/pids/$name ]]; then return; fi
        sleep 0.05
    done
    fail "$name could not be started; see $folder/$name.log"
}

# end NAME: first politely, then for sure.
end() {
    local name="$1" pid tries
    if alive "$name"; then
        read -r pid _ <"$folder/pids/$name"
        kill -TERM -- "-$pid" 2>/dev/null || true
        for ((tries = 0; tries < 200; tries++)); do
            alive "$name" || break
            if [[ $tries -eq 100 ]]; then kill -KILL -- "-$pid" 2>/dev/null || true; fi
            sleep 0.1
        done
        if alive "$name"; then fail "$name (process $pid) does not end"; fi
    fi
    rm -f "$folder/pids/$name" "$folder/pids/$name.new"
}

end_all() {
    # Clients before their servers, so that none of them writes complaints into its log.
    end kube-controller-manager
    end kube-apiserver
    end etcd
}

# A port that nobody listens on, in `port`. It lies below the range from which the kernel takes
# ports for connections, so that none of those gets in between.
find_port() {
    while true; do
        port=$((15000 + (RANDOM * 32768 + RANDOM) % 17000))
        if [[ $ports_taken == *" $port "* ]]; then continue; fi
        if ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then break; fi
    done
    ports_taken+="$port "
}

# wait_until NAME CONDITION…: 0 when the condition holds; 1 when the process found its port taken by
# another. Any other end of it, and a condition that never holds, fail with the end of its log.
wait_until() {
    local name="$1" deadline=$((SECONDS + start_seconds))
    shift
    until "$@"; do
        if ! alive "$name"; then
            if grep -q 'address already in use' "$folder/$name.log"; then return 1; fi
            tail -n 40 "$folder/$name.log" >&2
            fail "$name ended; the end of $folder/$name.log is above"
        fi
        if ((SECONDS >= deadline)); then
            tail -n 40 "$folder/$name.log" >&2
            fail "$name was not ready after $start_seconds s; the end of $folder/$name.log is above"
        fi
        sleep 0.2
    done
    alive "$name" || fail "$name ended as soon as it was ready; see $folder/$name.log"
}

# MARK: - Certificates and access

# certificate NAME SUBJECT EXTENSIONS: a key and a certificate of our authority.
certificate() {
    openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -sha256 \
        -config openssl.cnf -subj "$2" -keyout "$1.key" -out "$1.csr"
    openssl x509 -req -sha256 -days 3650 -in "$1.csr" -CA ca.crt -CAkey ca.key -CAcreateserial \
        -extfile openssl.cnf -extensions "$3" -out "$1.crt"
    rm "$1.csr"
}

make_certificates() (
    set -e
    cd "$1"
    cat >openssl.cnf <<'CONFIG'
[req]
distinguished_name = name
[name]
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign, digitalSignature
subjectKeyIdentifier = hash
[server]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectAltName = IP:127.0.0.1, IP:10.0.0.1, DNS:localhost, DNS:kubernetes, DNS:kubernetes.default, DNS:kubernetes.default.svc
[client]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = clientAuth
CONFIG
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -sha256 -days 3650 \
        -config openssl.cnf -extensions authority -subj /CN=sluice-test-authority \
        -keyout ca.key -out ca.crt
    certificate apiserver /CN=kube-apiserver server
    certificate admin /O=system:masters/CN=sluice-test-admin client
    certificate controller-manager /CN=system:kube-controller-manager client
    openssl genrsa -out service-accounts.key 2048
    openssl rsa -in service-accounts.key -pubout -out service-accounts.pub
    openssl rand -hex 24 >admin.token
    printf '%s,sluice-test-token-admin,token-admin,"system:masters"\n' "$(<admin.token)" >tokens.csv
)

base64_line() { base64 <"$1" | tr -d '\n'; }

# write_kubeconfig NAME CREDENTIALS…: on stdout, with the credentials as lines of the user.
write_kubeconfig() {
    local user="$1" line
    shift
    cat <<CONFIG
apiVersion: v1
kind: Config
current-context: sluice-test
clusters:
- name: sluice-test
  cluster:
    server: $(<"$folder/server")
    certificate-authority-data: $(base64_line "$folder/pki/ca.crt")
contexts:
- name: sluice-test
  context: {cluster: sluice-test, user: "$user", namespace: "${namespace:-default}"}
users:
- name: "$user"
  user:
CONFIG
    for line in "$@"; do printf '    %s\n' "$line"; done
}

client_certificate() {
    printf 'client-certificate-data: %s\n' "$(base64_line "$folder/pki/$1.crt")"
    printf '    client-key-data: %s' "$(base64_line "$folder/pki/$1.key")"
}

# MARK: - Start

# get PATH: the answer of the API server to the administrator. Raw paths alone are asked for: all
# else would fill kubectl's discovery cache in the user's home.
get() {
    "$KUBECTL_120" --kubeconfig "$folder/admin.kubeconfig" --request-timeout=5s get --raw="$1"
}

serves_ready() { [[ "$(get /readyz 2>/dev/null)" == ok ]]; }

# Pods can be created once the default service account is there, and on servers before 1.21 only
# when it has been given its token.
default_account_is_there() {
    local account
    account="$(get /api/v1/namespaces/default/serviceaccounts/default 2>/dev/null)" || return 1
    [[ $minor -ge 21 || $account == *'"secrets":'* ]]
}

log_has() { grep -q "$2" "$folder/$1.log"; }

start_etcd() {
    local tries peer
    for ((tries = 0; tries < 5; tries++)); do
        find_port && peer=$port
        find_port && etcd_port=$port
        # etcd 3.4 runs on other machines than amd64 only when told that this is meant.
        ETCD_UNSUPPORTED_ARCH="$(uname -m | sed -n 's/^aarch64$/arm64/p')" \
            spawn etcd "$ETCD" --name sluice-test --data-dir "$folder/etcd" \
            --listen-client-urls "http://127.0.0.1:$etcd_port" \
            --advertise-client-urls "http://127.0.0.1:$etcd_port" \
            --listen-peer-urls "http://127.0.0.1:$peer" \
            --initial-advertise-peer-urls "http://127.0.0.1:$peer" \
            --initial-cluster "sluice-test=http://127.0.0.1:$peer"
        # Its own log is asked rather than its port, behind which another's might answer.
        if wait_until etcd log_has etcd 'ready to serve client requests'; then return; fi
        end etcd
    done
    fail "etcd found no free port in $tries tries"
}

start_apiserver() {
    local tries
    cat >"$folder/audit-policy.yaml" <<'POLICY'
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: Metadata
POLICY
    for ((tries = 0; tries < 5; tries++)); do
        find_port
        printf 'https://127.0.0.1:%s\n' "$port" >"$folder/server"
        write_kubeconfig admin "$(client_certificate admin)" >"$folder/admin.kubeconfig"
        spawn kube-apiserver "$KUBE_APISERVER" \
            --etcd-servers "http://127.0.0.1:$etcd_port" \
            --bind-address 127.0.0.1 --advertise-address 127.0.0.1 --secure-port "$port" \
            --endpoint-reconciler-type none --service-cluster-ip-range 10.0.0.0/24 \
            --cert-dir "$folder/pki" \
            --tls-cert-file "$folder/pki/apiserver.crt" --tls-private-key-file "$folder/pki/apiserver.key" \
            --client-ca-file "$folder/pki/ca.crt" --token-auth-file "$folder/pki/tokens.csv" \
            --authorization-mode RBAC \
            --service-account-issuer https://kubernetes.default.svc \
            --service-account-key-file "$folder/pki/service-accounts.pub" \
            --service-account-signing-key-file "$folder/pki/service-accounts.key" \
            --audit-policy-file "$folder/audit-policy.yaml" --audit-log-path "$folder/audit.log" \
            --audit-log-mode blocking --audit-log-maxsize 4000
        if wait_until kube-apiserver serves_ready; then return; fi
        end kube-apiserver
    done
    fail "kube-apiserver found no free port in $tries tries"
}

start_controller_manager() {
    local no_insecure_port=()
    # Up to 1.23 it also listens without TLS unless told not to; later the flag is gone.
    if [[ $minor -lt 24 ]]; then no_insecure_port=(--port 0); fi
    write_kubeconfig controller-manager "$(client_certificate controller-manager)" \
        >"$folder/controller-manager.kubeconfig"
    spawn kube-controller-manager "$KUBE_CONTROLLER_MANAGER" \
        --kubeconfig "$folder/controller-manager.kubeconfig" \
        --use-service-account-credentials --leader-elect=false \
        --service-account-private-key-file "$folder/pki/service-accounts.key" \
        --root-ca-file "$folder/pki/ca.crt" \
        --kube-api-qps 200 --kube-api-burst 400 \
        --controllers "${SLUICE_TEST_CONTROLLERS:-*}" \
        --secure-port 0 "${no_insecure_port[@]}"
    wait_until kube-controller-manager default_account_is_there ||
        fail "kube-controller-manager found an address in use; see its log in $folder"
}

start_failed() {
    local status=$?
    if [[ $status -ne 0 ]]; then
        say "stopping what was started; the logs stay in $folder"
        end_all
    fi
}

start() {
    local name version minor etcd_port=""
    for name in openssl flock setsid base64; do
        command -v "$name" >/dev/null || fail "$name is needed"
    done
    mkdir -p "$folder/pids"
    exec 9>"$folder/lock"
    flock -n 9 || fail "another cluster.sh is at work on $folder"
    for name in etcd kube-apiserver kube-controller-manager; do
        if alive "$name"; then fail "$name of $folder is running; stop it first: cluster.sh stop $folder"; fi
        rm -f "$folder/pids/$name"
    done

    "$here/provide.sh" 9>&- >"$folder/parts"
    load_parts
    if [[ ! -d $folder/pki ]]; then
        rm -rf "$folder/pki.new"
        mkdir "$folder/pki.new"
        make_certificates "$folder/pki.new" >"$folder/openssl.log" 2>&1 || {
            tail -n 20 "$folder/openssl.log" >&2
            fail "openssl could not make the certificates (its output is above)"
        }
        mv "$folder/pki.new" "$folder/pki"
    fi

    trap start_failed EXIT
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 143' TERM
    start_etcd
    start_apiserver
    version="$(get /version | sed -n 's/.*"gitVersion": *"\([^"]*\)".*/\1/p')"
    minor="${version#v*.}"
    minor="${minor%%.*}"
    [[ $minor =~ ^[0-9]+$ ]] || fail "the API server gives its version as '$version'"
    start_controller_manager
    trap - EXIT

    say "kube-apiserver $version serves at $(<"$folder/server"); stop it with: cluster.sh stop $folder"
    cat "$folder/parts"
    printf '%s=%s\n' KUBECONFIG "$folder/admin.kubeconfig" SERVER "$(<"$folder/server")" \
        ETCD_SERVER "http://127.0.0.1:$etcd_port" SERVER_VERSION "$version" CERTIFICATE_AUTHORITY "$folder/pki/ca.crt" \
        ADMIN_TOKEN_FILE "$folder/pki/admin.token" AUDIT_LOG "$folder/audit.log"
}

load_parts() {
    local name value
    [[ -f $folder/parts ]] || fail "no cluster was started in $folder"
    while IFS='=' read -r name value; do
        case "$name" in
        ETCD | KUBE_APISERVER | KUBE_CONTROLLER_MANAGER | KUBECTL_120) declare -g "$name=$value" ;;
        esac
    done <"$folder/parts"
}

# MARK: - Stop, and access for service accounts

stop() {
    if [[ ! -d $folder/pids ]]; then return; fi
    exec 9>"$folder/lock"
    # A start that is under way ends by itself, well or not.
    flock -w $((3 * start_seconds)) 9 || fail "another cluster.sh is at work on $folder and does not end"
    end_all
}

service_account_kubeconfig() {
    local namespace="$1" account="$2" token
    load_parts
    token="$(printf '%s' '{"apiVersion":"authentication.k8s.io/v1","kind":"TokenRequest","spec":{"expirationSeconds":36000}}' |
        "$KUBECTL_120" --kubeconfig "$folder/admin.kubeconfig" create -f - \
            --raw "/api/v1/namespaces/$namespace/serviceaccounts/$account/token" |
        sed -n 's/.*"token": *"\([^"]*\)".*/\1/p')"
    [[ -n $token ]] || fail "no token for the service account $namespace/$account"
    write_kubeconfig "$account" "token: $token"
}

[[ $# -ge 2 && -n $2 ]] || usage
if [[ $1 == start ]]; then mkdir -p "$2"; fi
folder="$(realpath -m "$2")"
case "$1/$#" in
start/2) start ;;
stop/2) stop ;;
kubeconfig/4) service_account_kubeconfig "$3" "$4" ;;
*) usage ;;
esac
