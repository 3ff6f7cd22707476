import StrictJSON

/// The defaults that the API server fills into a pod template.
///
/// - SeeAlso: Kubernetes, `pkg/apis/core/v1/defaults.go` and `zz_generated.defaults.go`.
public enum PodDefaults {
    /// Fills them into the `spec` of a pod or of a template.
    public static func apply(to spec: inout JSONObject) {
        spec.fill("dnsPolicy", "ClusterFirst")
        spec.fill("restartPolicy", "Always")
        spec.fill("schedulerName", "default-scheduler")
        spec.fillIfAbsent("terminationGracePeriodSeconds", 30)
        spec.fillIfAbsent("securityContext", .object(JSONObject()))
        // The deprecated name is a synonym that the server keeps in step.
        if let deprecated = spec.removeValue(forKey: "serviceAccount") {
            if spec.isUnset("serviceAccountName") { spec["serviceAccountName"] = deprecated }
        }
        let usesHostNetwork = spec["hostNetwork"]?.boolValue ?? false
        for list in ["containers", "initContainers", "ephemeralContainers"] {
            spec.updateElements(list) { container(&$0, usesHostNetwork: usesHostNetwork) }
        }
        spec.updateElements("volumes", volume)
    }

    private static func container(_ container: inout JSONObject, usesHostNetwork: Bool) {
        container.fill("terminationMessagePath", "/dev/termination-log")
        container.fill("terminationMessagePolicy", "File")
        let isLatest = ImageName.tag(of: container["image"]?.stringValue ?? "") == "latest"
        container.fill("imagePullPolicy", isLatest ? "Always" : "IfNotPresent")
        container.updateElements("ports") { port in
            port.fill("protocol", "TCP")
            if usesHostNetwork, port["hostPort"]?.intValue ?? 0 == 0 { port["hostPort"] = port["containerPort"] }
        }
        for name in ["livenessProbe", "readinessProbe", "startupProbe"] { container.update(name, probe) }
        container.update("lifecycle") { lifecycle in
            for hook in ["postStart", "preStop"] { lifecycle.update(hook) { $0.update("httpGet", httpGet) } }
        }
        container.updateElements("env") { variable in
            variable.update("valueFrom") { source in
                source.update("fieldRef") { $0.fill("apiVersion", "v1") }
                source.update("resourceFieldRef", resourceFieldRef)
            }
        }
    }

    private static func probe(_ probe: inout JSONObject) {
        for (name, number) in [("timeoutSeconds", 1), ("periodSeconds", 10), ("successThreshold", 1), ("failureThreshold", 3)]
        where probe[name]?.intValue ?? 0 == 0 {
            probe[name] = .number(JSONNumber(number))
        }
        probe.update("httpGet", httpGet)
        probe.update("grpc") { $0.fillIfAbsent("service", "") }
    }

    private static func httpGet(_ action: inout JSONObject) {
        action.fill("path", "/")
        action.fill("scheme", "HTTP")
    }

    private static func resourceFieldRef(_ reference: inout JSONObject) {
        reference.fill("divisor", "0")
    }

    private static func downwardItem(_ item: inout JSONObject) {
        item.update("fieldRef") { $0.fill("apiVersion", "v1") }
        item.update("resourceFieldRef", resourceFieldRef)
    }

    private static func volume(_ volume: inout JSONObject) {
        let hasSource = volume.contains { $0.key != "name" && !$0.value.isNull && $0.value.arrayValue?.isEmpty != true }
        if !hasSource { volume["emptyDir"] = .object(JSONObject()) }
        for source in ["secret", "configMap"] { volume.update(source) { $0.fillIfAbsent("defaultMode", 0o644) } }
        volume.update("downwardAPI") { source in
            source.fillIfAbsent("defaultMode", 0o644)
            source.updateElements("items", downwardItem)
        }
        volume.update("projected") { source in
            source.fillIfAbsent("defaultMode", 0o644)
            source.updateElements("sources") { projection in
                projection.update("serviceAccountToken") { $0.fillIfAbsent("expirationSeconds", 3600) }
                projection.update("downwardAPI") { $0.updateElements("items", downwardItem) }
            }
        }
        volume.update("hostPath") { $0.fillIfAbsent("type", "") }
        volume.update("ephemeral") { $0.update("volumeClaimTemplate") { $0.update("spec") { $0.fillIfAbsent("volumeMode", "Filesystem") } } }
        volume.update("iscsi") { $0.fill("iscsiInterface", "default") }
        volume.update("rbd") { source in
            source.fill("pool", "rbd")
            source.fill("user", "admin")
            source.fill("keyring", "/etc/ceph/keyring")
        }
        volume.update("azureDisk") { source in
            source.fillIfAbsent("cachingMode", "ReadWrite")
            source.fillIfAbsent("fsType", "ext4")
            source.fillIfAbsent("kind", "Shared")
        }
        volume.update("scaleIO") { source in
            source.fill("storageMode", "ThinProvisioned")
            source.fill("fsType", "xfs")
        }
    }
}

/// The parts of an image reference that matter for its pull policy.
enum ImageName {
    /// The tag: `latest` when neither tag nor digest is given, empty when only a digest is.
    static func tag(of image: String) -> String {
        let name = image.prefix { $0 != "@" }
        let lastSegment = name.split(separator: "/", omittingEmptySubsequences: false).last ?? ""
        if let colon = lastSegment.firstIndex(of: ":") { return String(lastSegment[lastSegment.index(after: colon)...]) }
        return name.count == image.count ? "latest" : ""
    }
}

extension JSONObject {
    fileprivate func isUnset(_ key: String) -> Bool {
        guard let value = self[key] else { return true }
        return value.isNull || value.stringValue == ""
    }

    /// Sets a string field whose empty value means absent.
    fileprivate mutating func fill(_ key: String, _ value: String) {
        if isUnset(key) { self[key] = .string(value) }
    }

    /// Sets a field whose empty value means something.
    fileprivate mutating func fillIfAbsent(_ key: String, _ value: JSONValue) {
        if self[key]?.isNull ?? true { self[key] = value }
    }

    fileprivate mutating func update(_ key: String, _ change: (inout JSONObject) -> Void) {
        guard case .object(var object)? = self[key] else { return }
        change(&object)
        self[key] = .object(object)
    }

    fileprivate mutating func updateElements(_ key: String, _ change: (inout JSONObject) -> Void) {
        guard case .array(let elements)? = self[key] else { return }
        self[key] = .array(elements.map { element in
            guard case .object(var object) = element else { return element }
            change(&object)
            return .object(object)
        })
    }
}
