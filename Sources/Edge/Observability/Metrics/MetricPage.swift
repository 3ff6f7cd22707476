/// A page of metrics in Prometheus' text format, families in the order of their names.
public struct MetricPage: Sendable {
    /// What the page is served as.
    public static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    private var families: [String: Family] = [:]

    private struct Family: Sendable {
        var definition: MetricDefinition
        var lines: [UInt8] = []
    }

    /// A page with nothing on it.
    public init() {}

    /// Adds samples of a counter or a gauge; they stand on the page in the order in which `body` appends them.
    public mutating func add(_ definition: MetricDefinition, _ body: (inout MetricSamples) -> Void) {
        var samples = MetricSamples(definition: definition)
        body(&samples)
        append(samples.lines, of: definition)
    }

    /// Adds the only sample of a metric without labels.
    public mutating func add(_ definition: MetricDefinition, _ value: Double) { add(definition) { $0.append([], value) } }

    mutating func append(_ lines: [UInt8], of definition: MetricDefinition) {
        guard !lines.isEmpty else { return }
        families[definition.name, default: Family(definition: definition)].lines += lines
    }

    /// The page.
    public var bytes: [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(families.values.reduce(0) { $0 + $1.lines.count + 200 })
        for family in families.values.sorted(by: { $0.definition.name < $1.definition.name }) {
            let definition = family.definition
            out += "# HELP \(definition.name) ".utf8
            out += definition.help.replacing("\\", with: "\\\\").replacing("\n", with: "\\n").utf8
            out += "\n# TYPE \(definition.name) \(definition.kind.typeName)\n".utf8
            out += family.lines
        }
        return out
    }
}

/// Lines of one metric.
public struct MetricSamples: Sendable {
    private let definition: MetricDefinition
    var lines: [UInt8] = []

    init(definition: MetricDefinition) { self.definition = definition }

    /// Adds a sample. `values` are those of the definition's labels, in its order.
    public mutating func append(_ values: [String], _ value: Double) {
        appendLine(suffix: "", values, value)
    }

    mutating func appendHistogram(_ values: [String], bounds: [Double], counts: [UInt64], sum: Double) {
        var total: UInt64 = 0
        for (bound, count) in zip(bounds, counts) {
            total += count
            appendLine(suffix: "_bucket", values, Double(total), bound: bound)
        }
        total += counts.last ?? 0
        appendLine(suffix: "_bucket", values, Double(total), bound: .infinity)
        appendLine(suffix: "_sum", values, sum)
        appendLine(suffix: "_count", values, Double(total))
    }

    private mutating func appendLine(suffix: String, _ values: [String], _ value: Double, bound: Double? = nil) {
        precondition(values.count == definition.labels.count, "\(definition.name) has the labels \(definition.labels), not \(values.count) of them")
        lines += definition.name.utf8
        lines += suffix.utf8
        if !values.isEmpty || bound != nil {
            var separator = UInt8(ascii: "{")
            for (name, text) in zip(definition.labels, values) {
                lines.append(separator)
                separator = UInt8(ascii: ",")
                lines += name.utf8
                lines += "=\"".utf8
                appendEscaped(text)
                lines.append(UInt8(ascii: "\""))
            }
            if let bound {
                lines.append(separator)
                lines += "le=\"\(metricNumber(bound))\"".utf8
            }
            lines.append(UInt8(ascii: "}"))
        }
        lines.append(UInt8(ascii: " "))
        lines += metricNumber(value).utf8
        lines.append(UInt8(ascii: "\n"))
    }

    private mutating func appendEscaped(_ text: String) {
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\\"): lines += #"\\"#.utf8
            case UInt8(ascii: "\""): lines += #"\""#.utf8
            case UInt8(ascii: "\n"): lines += #"\n"#.utf8
            default: lines.append(byte)
            }
        }
    }
}

/// A number as the format wants it: whole ones without a point.
func metricNumber(_ value: Double) -> String {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
    // Beyond this not every whole number has a Double of its own.
    if value.magnitude < 9_007_199_254_740_992, value == value.rounded(.towardZero) { return String(Int64(value)) }
    return value.description
}
