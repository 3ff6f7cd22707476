import Expression
import StrictJSON

/// What an answer of Prometheus' query API means for a measurement.
public enum PrometheusAnswer: Sendable, Equatable {
    /// A result; `warnings` is the text for the measurement's metadata, empty without warnings.
    case sample(MetricSample, warnings: String)
    /// No result, and why.
    case failure(String)

    /// Reads an answer.
    ///
    /// - Parameters:
    ///   - status: the HTTP status.
    ///   - body: the whole body.
    public init(status: Int, body: [UInt8]) {
        // 400 and 422 carry Prometheus' own error in the same envelope.
        guard (200...299).contains(status) || status == 400 || status == 422 else {
            self =
                switch status {
                case 400...499: .failure("client_error: client error: \(status)")
                case 500...599: .failure("server_error: server error: \(status)")
                default: .failure("bad_response: bad response code \(status)")
                }
            return
        }
        do {
            let envelope = try JSONValue(parsing: body, limits: .standard)
            self = try Self.read(envelope, status: status)
        } catch let error as AnswerError {
            self = .failure(error.message)
        } catch {
            self = .failure("bad_response: the answer is no JSON: \(error)")
        }
    }

    private struct AnswerError: Error { var message: String }

    private static func read(_ envelope: JSONValue, status: Int) throws(AnswerError) -> PrometheusAnswer {
        guard let outcome = envelope["status"]?.stringValue else {
            throw AnswerError(message: "bad_response: the answer has no status; this is not Prometheus' query API")
        }
        guard outcome == "success" else {
            let type = envelope["errorType"]?.stringValue ?? "unknown"
            throw AnswerError(message: "\(type): \(envelope["error"]?.stringValue ?? "no error text")")
        }
        guard (200...299).contains(status) else { throw AnswerError(message: "bad_response: inconsistent body for response code \(status)") }
        let warnings = (envelope["warnings"]?.arrayValue ?? []).compactMap(\.stringValue).map(quoted).joined(separator: ", ")
        guard let type = envelope.at("data", "resultType")?.stringValue, let result = envelope.at("data", "result") else {
            throw AnswerError(message: "bad_response: the answer has no data.resultType or no data.result")
        }
        switch type {
        case "scalar":
            let number = try number(in: result, at: "data.result")
            return .sample(MetricSample(result: .float(number), text: numberText(number)), warnings: warnings)
        case "vector":
            return vector(try elements(of: result).map { series, path throws(AnswerError) in
                if series["value"] == nil, series["histogram"] != nil {
                    throw AnswerError(message: "native histograms are not supported: use a query that returns floats, "
                        + "for instance with histogram_quantile()")
                }
                return try number(in: series["value"] ?? .null, at: "\(path).value")
            }, warnings)
        case "matrix":
            var numbers: [Double] = []
            for (series, path) in try elements(of: result) {
                for (index, point) in (series["values"]?.arrayValue ?? []).enumerated() {
                    numbers.append(try number(in: point, at: "\(path).values[\(index)]"))
                }
            }
            return vector(numbers, warnings)
        default:
            throw AnswerError(message: "Prometheus metric type not supported")
        }
    }

    private static func vector(_ numbers: [Double], _ warnings: String) -> PrometheusAnswer {
        .sample(MetricSample(result: .floats(numbers), text: numberListText(numbers)), warnings: warnings)
    }

    private static func elements(of result: JSONValue) throws(AnswerError) -> [(JSONValue, String)] {
        // Go writes a list without elements as null.
        if result.isNull { return [] }
        guard let list = result.arrayValue else {
            throw AnswerError(message: "bad_response: data.result is \(result.kindName), a list is needed")
        }
        return list.enumerated().map { ($0.element, "data.result[\($0.offset)]") }
    }

    /// The number in a pair of time and text: `[1435781451.781, "0.5"]`.
    private static func number(in pair: JSONValue, at path: String) throws(AnswerError) -> Double {
        guard let members = pair.arrayValue, members.count == 2, let text = members[1].stringValue else {
            throw AnswerError(message: "bad_response: \(path) is no pair of a time and a quoted number")
        }
        if let number = parsedNumber(text) { return number }
        throw AnswerError(message: "bad_response: \(path): \(quoted(text)) is no number")
    }

    /// A number in Prometheus' text form.
    private static func parsedNumber(_ text: String) -> Double? {
        switch text {
        case "NaN": return .nan
        case "+Inf", "Inf": return .infinity
        case "-Inf": return -.infinity
        default:
            // Swift reads other words for infinity and overflows to it; neither is a number here.
            guard let number = Double(text), number.isFinite else { return nil }
            return number
        }
    }
}
