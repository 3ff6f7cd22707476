import StrictJSON

extension ReplicaSet {
    public static func pull(_ reader: inout JSONReader, _ memory: inout ReadingMemory) throws(JSONError) -> ReplicaSet? {
        var metadata = ObjectMeta(name: "")
        var replicas: Int?
        var minReadySeconds = 0
        var selector = LabelSelector()
        var template: PodTemplateSummary?
        var status = Status()
        try reader.readMembers { key, reader throws(JSONError) in
            switch key {
            case "metadata": metadata = try ObjectMeta(&reader)
            case "spec":
                try reader.readMembers { key, reader throws(JSONError) in
                    switch key {
                    case "replicas": replicas = try reader.int()
                    case "minReadySeconds": minReadySeconds = try reader.int()
                    case "selector": selector = try LabelSelector(&reader)
                    case "template": template = try PodTemplateSummary(&reader, &memory)
                    default: break
                    }
                }
            case "status": status = try Status(&reader)
            default: break
            }
        }
        return ReplicaSet(
            metadata: metadata, replicas: replicas, minReadySeconds: minReadySeconds, selector: selector,
            summary: template ?? PodTemplate(raw: .object(JSONObject())).summary, status: status)
    }
}

extension ReplicaSet.Status {
    fileprivate init(_ reader: inout JSONReader) throws(JSONError) {
        self.init()
        try reader.readMembers { key, reader throws(JSONError) in
            switch key {
            case "replicas": replicas = try reader.int()
            case "readyReplicas": readyReplicas = try reader.int()
            case "availableReplicas": availableReplicas = try reader.int()
            case "observedGeneration": observedGeneration = try reader.int64()
            case "conditions": conditions = try Condition.list(&reader)
            default: break
            }
        }
    }
}

extension PodTemplateSummary {
    /// What a template means is only seen in its tree; the tree is made when the digest of the text is not known.
    fileprivate init(_ reader: inout JSONReader, _ memory: inout ReadingMemory) throws(JSONError) {
        guard reader.nextKind == .object else { throw reader.error("expected an object") }
        let text = try reader.raw()
        var part = JSONReader(text)
        self = try memory.summary(try part.digestOfNextValue()) { () throws(JSONError) -> PodTemplateSummary in
            PodTemplate(raw: try JSONValue(parsing: text)).summary
        }
    }
}

extension Pod {
    public static func pull(_ reader: inout JSONReader, _ memory: inout ReadingMemory) throws(JSONError) -> Pod? {
        var pod = Pod(metadata: ObjectMeta(name: ""))
        try reader.readMembers { key, reader throws(JSONError) in
            switch key {
            case "metadata": pod.metadata = try ObjectMeta(&reader)
            case "status":
                try reader.readMembers { key, reader throws(JSONError) in
                    switch key {
                    case "phase": pod.phase = Phase(try reader.string())
                    case "conditions": pod.conditions = try Condition.list(&reader)
                    default: break
                    }
                }
            default: break
            }
        }
        return pod
    }
}

extension EndpointSlice {
    public static func pull(_ reader: inout JSONReader, _ memory: inout ReadingMemory) throws(JSONError) -> EndpointSlice? {
        var slice = EndpointSlice(metadata: ObjectMeta(name: ""), readyPods: [])
        try reader.readMembers { key, reader throws(JSONError) in
            switch key {
            case "metadata": slice.metadata = try ObjectMeta(&reader)
            case "endpoints":
                try reader.readArray { reader throws(JSONError) in
                    if let pod = try readyPod(&reader) { slice.readyPods.insert(pod) }
                }
            default: break
            }
        }
        return slice
    }

    /// The pod behind an endpoint; nil where it is not ready, or no pod.
    private static func readyPod(_ reader: inout JSONReader) throws(JSONError) -> String? {
        var isReady = true
        var kind = ""
        var name: String?
        try reader.readMembers { key, reader throws(JSONError) in
            switch key {
            case "conditions":
                try reader.readMembers { key, reader throws(JSONError) in
                    if key == "ready" { isReady = try reader.bool() }
                }
            case "targetRef":
                try reader.readMembers { key, reader throws(JSONError) in
                    switch key {
                    case "kind": kind = try reader.string()
                    case "name": name = try reader.string()
                    default: break
                    }
                }
            default: break
            }
        }
        return isReady && kind == "Pod" ? name : nil
    }
}

extension Service {
    public static func pull(_ reader: inout JSONReader, _ memory: inout ReadingMemory) throws(JSONError) -> Service? {
        var service = Service(metadata: ObjectMeta(name: ""))
        try reader.readMembers { key, reader throws(JSONError) in
            switch key {
            case "metadata": service.metadata = try ObjectMeta(&reader)
            case "spec":
                try reader.readMembers { key, reader throws(JSONError) in
                    switch key {
                    case "selector": service.selector = try reader.labels()
                    case "ports": service.ports = try reader.array { reader throws(JSONError) in try Port(&reader) }
                    default: break
                    }
                }
            default: break
            }
        }
        return service
    }
}

extension Service.Port {
    fileprivate init(_ reader: inout JSONReader) throws(JSONError) {
        self.init(port: 0)
        try reader.readMembers { key, reader throws(JSONError) in
            switch key {
            case "name": name = try reader.sharedString()
            case "port": port = try reader.int()
            case "protocol": transportProtocol = try reader.string()
            default: break
            }
        }
    }
}
