import Expression
import StrictJSON

/// What the answer of a web server means for a measurement.
public enum WebAnswer: Sendable, Equatable {
    /// A result that the conditions judge.
    case sample(MetricSample)
    /// No result, and why.
    case failure(String)

    /// Reads an answer.
    ///
    /// A body that is not one JSON document is the result itself, as text, whatever the path.
    ///
    /// - Parameters:
    ///   - status: the HTTP status.
    ///   - body: the whole body.
    ///   - path: where in the document the result is.
    public init(status: Int, body: [UInt8], path: JSONPath) {
        guard (200...299).contains(status) else {
            self = .failure("received non 2xx response code: \(status)")
            return
        }
        guard let document = Self.document(body) else {
            // Text that is no UTF-8 cannot be stored; what does not fit is replaced, as upstream's encoder does.
            let text = String(decoding: body, as: UTF8.self)
            self = .sample(MetricSample(result: .string(text), text: text))
            return
        }
        do throws(JSONPath.LookupError) {
            guard let match = try path.first(in: document) else {
                self = .failure("result of web metric produced no value")
                return
            }
            self = .sample(MetricSample(result: match.expressionValue, text: match.text))
        } catch {
            self = .failure("Could not find JSONPath in body: \(error.message)")
        }
    }

    /// The document as conditions see it, all numbers as doubles; nil where the body is none.
    private static func document(_ body: [UInt8]) -> JSONValue? {
        // Not a document is no error here: it is a text.
        guard let value = try? JSONValue(parsing: body, limits: .standard) else { return nil }
        return withDoubles(value)
    }

    /// Nil where a number is beyond the range of doubles.
    private static func withDoubles(_ value: JSONValue) -> JSONValue? {
        switch value {
        case .null, .bool, .string: return value
        case .number(let number):
            return number.double.isFinite ? .number(JSONNumber(number.double)) : Optional<JSONValue>.none
        case .array(let elements):
            var list: [JSONValue] = []
            for element in elements {
                guard let converted = withDoubles(element) else { return nil }
                list.append(converted)
            }
            return .array(list)
        case .object(let members):
            var object = JSONObject()
            for (key, member) in members {
                guard let converted = withDoubles(member) else { return nil }
                object[key] = converted
            }
            return .object(object)
        }
    }
}
