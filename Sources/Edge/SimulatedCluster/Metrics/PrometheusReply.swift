import Clockwork
import EmbeddedAPIServer
import StrictJSON

/// Answers in the form of Prometheus' HTTP API.
enum PrometheusReply {
    /// Samples of one instant.
    static func vector(_ values: [Double], at time: Timestamp) -> APIResponse {
        success("vector", .array(values.enumerated().map { index, value in
            ["metric": labels(index, of: values.count), "value": [seconds(time), .string(text(value))]]
        }))
    }

    /// Samples of several instants: for each position in the vectors one series.
    static func matrix(_ samples: [(at: Timestamp, values: [Double])]) -> APIResponse {
        let width = samples.map(\.values.count).max() ?? 0
        return success("matrix", .array((0..<width).map { index in
            let points: [JSONValue] = samples.filter { $0.values.count > index }.map { [seconds($0.at), .string(text($0.values[index]))] }
            return ["metric": labels(index, of: width), "values": .array(points)]
        }))
    }

    static func failure(_ status: Int, _ type: String, _ message: String) -> APIResponse {
        json(status, ["status": "error", "errorType": .string(type), "error": .string(message)])
    }

    private static func success(_ type: String, _ result: JSONValue) -> APIResponse {
        json(200, ["status": "success", "data": ["resultType": .string(type), "result": result]])
    }

    private static func json(_ status: Int, _ body: JSONValue) -> APIResponse {
        APIResponse(status: status, contentType: "application/json", bytes: body.serialized())
    }

    private static func labels(_ index: Int, of count: Int) -> JSONValue {
        count > 1 ? ["series": .string(String(index))] : .object(JSONObject())
    }

    /// Seconds with milliseconds, as Prometheus writes them.
    private static func seconds(_ time: Timestamp) -> JSONValue {
        JSONValue(Double(time.nanosecondsSince1970 / 1_000_000) / 1000)
    }

    /// As Go writes it.
    private static func text(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        if let whole = Int64(exactly: value) { return String(whole) }
        return value.description
    }
}
