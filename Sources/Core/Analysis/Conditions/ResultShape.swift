import Expression
import RolloutModel
import StrictJSON

/// A form that the result of a provider can have, before anything is measured.
public struct ResultShape: Sendable, Equatable {
    /// With an article: `a vector`.
    public var name: String
    /// The type of `result`.
    public var type: ExpressionType
    /// Whether this form is the rule, so that a condition that is wrong for it deserves a warning.
    public var isUsual: Bool

    init(_ name: String, _ type: ExpressionType, isUsual: Bool = false) {
        self.name = name
        self.type = type
        self.isUsual = isUsual
    }

    /// The forms that the result of a metric can have; none where its provider looks at no conditions, or where there is no provider.
    public static func all(of metric: AnalysisMetric) -> [ResultShape] {
        guard let name = providerNames(of: metric).first else { return [] }
        let provider = metric.provider[name]
        switch ProviderMember(rawValue: name) {
        case .prometheus:
            if provider?["rangeQuery"]?.objectValue != nil { return [ResultShape("a matrix (the samples of all series)", .vector, isUsual: true)] }
            return prometheus(query: provider?["query"]?.stringValue ?? "")
        case .web: return web(path: provider?["jsonPath"]?.stringValue ?? "")
        case .job, .kayenta: return []
        case .datadog: return [number, samples, nothing]
        case .wavefront: return [number, samples]
        case .graphite: return [samples]
        case .newRelic: return [ResultShape("one row", ResultKind.nrmap.types[0]), ResultShape("several rows", ResultKind.nrmaps.types[0])]
        case .cloudWatch: return ResultKind.cloudwatch.types.map { ResultShape("a list of metric data", $0) }
        case .influxdb: return ResultKind.flux.types.map { ResultShape("a list of values", $0) }
        case .skywalking: return json
        case .plugin, nil: return [ResultShape("what the plugin gives", .unknown)]
        }
    }

    private static let number = ResultShape("a number", .float)
    private static let samples = ResultShape("a list of numbers", .vector)
    private static let nothing = ResultShape("nothing", .null)
    /// Any outermost value of a document.
    private static let json: [ResultShape] = [
        number, ResultShape("a text", .string), ResultShape("true or false", .bool), ResultShape("a list", .dynamicList),
        ResultShape("an object", .object), ResultShape("null", .null),
    ]

    /// What an instant query gives: a vector, unless it is certain to give one number. Text and native histograms are no results.
    private static func prometheus(query: String) -> [ResultShape] {
        let scalar = ResultShape("a scalar", .float, isUsual: true)
        if givesScalar(query) { return [scalar] }
        return [ResultShape("a vector", .vector, isUsual: true), ResultShape("a scalar", .float)]
    }

    /// Text outside of braces is a result of its own, and the first result counts. Bodies that are no JSON are texts.
    private static func web(path: String) -> [ResultShape] {
        guard let first = path.utf8.first, first != UInt8(ascii: "{") else { return json }
        return [ResultShape("the text \(quoted(String(path.prefix { $0 != "{" }))) (what stands outside of {…} in jsonPath is a result of its own)", .string)]
    }

    /// Whether a query is one call of `scalar`, or a number.
    private static func givesScalar(_ query: String) -> Bool {
        let bytes = query.utf8.drop { isBlank($0) }
        let text = String(decoding: bytes, as: UTF8.self)
        if Double(text.prefix { !$0.isWhitespace }) != nil, !text.contains(where: { $0.isWhitespace }) { return true }
        guard text.hasPrefix("scalar") else { return false }
        var (depth, quote): (Int, UInt8?) = (0, nil)
        var isClosed = false
        for byte in text.utf8.dropFirst(6) where !isBlank(byte) {
            if isClosed { return false }
            if let open = quote {
                if byte == open { quote = nil }
                continue
            }
            switch byte {
            case UInt8(ascii: "("): depth += 1
            case UInt8(ascii: ")"): depth -= 1
            case UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "`"): quote = byte
            default: break
            }
            // Something other than a call stands behind the word, or the call has ended.
            if depth == 0 {
                guard byte == UInt8(ascii: ")") else { return false }
                isClosed = true
            }
        }
        return isClosed
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 32 || (9...13).contains(byte) }
}
