#!/usr/bin/env bash
# Provides the real programs that the end-to-end tests run against: etcd, Prometheus, kubectl,
# kube-apiserver and kube-controller-manager. Everything is unpacked or built below the user's
# cache folder; nothing is installed, and neither root nor a running service is needed.
#
#   provide.sh             what is missing is fetched and built; `NAME=path` lines on stdout
#   provide.sh --refresh   also looks for newer versions of what is there
#
# README.md beside this file tells about the cache and the environment variables.
set -euo pipefail
umask 022

# Raised when a change below makes an old build unfit for use.
readonly recipe=3
readonly kubernetes_version=1.20.2
readonly kubernetes_commit=faecb196815e248d3ecfb03c680a4507229c2a56
readonly go_package=golang-1.19

readonly parts="${XDG_CACHE_HOME:-${HOME:?HOME or XDG_CACHE_HOME must be set}/.cache}/sluice/parts"
readonly assets="${KUBEBUILDER_ASSETS:-}"
readonly build_log="$parts/kubernetes-build.log"
work=""
build_group=""
index_is_fresh=""

say() { printf 'parts: %s\n' "$*" >&2; }

fail() {
    printf 'parts: error: %s\n' "$*" >&2
    exit 1
}

clean_up() {
    if [[ -n $build_group ]]; then
        kill -KILL -- "-$build_group" 2>/dev/null || true
        # Collected here, so that the shell does not report it.
        wait "$build_group" 2>/dev/null || true
    fi
    if [[ -n $work ]]; then
        rm -rf -- "$work"
    fi
}

# Runs a command whose output matters only when it fails.
quietly() {
    local log="$work/command.log"
    if ! "$@" >"$log" 2>&1 </dev/null; then
        tail -n 40 "$log" >&2
        return 1
    fi
}

# MARK: - Debian packages, with apt's state in the cache

# Writes the machine's own entries for its distribution to a source list of ours that also names
# source packages, which are usually off. Entries of other parties are left out: they hold none of
# the parts, and may not be reachable.
write_source_list() {
    local codename main_list="" parts_dir="" files=() file
    # shellcheck disable=SC1091
    codename="$(. /etc/os-release && printf '%s' "${VERSION_CODENAME:-}")"
    [[ -n $codename ]] || fail "/etc/os-release names no VERSION_CODENAME; the parts come from Debian's packages"
    eval "$(apt-config shell main_list Dir::Etc::sourcelist/f parts_dir Dir::Etc::sourceparts/d)"
    for file in "$main_list" "${parts_dir%/}"/*.list "${parts_dir%/}"/*.sources; do
        if [[ -f $file ]]; then files+=("$file"); fi
    done
    [[ ${#files[@]} -gt 0 ]] || fail "apt has no source list on this machine"
    # The outcome is one paragraph per entry in apt's deb822 form.
    awk -v codename="$codename" '
        function ours(suite) {
            sub(/\/$/, "", suite)
            return suite ~ ("^(" codename "|stable|oldstable)([-/](updates|security))?$")
        }
        function end_paragraph(    i, n, names, kept) {
            if (suites != "" && enabled) {
                n = split(suites, names, /[ \t]+/)
                for (i = 1; i <= n; i++) if (names[i] != "" && ours(names[i])) kept = kept " " names[i]
                if (kept != "") printf "Types: deb deb-src\nSuites:%s\n%s\n", kept, body
            }
            suites = ""; body = ""; field = ""; enabled = 1
        }
        FNR == 1 { end_paragraph() }
        FILENAME ~ /\.sources$/ {
            if ($0 ~ /^[ \t]*$/) { end_paragraph(); next }
            if ($0 ~ /^#/) next
            if ($0 ~ /^[^ \t]/) { field = tolower($0); sub(/:.*/, "", field) }
            value = $0
            sub(/^[^ \t:]*:/, "", value)
            if (field == "types") next
            if (field == "enabled") { if (tolower(value) ~ /no|false|0/) enabled = 0; next }
            if (field == "suites") { suites = suites " " value; next }
            body = body $0 "\n"
            next
        }
        $1 == "deb" {
            line = $0
            sub(/#.*/, "", line)
            sub(/^[ \t]*deb[ \t]+/, "", line)
            if (line ~ /^\[/) {
                options = substr(line, 2, index(line, "]") - 2)
                line = substr(line, index(line, "]") + 1)
                count = split(options, pairs, /[ \t]+/)
                for (i = 1; i <= count; i++) if (split(pairs[i], pair, "=") == 2) {
                    gsub(",", " ", pair[2])
                    if (pair[1] == "signed-by") body = body "Signed-By: " pair[2] "\n"
                    if (pair[1] == "trusted") body = body "Trusted: " pair[2] "\n"
                    if (pair[1] == "check-valid-until") body = body "Check-Valid-Until: " pair[2] "\n"
                }
            }
            count = split(line, words, /[ \t]+/)
            first = (words[1] == "") ? 2 : 1
            suites = words[first + 1]
            components = ""
            for (i = first + 2; i <= count; i++) components = components " " words[i]
            body = body "URIs: " words[first] "\nComponents:" components "\n"
            end_paragraph()
        }
        END { end_paragraph() }
    ' "${files[@]}" >"$parts/apt/parts.sources.new"
    [[ -s $parts/apt/parts.sources.new ]] ||
        fail "no entry for $codename in ${files[*]}; the parts come from the packages of Debian 12"
    if ! cmp -s "$parts/apt/parts.sources.new" "$parts/apt/parts.sources"; then
        rm -rf "$parts/apt/state" "$parts/apt/cache"
    fi
    mv -f "$parts/apt/parts.sources.new" "$parts/apt/parts.sources"
    mkdir -p "$parts/apt/state/lists/partial" "$parts/apt/cache/archives/partial"
    touch "$parts/apt/state/status"
}

apt_get() {
    apt-get -q -y \
        -o Dir::Etc::sourcelist="$parts/apt/parts.sources" -o Dir::Etc::sourceparts=- \
        -o Dir::State="$parts/apt/state" -o Dir::State::status="$parts/apt/state/status" \
        -o Dir::Cache="$parts/apt/cache" -o Acquire::Languages=none -o APT::Sandbox::User=root \
        "$@"
}

update_index() {
    say "reading the package index"
    quietly apt_get update || fail "apt-get update did not work (its output is above)"
    index_is_fresh=yes
}

# fetch FOLDER download|source PACKAGE…: puts the files of the packages into the folder.
fetch() {
    local folder="$1" verb=("$2") packages=("${@:3}")
    if [[ ${verb[0]} == source ]]; then verb=(source --download-only); fi
    mkdir -p "$folder"
    if [[ -z $index_is_fresh ]] && ! compgen -G "$parts/apt/state/lists/*_Packages*" >/dev/null; then
        update_index
    fi
    say "fetching ${packages[*]}"
    if (cd "$folder" && quietly apt_get "${verb[@]}" "${packages[@]}"); then return; fi
    # An index that has been lying about may name files that the archive no longer has.
    if [[ -z $index_is_fresh ]]; then
        update_index
        if (cd "$folder" && quietly apt_get "${verb[@]}" "${packages[@]}"); then return; fi
    fi
    fail "apt could not fetch ${packages[*]} (its output is above)"
}

# The version of a package file, fit for the name of a folder.
version_of_package() { dpkg-deb -f "$1" Version | tr -c 'A-Za-z0-9.+~\n-' '_'; }

# MARK: - The cache

# have NAME PROGRAM…: whether the current folder of that name holds these programs.
have() {
    local name="$1" program
    for program in "${@:2}"; do
        [[ -x $parts/current/$name/bin/$program ]] || return 1
    done
}

# make_current KEY NAME: lets the name stand for the folder of that key. A rename, as all that others
# can see, so that nobody ever finds half of something.
make_current() {
    mkdir -p "$parts/current"
    ln -sfn "../$1" "$parts/current/.new"
    mv -fT "$parts/current/.new" "$parts/current/$2"
}

# publish STAGED KEY NAME: gives a finished folder its place, and makes it the current one.
publish() {
    local staged="$1" key="$2" name="$3" program
    for program in "$staged"/bin/*; do
        # What is there may be in use by a run that is going on: it is replaced only when broken.
        if [[ ! -x $parts/$key/bin/${program##*/} ]]; then
            rm -rf -- "${parts:?}/$key"
            mv -T "$staged" "$parts/$key"
            break
        fi
    done
    make_current "$key" "$name"
}

# debian_part NAME PACKAGE PROGRAM VERSION-ARGUMENT…: one program out of one package.
debian_part() {
    local name="$1" package="$2" program="$3" version_arguments=("${@:4}") deb
    fetch "$work/$name" download "$package"
    deb="$(compgen -G "$work/$name/${package}_*.deb")"
    dpkg-deb -x "$deb" "$work/$name/files"
    mkdir -p "$work/$name/staged/bin"
    cp "$work/$name/files/usr/bin/$program" "$work/$name/staged/bin/$program"
    quietly "$work/$name/staged/bin/$program" "${version_arguments[@]}" ||
        fail "$program of Debian's $package does not start on this machine (its output is above)"
    publish "$work/$name/staged" "$name-$(version_of_package "$deb")" "$name"
}

# MARK: - Kubernetes from source

build_kubernetes() {
    local source_package=kubernetes reflect=golang-github-modern-go-reflect2-dev
    local area="$work/kubernetes" root program tool status=0 key
    for tool in make tar find sed; do
        command -v "$tool" >/dev/null || fail "building kube-apiserver needs $tool"
    done
    fetch "$area" source "$source_package"
    fetch "$area" download "$go_package-go" "$go_package-src" "$reflect"
    local tarball=("$area/${source_package}"_*.orig.tar.gz) dsc=("$area/${source_package}"_*.dsc)
    local go_deb=("$area/$go_package-go"_*.deb) reflect_deb=("$area/${reflect}"_*.deb)
    [[ ${tarball[0]##*/} == *"$kubernetes_version"* ]] ||
        fail "the way of building is for Kubernetes $kubernetes_version, found ${tarball[0]##*/}; set KUBEBUILDER_ASSETS to a folder with kube-apiserver and kube-controller-manager instead"
    key="$(basename "${dsc[0]}" .dsc)-go$(version_of_package "${go_deb[0]}")"
    key+="-reflect2_$(version_of_package "${reflect_deb[0]}")-recipe$recipe"
    if [[ -x $parts/$key/bin/kube-apiserver && -x $parts/$key/bin/kube-controller-manager ]]; then
        make_current "$key" "kubernetes-$recipe"
        return
    fi

    mkdir -p "$area/source" "$area/staged/bin" "$area/home"
    tar -xzf "${tarball[0]}" -C "$area/source" --strip-components=1
    for program in "$area"/*.deb; do dpkg-deb -x "$program" "$area/go"; done
    root="$area/go/usr/lib/go-${go_package#golang-}"

    # The vendored reflect2 reaches into maps in a way that Go 1.18 changed: a server built with it
    # dies at random. Its later release does not.
    rm -rf "$area/source/vendor/github.com/modern-go/reflect2"
    cp -r "$area/go/usr/share/gocode/src/github.com/modern-go/reflect2" \
        "$area/source/vendor/github.com/modern-go/reflect2"
    # The vendored validation takes a value for null that it finds equal to the zero value of its type, and means to compare
    # two handles that never are equal. Since Go 1.18 those of empty strings are, and every "" in a custom resource is refused.
    local check='data == nil || reflect.DeepEqual(reflect.Zero(reflect.TypeOf(data)), reflect.ValueOf(data))'
    local validation="$area/source/vendor/k8s.io/kube-openapi/pkg/validation/validate/type.go"
    grep -qF "if $check {" "$validation" || fail "$validation is not as expected: no '$check' in it"
    sed -i "s/if ${check//./\\.} {/if data == nil {/" "$validation"
    # The build copies its own tools with rsync, which a machine need not have.
    grep -q 'rsync -pc {}' "$area/source/hack/lib/golang.sh" ||
        fail "hack/lib/golang.sh of the Kubernetes sources is not as expected: no 'rsync -pc {}' in it"
    sed -i 's/rsync -pc {}/cp -pu {}/' "$area/source/hack/lib/golang.sh"
    printf "KUBE_GIT_%s\n" "COMMIT='$kubernetes_commit'" "TREE_STATE='archive'" \
        "VERSION='v$kubernetes_version'" "MAJOR='1'" "MINOR='${kubernetes_version:2:2}'" \
        >"$area/version"

    say "building kube-apiserver and kube-controller-manager $kubernetes_version: about 5 minutes on two free cores (log: $build_log)"
    # A group of its own, so that an interrupted run takes the compilers with it; an environment of
    # its own, so that the user's settings for Go do not matter.
    setsid nice -n 10 env -i PATH="$root/bin:/usr/local/bin:/usr/bin:/bin" LC_ALL=C \
        HOME="$area/home" TMPDIR="$area/home" GOROOT="$root" GOCACHE="$area/go-cache" \
        ${GOMAXPROCS:+GOMAXPROCS="$GOMAXPROCS"} \
        GO111MODULE=off GOPROXY=off CGO_ENABLED=0 KUBE_GIT_VERSION_FILE="$area/version" \
        make -C "$area/source" all WHAT="cmd/kube-apiserver cmd/kube-controller-manager" \
        >"$build_log" 2>&1 </dev/null &
    build_group=$!
    wait "$build_group" || status=$?
    build_group=""
    if [[ $status -ne 0 ]]; then
        tail -n 60 "$build_log" >&2
        fail "the build of Kubernetes $kubernetes_version ended with status $status; the end of its log is above, all of it in $build_log"
    fi
    for program in kube-apiserver kube-controller-manager; do
        # The folder _output/bin is a link to the folder of this machine's platform.
        cp "$area/source/_output/bin/$program" "$area/staged/bin/$program"
        quietly "$area/staged/bin/$program" --version || fail "the new $program does not start (its output is above)"
    done
    publish "$area/staged" "$key" "kubernetes-$recipe"
}

# MARK: - What is there, and what is missing

# wanted_parts normal|refresh: the names of the parts that are not in the cache, or of all.
wanted_parts() {
    if [[ $1 == refresh ]]; then
        printf '%s\n' etcd prometheus kubectl-1.20
        if [[ -z $assets ]]; then echo kubernetes; fi
        return
    fi
    have etcd etcd || echo etcd
    have prometheus prometheus || echo prometheus
    have kubectl-1.20 kubectl || echo kubectl-1.20
    if [[ -z $assets ]]; then
        have "kubernetes-$recipe" kube-apiserver kube-controller-manager || echo kubernetes
    fi
}

fill_cache() {
    local wanted tool part
    for tool in apt-get apt-config dpkg-deb flock awk; do
        command -v "$tool" >/dev/null || fail "$tool is needed: the parts are packages of Debian 12"
    done
    mkdir -p "$parts/apt"
    # Held until the end of this script; a second run waits here, and then finds everything.
    exec 9>"$parts/lock"
    if ! flock -n 9; then
        say "waiting for another run that is filling $parts"
        flock 9
    fi
    # Only the holder of the lock makes such folders: any that are there belong to nobody any more.
    rm -rf "$parts"/.work.*
    mapfile -t wanted < <(wanted_parts "$1")
    if [[ ${#wanted[@]} -gt 0 ]]; then
        work="$(mktemp -d "$parts/.work.XXXXXX")"
        write_source_list
        if [[ $1 == refresh ]]; then update_index; fi
        for part in "${wanted[@]}"; do
            case "$part" in
            etcd) debian_part etcd etcd-server etcd --version ;;
            prometheus) debian_part prometheus prometheus prometheus --version ;;
            kubectl-1.20) debian_part kubectl-1.20 kubernetes-client kubectl version --client ;;
            kubernetes) build_kubernetes ;;
            esac
        done
        rm -rf -- "$work"
        work=""
    fi
    exec 9>&-
}

# program NAME PROGRAM: its path under the key, which stays when a newer version becomes current.
program() { printf '%s/bin/%s' "$(realpath "$parts/current/$1")" "$2"; }

# first_version PROGRAM ARGUMENT…: the first thing like a version in what the program prints.
first_version() {
    local output
    output="$("$@" 2>&1)" || fail "$* ended with an error: $output"
    [[ $output =~ v?[0-9]+\.[0-9]+\.[0-9]+[^\"\ ,\)]* ]] || fail "$* printed no version: $output"
    printf '%s' "${BASH_REMATCH[0]%%[[:space:]]*}"
}

# report KEY PATH ARGUMENT…: one line for programs, one for people.
report() {
    local key="$1" path="$2" version
    version="$(first_version "$path" "${@:3}")"
    printf 'parts: %-24s %-12s %s\n' "$key" "$version" "$path" >&2
    printf '%s=%s\n' "$key" "$path"
}

main() {
    local mode=normal etcd apiserver manager kubectl kubectl_120
    case "${1:-}" in
    "") ;;
    --refresh) mode=refresh ;;
    *) fail "unknown argument $1; usage: provide.sh [--refresh]" ;;
    esac
    trap clean_up EXIT
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 143' TERM

    if [[ -n $assets ]]; then
        for program in kube-apiserver kube-controller-manager; do
            [[ -x $assets/$program ]] ||
                fail "KUBEBUILDER_ASSETS is $assets, and there is no $program in it; put one of the same version there, or unset the variable to have both built from source"
        done
    fi
    if [[ -n "$(wanted_parts "$mode")" ]]; then
        fill_cache "$mode"
    fi

    etcd="$(program etcd etcd)"
    kubectl_120="$(program kubectl-1.20 kubectl)"
    kubectl="$(command -v kubectl || true)"
    if [[ -n $assets ]]; then
        apiserver="$assets/kube-apiserver"
        manager="$assets/kube-controller-manager"
        # A server is best served by the etcd that it was released with.
        if [[ -x $assets/etcd ]]; then etcd="$assets/etcd"; fi
        if [[ -z $kubectl && -x $assets/kubectl ]]; then kubectl="$assets/kubectl"; fi
    else
        apiserver="$(program "kubernetes-$recipe" kube-apiserver)"
        manager="$(program "kubernetes-$recipe" kube-controller-manager)"
    fi
    report ETCD "$etcd" --version
    report PROMETHEUS "$(program prometheus prometheus)" --version
    report KUBE_APISERVER "$apiserver" --version
    report KUBE_CONTROLLER_MANAGER "$manager" --version
    report KUBECTL "${kubectl:-$kubectl_120}" version --client
    report KUBECTL_120 "$kubectl_120" version --client
}

main "$@"
