import KubeModel
import StrictJSON

/// What the real server's strategies and validation do with built-in kinds, as far as Sluice and its users meet it.
///
/// Their members and the types of those stand in `BuiltInTypes`.
enum BuiltInRules {
    /// Sets what only the server knows.
    ///
    /// - Parameter version: of the store, from which a Service takes an address that no other has.
    static func prepareForCreate(_ object: inout JSONValue, _ storage: StorageID, version: Int64) {
        switch (storage.group, storage.plural) {
        case ("", "namespaces"):
            object["status"] = ["phase": "Active"]
        case ("", "pods"):
            object["status"] = ["phase": "Pending", "qosClass": "BestEffort"]
        case ("", "services"):
            object["status"] = ["loadBalancer": [:]]
            guard object.at("spec", "type") != "ExternalName" else { return }
            if (object.at("spec", "clusterIP")?.stringValue ?? "").isEmpty {
                object.set(.string("10.96.\(version >> 8 & 255).\(version & 255)"), at: ["spec", "clusterIP"])
            }
            object.set([object.at("spec", "clusterIP") ?? ""], at: ["spec", "clusterIPs"])
        case ("apps", "replicasets"):
            object["status"] = ["replicas": 0]
        case ("apps", "deployments"):
            object["status"] = [:]
        case ("batch", "jobs"):
            object["status"] = [:]
            guard object.at("spec", "manualSelector")?.boolValue != true else { return labelJob(&object) }
            let labels: [(String, String)] = [
                ("batch.kubernetes.io/controller-uid", object.uid), ("batch.kubernetes.io/job-name", object.name),
                ("controller-uid", object.uid), ("job-name", object.name),
            ]
            for (key, value) in labels where object.at("spec", "template", "metadata", "labels", key) == nil {
                object.set(.string(value), at: ["spec", "template", "metadata", "labels", key])
            }
            let key = "batch.kubernetes.io/controller-uid"
            if object.at("spec", "selector", "matchLabels", key) == nil {
                object.set(.string(object.uid), at: ["spec", "selector", "matchLabels", key])
            }
            labelJob(&object)
        default: break
        }
    }

    /// A Job without labels has those of its template.
    private static func labelJob(_ job: inout JSONValue) {
        guard job.labels.isEmpty, let labels = job.at("spec", "template", "metadata", "labels") else { return }
        job.set(labels, at: ["metadata", "labels"])
    }

    /// Keeps what an update may leave out.
    static func prepareForUpdate(_ object: inout JSONValue, replacing old: JSONValue, _ storage: StorageID) {
        switch (storage.group, storage.plural) {
        case ("", "services"):
            for member in ["clusterIP", "clusterIPs"] where object.at("spec", member) == nil {
                object.set(old.at("spec", member), at: ["spec", member])
            }
        case ("batch", "jobs"): labelJob(&object)
        case ("", "namespaces"):
            object["spec"] = old["spec"]
        default: break
        }
    }

    /// What is wrong with an object, or with the change from `old`.
    static func errors(_ object: JSONValue, replacing old: JSONValue?, _ storage: StorageID) -> [FieldError] {
        switch (storage.group, storage.plural) {
        case ("", "pods"): podErrors(object, old)
        case ("", "services"): serviceErrors(object, old)
        case ("", "events"): eventErrors(object)
        case ("apps", "replicasets"): WorkloadRules.replicaSetErrors(object, old)
        case ("apps", "deployments"): WorkloadRules.deploymentErrors(object, old)
        case ("batch", "jobs"): WorkloadRules.jobErrors(object, old)
        case ("discovery.k8s.io", "endpointslices"): sliceErrors(object, old)
        case ("coordination.k8s.io", "leases"): leaseErrors(object)
        case ("", "secrets"): immutable("type", object["type"], old.map { $0["type"] })
        default: []
        }
    }

    private static func immutable(_ field: String, _ new: JSONValue?, _ old: JSONValue??) -> [FieldError] {
        guard let old, old != new else { return [] }
        return [.invalid(field, (new ?? .null).text(), "field is immutable")]
    }

    private static func podErrors(_ pod: JSONValue, _ old: JSONValue?) -> [FieldError] {
        guard let old else { return containerErrors(pod["spec"], at: "spec") }
        func fixed(_ pod: JSONValue) -> JSONValue {
            var spec = pod["spec"] ?? [:]
            for member in ["activeDeadlineSeconds", "terminationGracePeriodSeconds", "tolerations", "schedulingGates"] { spec[member] = nil }
            for list in ["containers", "initContainers"] {
                guard let containers = spec[list]?.arrayValue else { continue }
                spec[list] = .array(containers.map { container in
                    var container = container
                    container["image"] = nil
                    return container
                })
            }
            return spec
        }
        guard fixed(pod) != fixed(old) else { return [] }
        return [
            .forbidden(
                "spec",
                "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,"
                    + "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),"
                    + "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)")
        ]
    }

    static func containerErrors(_ spec: JSONValue?, at field: String) -> [FieldError] {
        let containers = spec?["containers"]?.arrayValue ?? []
        if containers.isEmpty { return [.required("\(field).containers")] }
        var errors: [FieldError] = []
        var names: Set<String> = []
        for (index, container) in containers.enumerated() {
            let path = "\(field).containers[\(index)]"
            let name = container["name"]?.stringValue ?? ""
            if name.isEmpty { errors.append(.required("\(path).name")) }
            else if !names.insert(name).inserted {
                errors.append(FieldError(reason: "FieldValueDuplicate", field: "\(path).name", message: "Duplicate value: \"\(name)\""))
            } else { errors += NameRule.label.complaints(about: name).map { .invalid("\(path).name", "\"\(name)\"", $0) } }
            if (container["image"]?.stringValue ?? "").isEmpty { errors.append(.required("\(path).image")) }
        }
        return errors
    }

    private static func serviceErrors(_ service: JSONValue, _ old: JSONValue?) -> [FieldError] {
        var errors: [FieldError] = []
        let type = service.at("spec", "type")?.stringValue ?? ""
        let types = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"]
        if !types.contains(type) { errors.append(.unsupported("spec.type", type, supported: types)) }
        let ports = service.at("spec", "ports")?.arrayValue ?? []
        if ports.isEmpty, type != "ExternalName", service.at("spec", "clusterIP") != "None" { errors.append(.required("spec.ports")) }
        for (index, port) in ports.enumerated() {
            let number = port["port"] ?? 0
            if !(1...65535).contains(number.intValue ?? 0) {
                errors.append(.invalid("spec.ports[\(index)].port", number.text(), "must be between 1 and 65535, inclusive"))
            }
            if let target = port["targetPort"], let count = target.int64Value, !(1...65535).contains(count) {
                errors.append(.invalid("spec.ports[\(index)].targetPort", target.text(), "must be between 1 and 65535, inclusive"))
            }
            if ports.count > 1, (port["name"]?.stringValue ?? "").isEmpty { errors.append(.required("spec.ports[\(index)].name")) }
        }
        if let before = old?.at("spec", "clusterIP"), type != "ExternalName", let after = service.at("spec", "clusterIP"), after != before {
            errors.append(.invalid("spec.clusterIPs[0]", after.text(), "may not change once set"))
        }
        return errors
    }

    private static func eventErrors(_ event: JSONValue) -> [FieldError] {
        let namespace = event.at("involvedObject", "namespace")?.stringValue ?? ""
        if namespace.isEmpty ? event.namespace == "default" || event.namespace == "kube-system" : namespace == event.namespace { return [] }
        return [.invalid("involvedObject.namespace", "\"\(namespace)\"", "does not match event.namespace")]
    }

    private static func sliceErrors(_ slice: JSONValue, _ old: JSONValue?) -> [FieldError] {
        let type = slice["addressType"]?.stringValue ?? ""
        if type.isEmpty { return [.required("addressType")] }
        let types = ["FQDN", "IPv4", "IPv6"]
        let unknown: [FieldError] = types.contains(type) ? [] : [.unsupported("addressType", type, supported: types)]
        return unknown + immutable("addressType", slice["addressType"], old.map { $0["addressType"] })
    }

    private static func leaseErrors(_ lease: JSONValue) -> [FieldError] {
        var errors: [FieldError] = []
        if let seconds = lease.at("spec", "leaseDurationSeconds"), (seconds.intValue ?? 0) <= 0 {
            errors.append(.invalid("spec.leaseDurationSeconds", seconds.text(), "must be greater than 0"))
        }
        if let transitions = lease.at("spec", "leaseTransitions"), (transitions.intValue ?? -1) < 0 {
            errors.append(.invalid("spec.leaseTransitions", transitions.text(), "must be greater than or equal to 0"))
        }
        return errors
    }
}
