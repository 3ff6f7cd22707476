import Clockwork
import HTTPTypes
import KubeModel
import StrictJSON

/// The API as a state machine: requests go in one after the other, each with its time, and answers come out.
///
/// Nothing in it waits. What must wait, a watch with nothing to tell, is handed out as a cursor that the actor around it reads on.
struct APIMachine: Sendable {
    var registry = ResourceRegistry(BuiltInResources.all)
    var store: ObjectStore
    var random: SeededGenerator
    var garbage = GarbageState()
    let settings: ServerSettings
    /// Kinds that were written since the actor last looked, so that it wakes their watches.
    var touched: Set<StorageID> = []
    var requests = RequestLog()
    var observer: WriteObserver?
    var authorizer: AccessAuthorizer?
    /// On whose behalf the current write happens.
    var writer = "embedded-api-server"
    var now: Timestamp

    /// An API with the namespaces that every cluster starts with.
    init(random: SeededGenerator, settings: ServerSettings, now: Timestamp) {
        self.random = random
        self.settings = settings
        self.now = now
        store = ObjectStore(historyLimit: settings.historyLimit)
    }

    /// What a request leads to.
    enum Reply: Sendable {
        case response(APIResponse)
        case watch(WatchCursor)
    }

    /// Answers one request.
    mutating func respond(to request: APIRequest, now: Timestamp) -> Reply {
        self.now = now
        do {
            return try dispatch(request)
        } catch {
            return .response(Self.response(error))
        }
    }

    private mutating func dispatch(_ request: APIRequest) throws(APIFailure) -> Reply {
        guard request.body.count <= Self.bodyLimit else {
            throw APIFailure(413, "RequestEntityTooLarge", "Request entity too large: limit is \(Self.bodyLimit)")
        }
        var path = request.path
        while path.hasSuffix("/") { path.removeLast() }
        let segments = path.split(separator: "/").map { percentDecoded($0) }
        if let document = try discovery(path: path, segments: segments, request) { return .response(document) }
        if let review = try accessReview(segments, request) { return .response(review) }
        guard let target = RequestTarget(segments: segments, registry: registry) else {
            if let failure = unknownTarget(segments) { throw failure }
            return .response(APIResponse(status: 404, contentType: "text/plain; charset=utf-8", bytes: Array("404 page not found\n".utf8)))
        }
        guard let verb = RequestVerb(request.method, target, query: request.query) else {
            throw .methodNotAllowed(request.method, target)
        }
        writer = request.headers[.userAgent] ?? ""
        let entry = requests.begin(verb, target, userAgent: writer, at: now)
        do {
            try authorize(verb, target, userAgent: writer)
            let reply = try answer(verb, target, request)
            requests.end(entry, code: reply.status)
            return reply
        } catch {
            requests.end(entry, code: error.code)
            throw error
        }
    }

    /// Why nothing is served at a path; nil where the real server answers no Status, but a text.
    private func unknownTarget(_ segments: [String]) -> APIFailure? {
        guard segments.first == "api" || segments.first == "apis" else { return nil }
        if segments.first == "apis", segments.count > 1, !BuiltInResources.groups.contains(segments[1]) {
            // A subresource that a custom kind does not have, or what lies deeper still.
            var named = segments.dropLast()
            while named.count > 3 {
                if let target = RequestTarget(segments: Array(named), registry: registry), target.subresource == nil {
                    return target.name.map { .notFound(target.definition, $0) }
                }
                named.removeLast()
            }
            return nil
        }
        return .unknownResource()
    }

    private mutating func answer(_ verb: RequestVerb, _ target: RequestTarget, _ request: APIRequest) throws(APIFailure) -> Reply {
        let form: AnswerForm
        do {
            form = try AnswerForm(accept: request.headers[.accept], query: request.query)
        } catch {
            if target.definition.isCustom { throw error }
            // Built-in kinds never see such a request.
            throw APIFailure(406, "NotAcceptable", "406: Not Acceptable", details: [:])
        }
        switch verb {
        case .get: return .response(respond(try get(target, request.query), as: form, target))
        case .list: return .response(respond(try list(target, request.query), as: form, target))
        case .watch: return .watch(try watch(target, request.query, form))
        case .create:
            let answer =
                switch target.subresource {
                case "eviction": try evict(target, request)
                case "binding": try bind(target, request)
                default: try create(target, request)
                }
            return .response(respond(answer, as: form, target))
        case .update: return .response(respond(try update(target, request), as: form, target))
        case .patch: return .response(respond(try patch(target, request), as: form, target))
        case .delete: return .response(respond(try delete(target, request), as: form, target))
        case .deletecollection: return .response(respond(try deleteCollection(target, request), as: form, target))
        }
    }

    /// Stores or removes an object, tells the observer, and notes what garbage collection has to look at.
    ///
    /// - Returns: the object as stored, or the removed one under its last version.
    @discardableResult
    mutating func commit(_ definition: ServedResource, _ key: String, _ new: JSONValue?) -> JSONValue {
        let change = store.commit(definition.storage, key, new)
        touched.insert(definition.storage)
        garbage.note(change)
        if definition.storage == .definitions { definitionChanged(change) }
        let object = change.new ?? change.removed ?? .null
        if let observer {
            let stored = registry.definition(of: definition.storage) ?? definition
            let write = CommittedWrite(
                verb: change.new == nil ? .delete : change.old == nil ? .create : .update, resource: stored.resource,
                key: ObjectKey(namespace: object.namespace, name: object.name), resourceVersion: change.version,
                old: change.old, new: change.new, userAgent: writer, at: now)
            observer(write, ServerState(store: store, registry: registry))
        }
        return object
    }

    /// The largest body that the real server reads.
    private static let bodyLimit = 3 << 20
}

/// An object to answer with, and how.
struct Answer: Sendable {
    var object: JSONValue
    var status = 200
    /// Texts of `Warning` headers.
    var warnings: [String] = []
}

extension APIMachine {
    static func response(_ failure: APIFailure) -> APIResponse {
        var response = APIResponse(status: failure.code, contentType: "application/json", bytes: line(failure.json))
        if let seconds = failure.details?["retryAfterSeconds"]?.intValue { response.headers[.retryAfter] = String(seconds) }
        return response
    }

    /// Writes `answer` in the form that the client asked for.
    func respond(_ answer: Answer, as form: AnswerForm, _ target: RequestTarget) -> APIResponse {
        var object = answer.object
        if let table = form.table, object["kind"]?.stringValue != "Status", target.subresource != "scale" {
            object = tabulated(object, target.definition, table)
        }
        var bytes = object.serialized(form.isPretty ? .pretty : .compact)
        bytes.append(UInt8(ascii: "\n"))
        var response = APIResponse(status: answer.status, contentType: "application/json", bytes: bytes)
        for warning in answer.warnings {
            let text = warning.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
            response.headers.append(HTTPField(name: .warning, value: "299 - \"\(text)\""))
        }
        return response
    }

    static func line(_ json: JSONValue) -> [UInt8] {
        var bytes = json.serialized()
        bytes.append(UInt8(ascii: "\n"))
        return bytes
    }
}

extension APIMachine.Reply {
    fileprivate var status: Int {
        switch self {
        case .response(let response): response.status
        case .watch: 200
        }
    }
}

extension HTTPField.Name {
    fileprivate static let warning: HTTPField.Name = {
        guard let name = HTTPField.Name("Warning") else { preconditionFailure("Warning is a token") }
        return name
    }()
}

/// In which form the client wants its answer.
struct AnswerForm: Sendable {
    var table: TableForm?
    var isPretty: Bool

    /// The first of the accepted media types that this server writes.
    ///
    /// - Throws: 406, where there is none.
    init(accept: String?, query: APIQuery) throws(APIFailure) {
        isPretty = query["pretty"].map { !["0", "false"].contains($0) } ?? false
        guard let accept, !accept.isEmpty else { return }
        for range in accept.split(separator: ",") {
            let parts = range.split(separator: ";").map { String($0).trimmingSpaces.lowercased() }
            guard let type = parts.first, ["application/json", "application/*", "*/*"].contains(type) else { continue }
            guard let form = parts.first(where: { $0.hasPrefix("as=") }) else { return }
            guard form == "as=table", parts.contains("g=meta.k8s.io") else { continue }
            guard let version = parts.first(where: { $0 == "v=v1" || $0 == "v=v1beta1" }) else { continue }
            table = TableForm(version: String(version.dropFirst(2)), includeObject: query["includeObject"] ?? "Metadata")
            return
        }
        throw .notAcceptable()
    }
}
